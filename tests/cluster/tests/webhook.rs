//! The example listener, as it is built, against a local HTTP server.

use hmac::{Hmac, KeyInit, Mac};
use leadroute_cluster_tests::{number, text, wait_for, Database};
use sha2::Sha256;
use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use tiny_http::{Request, Response, Server};

const SECRET: &str = "a secret of both";
const OPEN: &str = "SELECT count(*) FROM leadroute.notifications WHERE acked_at IS NULL";

/// A request as the server got it.
#[derive(Clone)]
struct Post {
    key: String,
    body: serde_json::Value,
}

/// A server that notes what it gets, and answers what `answer` says for the n-th request, counted from 0.
struct Receiver {
    server: Arc<Server>,
    posts: Arc<Mutex<Vec<Post>>>,
}

impl Receiver {
    fn start(answer: impl Fn(usize, &Post) -> u16 + Send + 'static) -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").expect("a server"));
        let posts = Arc::new(Mutex::new(Vec::new()));
        let (mine, theirs) = (Arc::clone(&server), Arc::clone(&posts));
        thread::spawn(move || {
            for mut request in mine.incoming_requests() {
                let post = read(&mut request);
                let count = theirs.lock().unwrap().len();
                let status = answer(count, &post);
                theirs.lock().unwrap().push(post);
                let _ = request.respond(Response::empty(status));
            }
        });
        Self { server, posts }
    }

    fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    /// The example, posting to this server. It ends with the test.
    fn listener(&self, database: &Database) -> Listener {
        let mut program = std::env::current_exe().expect("a path");
        program.pop();
        program.pop();
        let url = format!("http://{}/hook", self.server.server_addr());
        let child = Command::new(program.join("leadroute-webhook"))
            .env("PGDATABASE", database.name())
            .env("WEBHOOK_URL", url)
            .env("WEBHOOK_SECRET", SECRET)
            .env("BATCH", "10")
            // Longer than the test: only a wake-up is as fast as that.
            .env("NAP_SECONDS", "600")
            .stdout(Stdio::null())
            .spawn();
        Listener(child.expect("the example: cargo build -p leadroute-webhook"))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

/// Checks the signature.
fn read(request: &mut Request) -> Post {
    let mut text = String::new();
    request.as_reader().read_to_string(&mut text).expect("a body");
    let header = |name: &'static str| {
        let found = request.headers().iter().find(|header| header.field.equiv(name));
        found.unwrap_or_else(|| panic!("{name} is missing")).value.to_string()
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(text.as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(header("X-Leadroute-Signature"), format!("sha256={hex}"));
    assert_eq!(header("Content-Type"), "application/json");
    Post { key: header("Idempotency-Key"), body: serde_json::from_str(&text).expect("JSON") }
}

struct Listener(Child);

impl Listener {
    /// Sends SIGTERM; the exit code.
    fn stop(mut self) -> Option<i32> {
        let sent = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(sent.expect("kill").success());
        wait_for("the listener to stop", 30, || self.0.try_wait().expect("a child")).code()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn notifications_reach_a_webhook_that_is_not_there_at_first() {
    let database = Database::with_pool(2);
    let mut client = database.connect();
    client
        .batch_execute(
            "INSERT INTO leadroute.leads (email) SELECT n || '@first.com' FROM generate_series(1, 25) n;
                        SELECT leadroute.transfer_lead(1, 'r2'), leadroute.transfer_lead(2, 'r1');
                        INSERT INTO leadroute.leads (email) VALUES ('odd@bad.com')",
        )
        .unwrap();
    let total = number(&mut client, OPEN);
    let receiver = Receiver::start(|n, post| match (n, post.body["payload"]["email"].as_str()) {
        (0 | 1 | 7, _) => 503,
        (_, Some("odd@bad.com")) => 422,
        _ => 204,
    });
    let listener = receiver.listener(&database);
    wait_for("all but the refused one", 60, || (number(&mut client, OPEN) == 1).then_some(()));
    // Refused: kept, put off, and others go on.
    let refused = "SELECT string_agg(l.email || (n.lease_until > now() + interval '10 minutes'), ',') FROM leadroute.notifications n
        JOIN leadroute.leads l ON l.id = n.lead_id WHERE n.acked_at IS NULL";
    wait_for("the refusal", 20, || (text(&mut client, refused) == "odd@bad.comtrue").then_some(()));

    // It sleeps by now, or soon; a lead that comes is posted at once. Also after the connection was lost.
    client.batch_execute("INSERT INTO leadroute.leads (email) VALUES ('late@comer.com')").unwrap();
    wait_for("the late one", 60, || (number(&mut client, OPEN) == 1).then_some(()));
    let mine = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert_eq!(number(&mut client, mine), 1);
    client.batch_execute("INSERT INTO leadroute.leads (email) VALUES ('later@comer.com')").unwrap();
    wait_for("the one after the connection was lost", 60, || (number(&mut client, OPEN) == 1).then_some(()));
    assert_eq!(listener.stop(), Some(0));
    let asleep = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(number(&mut client, asleep), 0);
    check_posts(&receiver.posts(), total + 2);
}

/// Each came once but for the three failures, and in the order of its lead.
fn check_posts(posts: &[Post], total: i64) {
    assert_eq!(i64::try_from(posts.len()).unwrap(), total + 3);
    assert_eq!(posts[0].key, posts[1].key, "a failed one is tried again first");
    assert_eq!(posts[1].key, posts[2].key);
    let mut latest = HashMap::new();
    for post in posts {
        let (id, lead) = (post.body["id"].as_i64().unwrap(), post.body["lead_id"].as_i64().unwrap());
        assert_eq!(post.key, format!("leadroute-{id}"));
        let before = latest.insert(lead, id).unwrap_or(0);
        assert!(before <= id, "notification {id} of lead {lead} came after {before}");
    }
    assert_eq!(posts[0].body["kind"], "assigned");
    assert_eq!(posts[0].body["attempt"], 1);
    assert_eq!(posts[0].body["payload"]["owner_id"], "r2");
    assert_eq!(posts[0].body["rep_id"], "r1");
}

#[test]
fn a_listener_that_is_stopped_gives_back_what_it_holds() {
    let database = Database::with_pool(2);
    let mut client = database.connect();
    client
        .batch_execute(
            "INSERT INTO leadroute.leads (email) SELECT n || '@held.com' FROM generate_series(1, 5) n",
        )
        .unwrap();
    let receiver = Receiver::start(|n, _| if n == 0 { 200 } else { 503 });
    let listener = receiver.listener(&database);
    wait_for("a failure", 60, || (receiver.posts().len() > 1).then_some(()));
    assert_eq!(number(&mut client, "SELECT count(*) FROM leadroute.take_notifications('other')"), 0);
    assert_eq!(listener.stop(), Some(0));
    assert_eq!(number(&mut client, "SELECT count(*) FROM leadroute.take_notifications('other')"), 4);
    assert_eq!(number(&mut client, OPEN), 4);
}

#[test]
fn a_listener_without_settings_says_which() {
    let program = std::env::current_exe().expect("a path");
    let program =
        program.parent().and_then(|deps| deps.parent()).expect("a folder").join("leadroute-webhook");
    let output =
        Command::new(program).env("BATCH", "0").env("WEBHOOK_URL", "http://localhost").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "leadroute-webhook: WEBHOOK_SECRET is not set\n");
}
