//! The example worker, as it is built, against a local server that speaks as providers do: it loses nothing, and
//! counts nothing twice.

mod process;
mod provider;

use leadroute_cluster_tests::{number, text, wait_for};
use postgres::Client;
use process::{free_port, post, program, Company, Worker, OPEN};
use provider::{reply, Post, Provider, Reply};
use serde_json::{json, Value};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tiny_http::Header;

#[test]
fn every_request_is_answered_once_whatever_a_provider_does() {
    let mut company = Company::new(
        "('scores', 'qualify', NULL), ('facts', 'enrich', '{employees}'), ('mails', 'sequence', NULL)",
    );
    let provider = Provider::start(troublesome);
    let of = |path: &str| json!({"adapter": "json", "url": format!("{}/{path}", provider.url), "timeout_seconds": 1});
    let settings = json!({"concurrency": 3, "nap_seconds": 1,
        "providers": {"scores": of("scores"), "facts": of("facts"), "mails": of("mails")}});
    let worker = Worker::start(&company.database, &settings);
    company.leads(24);
    company.wait_until_none_is_open();
    assert_eq!(worker.stop(), Some(0));
    let client = &mut company.client;
    let wrong = "SELECT count(*) FROM leadroute.leads WHERE score IS DISTINCT FROM 70 OR employees IS DISTINCT FROM 120 OR owner_id <> 'r2'";
    assert_eq!(number(client, wrong), 0);
    assert_eq!(number(client, "SELECT count(*) FROM leadroute.qualifications"), 24);
    assert_eq!(number(client, "SELECT count(*) FROM leadroute.enrichments"), 24);
    assert_eq!(
        number(client, "SELECT count(*) FROM leadroute.provider_requests WHERE answered_at IS NULL"),
        0
    );
    let again = "SELECT count(*) FROM leadroute.notifications n JOIN leadroute.leads l ON l.id = n.lead_id
                  WHERE n.kind = 'qualify_requested' AND (n.attempts = 1) = (l.id % 6 IN (1, 2, 3, 4)) AND l.id % 6 <> 0 AND l.id % 6 <> 5";
    assert_eq!(number(client, again), 0, "those that failed were tried again");
    assert!(provider.most.load(Ordering::SeqCst) <= 3, "no more at a time than concurrency says");
    check_pauses(&provider.posts());
}

/// Answers two of six leads at once, and all others after 429, 500, what is no JSON, or a time-out.
fn troublesome(post: &Post, before: usize) -> Reply {
    let good = match post.body["kind"].as_str() {
        Some("qualify") => reply(200, &json!({"score": 70, "reasons": [{"reason": "fits"}]})),
        Some("enrich") => reply(200, &json!({"fields": {"employees": {"value": 120, "confidence": 0.9}}})),
        _ => Reply(204, String::new(), Duration::ZERO, None),
    };
    let lead = post.body["lead"]["lead_id"].as_u64().expect("a lead");
    match (lead % 6, before) {
        (1, 0) => Reply(429, String::new(), Duration::ZERO, Header::from_bytes("Retry-After", "1").ok()),
        (2, 0 | 1) => Reply(500, "oops".to_owned(), Duration::ZERO, None),
        (3, 0) if good.0 == 200 => Reply(200, "{\"score\": ".to_owned(), Duration::ZERO, None),
        // longer than its time-out
        (4, 0) => Reply(good.0, good.1, Duration::from_millis(1500), good.3),
        _ => good,
    }
}

/// After 429 a request was not made again before Retry-After had passed.
fn check_pauses(posts: &[Post]) {
    let limited = |post: &&Post| post.body["lead"]["lead_id"].as_u64().unwrap() % 6 == 1;
    for first in posts.iter().filter(limited) {
        let again = posts.iter().filter(|p| p.key() == first.key() && p.at > first.at).map(|p| p.at).min();
        assert!(again.is_none_or(|again| again - first.at >= Duration::from_millis(950)), "{again:?}");
    }
}

