//! A local server that speaks as providers do.

use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tiny_http::{Header, Request, Response, Server};

/// What the server answers: a status, a body, how long it takes, and a header.
pub struct Reply(pub u16, pub String, pub Duration, pub Option<Header>);

/// An answer at once.
pub fn reply(status: u16, body: &Value) -> Reply {
    Reply(status, body.to_string(), Duration::ZERO, None)
}

/// A request as the server got it.
#[derive(Clone)]
pub struct Post {
    pub at: Instant,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: Value,
}

impl Post {
    pub fn key(&self) -> &str {
        &self.headers["idempotency-key"]
    }
}

/// A server that notes what it gets and answers as `answer` says, many at a time.
pub struct Provider {
    pub url: String,
    posts: Arc<Mutex<Vec<Post>>>,
    /// How many it had at a time.
    pub most: Arc<AtomicUsize>,
}

impl Provider {
    pub fn start(answer: impl Fn(&Post, usize) -> Reply + Send + Sync + 'static) -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").expect("a server"));
        let url = format!("http://{}", server.server_addr());
        let posts: Arc<Mutex<Vec<Post>>> = Arc::default();
        let (now, most, answer) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(answer));
        for _ in 0..16 {
            let (server, posts, now, most, answer) = (
                Arc::clone(&server),
                Arc::clone(&posts),
                Arc::clone(&now),
                Arc::clone(&most),
                Arc::clone(&answer),
            );
            thread::spawn(move || {
                while let Ok(mut request) = server.recv() {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    let post = read(&mut request);
                    let before = {
                        let mut posts = posts.lock().unwrap();
                        let before = posts
                            .iter()
                            .filter(|p| !p.headers.contains_key("idempotency-key") || p.key() == post.key())
                            .count();
                        posts.push(post.clone());
                        before
                    };
                    let Reply(status, body, delay, header) = answer(&post, before);
                    // the worker does not wait that long
                    let left = delay >= Duration::from_secs(1);
                    now.fetch_sub(usize::from(left), Ordering::SeqCst);
                    thread::sleep(delay);
                    now.fetch_sub(usize::from(!left), Ordering::SeqCst);
                    let response = Response::from_string(body).with_status_code(status);
                    let _ = request.respond(match header {
                        Some(header) => response.with_header(header),
                        None => response,
                    });
                }
            });
        }
        Self { url, posts, most }
    }

    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }
}

fn read(request: &mut Request) -> Post {
    let mut text = String::new();
    request.as_reader().read_to_string(&mut text).expect("a body");
    let headers = request.headers().iter();
    let headers = headers.map(|h| (h.field.to_string().to_lowercase(), h.value.to_string())).collect();
    let body = serde_json::from_str(&text).unwrap_or_default();
    Post { at: Instant::now(), path: request.url().to_owned(), headers, body }
}