#[test]
fn a_provider_that_wants_a_pause_gets_it_from_all_requests() {
    let mut company = Company::new("('scores', 'qualify', NULL)");
    let provider = Provider::start(|post, _| match post.body["lead"]["lead_id"].as_u64() {
        Some(1) if post.path == "/scores" => {
            Reply(429, String::new(), Duration::ZERO, Header::from_bytes("Retry-After", "3").ok())
        }
        _ => reply(200, &json!({"score": 70, "reasons": []})),
    });
    company.leads(3);
    let scores = json!({"adapter": "json", "url": format!("{}/scores", provider.url)});
    let settings = json!({"concurrency": 1, "nap_seconds": 1, "providers": {"scores": scores}});
    let _worker = Worker::start(&company.database, &settings);
    let posts = wait_for("three requests", 60, || Some(provider.posts()).filter(|posts| posts.len() >= 3));
    assert!(posts[1].at - posts[0].at >= Duration::from_millis(2950), "others wait, too");
}

#[test]
fn octave_is_asked_as_its_api_says_and_answers_at_once_or_later() {
    let mut company = Company::new(
        "('people', 'qualify', NULL), ('companies', 'enrich', '{employees}'), ('persons', 'enrich', '{title}'), ('writer', 'sequence', NULL)",
    );
    let provider = Provider::start(octave);
    let port = free_port();
    let of = |agent: &str, asynchronous: bool| {
        json!({"adapter": "octave", "url": provider.url, "key_variable": "OCTAVE_API_KEY", "agent": agent,
               "agent_id": format!("ca_{agent}"), "asynchronous": asynchronous, "timeout_seconds": 5})
    };
    let settings = json!({"listen": format!("127.0.0.1:{port}"), "public_url": format!("http://127.0.0.1:{port}"), "nap_seconds": 1,
        "providers": {"people": of("qualify_person", true), "companies": of("enrich_company", false),
                      "persons": of("enrich_person", false), "writer": of("sequence", false)}});
    let worker = Worker::start(&company.database, &settings);
    company.leads(1);
    wait_for("the answers that come at once", 60, || (number(&mut company.client, OPEN) == 1).then_some(()));
    let run = wait_for("the asynchronous run", 60, || {
        provider.posts().into_iter().find(|post| post.path == "/api/v2/async/agent/run")
    });
    check_run(&run);
    let callback = run.body["callbackUrl"].as_str().unwrap().to_owned();
    let path = callback.split_once(&port.to_string()).unwrap().1;
    // the worker is started again before the answer comes
    assert_eq!(worker.stop(), Some(0));
    let _worker = Worker::start(&company.database, &settings);
    wait_for("the worker", 30, || TcpStream::connect(("127.0.0.1", port)).ok());
    let score =
        json!({"requestId": "asyncReqID_1", "status": "completed", "result": qualification()}).to_string();
    assert_eq!(post(port, "/answers/00/00", "", &score).0, 404);
    let forged = format!("{}{}", &path[..path.len() - 1], if path.ends_with('0') { '1' } else { '0' });
    assert_eq!(post(port, &forged, "", &score).0, 404, "a signature that is not ours");
    assert_eq!(post(port, path, "", "{").0, 400);
    assert_eq!(
        post(port, path, "", &json!({"status": "failed", "message": "no credits"}).to_string()).0,
        200
    );
    assert_eq!(number(&mut company.client, OPEN), 1, "a run that failed is no answer");
    for _ in 0..3 {
        assert_eq!(post(port, path, "", &score).0, 200);
    }
    check_octave(&mut company.client);
}

fn check_run(run: &Post) {
    assert_eq!(run.headers["api_key"], "an api key");
    assert_eq!(run.headers["x-external-request-id"], run.key());
    assert_eq!(run.body["agentOId"], "ca_qualify_person");
    assert_eq!(run.body["companyDomain"], "acme1.com");
    assert_eq!((&run.body["email"], &run.body["firstName"]), (&json!("1@acme1.com"), &json!("Ada")));
}

fn check_octave(client: &mut Client) {
    assert_eq!(number(client, OPEN), 0);
    assert_eq!(
        number(client, "SELECT count(*) FROM leadroute.qualifications"),
        1,
        "said three times, it counts once"
    );
    let known = "SELECT concat_ws('|', score, owner_id, company, industry, employees, country, city, title, last_name, attributes ->> 'linkedin_profile',
                     attributes #>> '{octave_sequence,0,subject}') FROM leadroute.leads";
    assert_eq!(
        text(client, known),
        "82.5|r2|Acme|Software|240|DE|Berlin|CTO|Lovelace|https://linkedin.com/in/ada|Hello Ada"
    );
    let reasons = "SELECT concat_ws('|', reasons #>> '{0,reason}', reasons #>> '{2,question}', reasons #>> '{2,answer}', reasons #>> '{2,confidence}') FROM leadroute.qualifications";
    assert_eq!(text(client, reasons), "fits well|Do they sell to companies?|Yes|HIGH");
}

fn qualification() -> Value {
    json!({"_metadata": {"requestId": "r", "usage": 1}, "found": true, "data": {"score": 82.5, "rationale": "fits well",
        "product": {"oId": "p_1", "name": "Product", "qualification": {"score": 9, "rationale": "good", "answers": [
            {"question": "Do they sell to companies?", "answer": "Yes", "rationale": "their website", "confidence": "HIGH"}]}}}})
}

fn octave(post: &Post, _: usize) -> Reply {
    let company = json!({"name": "Acme", "industry": "Software", "employeeCount": 240,
        "location": {"countryCode": "DE", "locality": "Berlin"}});
    match post.path.as_str() {
        "/api/v2/async/agent/run" => {
            reply(200, &json!({"status": "pending", "requestId": "asyncReqID_1", "agentOId": "ca"}))
        }
        "/api/v2/agents/enrich-company/run" => {
            reply(200, &json!({"found": true, "data": {"company": company}}))
        }
        "/api/v2/agents/enrich-person/run" => reply(
            200,
            &json!({"found": true, "data": {"person": {"lastName": "Lovelace",
            "title": "CTO", "profileUrl": "https://linkedin.com/in/ada", "company": company}}}),
        ),
        "/api/v2/agents/sequence/run" => {
            reply(200, &json!({"found": true, "data": {"emails": [{"subject": "Hello Ada"}]}}))
        }
        _ => Reply(404, String::new(), Duration::ZERO, None),
    }
}

#[test]
fn a_worker_that_is_killed_and_a_database_that_goes_away_lose_nothing() {
    let mut company = Company::new("('scores', 'qualify', NULL)");
    let provider = Provider::start(|_, _| {
        Reply(200, json!({"score": 70, "reasons": []}).to_string(), Duration::from_millis(30), None)
    });
    let settings = json!({"concurrency": 4, "nap_seconds": 1,
        "providers": {"scores": {"adapter": "json", "url": provider.url, "timeout_seconds": 1}}});
    company.leads(150);
    let mut worker = Worker::start(&company.database, &settings);
    wait_for("some answers", 60, || (number(&mut company.client, OPEN) < 130).then_some(()));
    worker.0.kill().expect("a child");
    worker.0.wait().expect("a child");
    // what the dead one held is handed out again when its lease ends: at once, here
    let ended = "UPDATE leadroute.notifications SET lease_until = now() WHERE acked_at IS NULL AND lease_until IS NOT NULL";
    company.client.batch_execute(ended).expect("leases end");
    let worker = Worker::start(&company.database, &settings);
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for left in [90, 60, 30] {
        wait_for("more answers", 60, || (number(&mut company.client, OPEN) < left).then_some(()));
        number(&mut company.client, cut);
    }
    company.client.batch_execute(ended).expect("leases end");
    company.wait_until_none_is_open();
    assert_eq!(worker.stop(), Some(0));
    let client = &mut company.client;
    assert_eq!(number(client, "SELECT count(*) FROM leadroute.qualifications"), 150);
    assert_eq!(
        number(client, "SELECT count(DISTINCT lead_id) FROM leadroute.qualifications WHERE score = 70"),
        150
    );
}

#[test]
fn calendars_become_absences_and_presence_comes_in_batches() {
    let mut company = Company::new("('nobody', 'qualify', NULL)");
    let day = |days: i64| {
        text(&mut company.database.connect(), &format!("SELECT to_char(current_date + {days}, 'YYYYMMDD')"))
    };
    let (tomorrow, next) = (day(1), day(2));
    let feed = Arc::new(Mutex::new(String::new()));
    let say = |lines: &str| *feed.lock().unwrap() = format!("BEGIN:VCALENDAR\r\n{lines}END:VCALENDAR\r\n");
    say(&format!("BEGIN:VEVENT\r\nUID:m\r\nDTSTART:{tomorrow}T100000Z\r\nDTEND:{tomorrow}T110000Z\r\nRRULE:FREQ=DAILY;COUNT=2\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:o\r\nDTSTART;VALUE=DATE:{next}\r\nSUMMARY:Out of office\r\nEND:VEVENT\r\n"));
    let theirs = Arc::clone(&feed);
    let provider =
        Provider::start(move |_, _| Reply(200, theirs.lock().unwrap().clone(), Duration::ZERO, None));
    let port = free_port();
    let settings = json!({"concurrency": 0, "calendar_seconds": 1, "listen": format!("127.0.0.1:{port}"),
        "calendars": [{"rep": "r1", "url": format!("{}/r1.ics", provider.url)}]});
    let _worker = Worker::start(&company.database, &settings);
    let away = "SELECT string_agg(concat_ws(' ', kind, lower(during)::date - current_date), ', ' ORDER BY during) FROM leadroute.absences WHERE rep_id = 'r1' AND source = 'calendar:r1'";
    company.client.batch_execute("SET timezone = 'UTC'").unwrap();
    let client = &mut company.client;
    wait_for("absences", 60, || (text(client, away) == "meeting 1, pto 2, meeting 2").then_some(()));
    // a page that is no calendar changes nothing; then one instance is gone, and the day off, too
    let polls = provider.posts().len();
    *feed.lock().unwrap() = "<html>please log in</html>".to_owned();
    wait_for("two more readings", 60, || (provider.posts().len() >= polls + 3).then_some(()));
    assert_eq!(text(client, away), "meeting 1, pto 2, meeting 2");
    say(&format!("BEGIN:VEVENT\r\nUID:m\r\nDTSTART:{tomorrow}T100000Z\r\nDTEND:{tomorrow}T110000Z\r\nRRULE:FREQ=DAILY;COUNT=2\r\nEXDATE:{next}T100000Z\r\nEND:VEVENT\r\n"));
    wait_for("fewer absences", 60, || (text(client, away) == "meeting 1").then_some(()));
    check_presence(client, port);
}

fn check_presence(client: &mut Client, port: u16) {
    let reports = json!([{"rep": "r2", "presence": "online"}, {"rep": "r1", "presence": "away"}, {"rep": "nobody", "presence": "away"},
                         {"rep": "r2", "presence": "offline"}, {"rep": "r3", "presence": "asleep"}]).to_string();
    assert_eq!(post(port, "/presence", "", &reports).0, 403);
    assert_eq!(post(port, "/presence", "Authorization: Bearer wrong\r\n", &reports).0, 403);
    let (status, body) = post(port, "/presence", "Authorization: Bearer a secret of both\r\n", &reports);
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body["noted"], 2, "{body}");
    assert_eq!(body["problems"]["nobody"], "rep \"nobody\" does not exist");
    assert_eq!(
        text(client, "SELECT string_agg(id || ' ' || presence, ', ' ORDER BY id) FROM leadroute.reps"),
        "r1 away, r2 offline"
    );
}

#[test]
fn wrong_settings_are_named() {
    let path = std::env::temp_dir().join(format!("worker_{}.json", std::process::id()));
    let run = |settings: &str| {
        std::fs::write(&path, settings).expect("a file");
        let output = Command::new(program())
            .env("WORKER_SETTINGS", &path)
            .env_remove("CALLBACK_SECRET")
            .output()
            .expect("the worker");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(run("{\"parallel\": 3}").contains("unknown field `parallel`"));
    assert!(run(r#"{"providers": {"o": {"adapter": "octave", "url": "http://x"}}}"#)
        .contains("provider o: adapter octave needs agent and agent_id"));
    assert!(run(r#"{"providers": {"o": {"adapter": "json", "url": "http://x", "asynchronous": true}}}"#)
        .contains("needs listen, public_url, and CALLBACK_SECRET"));
    std::fs::remove_file(&path).expect("a file");
}
