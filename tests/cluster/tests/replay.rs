//! Two hundred random changes of rules, roster and accounts, names included, while leads come in from four sessions; then
//! every decision is made again: all turn out the same. So they do in a restored database.

use leadroute_cluster_tests::restoring::bare;
use leadroute_cluster_tests::{number, Database};
use postgres::Client;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CHANGES: u32 = 200;
/// Leads that each session sends at least, so that there is something between changes however fast these are.
const LEADS: i64 = 150;
const LONGEST: Duration = Duration::from_secs(240);

/// A generator of numbers that are the same in every run (G. Marsaglia, *Xorshift RNGs*, 2003).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    fn of<'a>(&mut self, values: &[&'a str]) -> &'a str {
        values[self.below(values.len() as u64) as usize]
    }
}

const COMPANY: &str = "
    INSERT INTO leadroute.reps (id, time_zone) VALUES ('max', 'Europe/Berlin'), ('nora', 'America/New_York');
    INSERT INTO leadroute.reps (id, manager_id, daily_cap, max_open_leads, languages)
        SELECT 'r' || n, 'max', CASE n % 3 WHEN 0 THEN 400 END, CASE n % 4 WHEN 1 THEN 300 END, CASE n % 5 WHEN 2 THEN '{en,de}'::text[] END
          FROM generate_series(1, 8) n;
    INSERT INTO leadroute.queues (name, manager_id) SELECT 'q' || n, 'nora' FROM generate_series(1, 3) n;
    INSERT INTO leadroute.territories (name, manager_id, fallback_queue) VALUES ('t1', 'nora', 'q1'), ('t2', NULL, 'q2');
    INSERT INTO leadroute.pools (name, strategy, fallback_queue, when_all_away, keep_company_together, owner_matches_count) VALUES
        ('p1', 'weighted_round_robin', 'q1', 'fallback', false, true), ('p2', 'least_loaded', NULL, 'hold', false, false), ('p3', 'weighted_round_robin', 'q3', 'assign_anyway', true, false);
    INSERT INTO leadroute.pool_members (pool, rep_id, weight)
        SELECT 'p' || p, 'r' || r, r FROM generate_series(1, 3) p, generate_series(1, 8) r WHERE (p + r) % 3 > 0;
    INSERT INTO leadroute.segments (name, priority, territory, countries, employees, condition) VALUES
        ('s1', 1, 't1', '{DE,AT}', NULL, NULL), ('s2', 2, 't2', NULL, '[200,)', NULL), ('s3', 3, 't1', NULL, NULL, '$.attributes.plan == \"pro\"'), ('s4', 9, 't2', NULL, NULL, NULL);
    INSERT INTO leadroute.tiers (segment, name, score, action, pool) VALUES (NULL, 'a', '[60,)', 'pool', 'p1'), (NULL, 'b', '[20,60)', 'pool', 'p2'),
        (NULL, 'c', '(,20)', 'nurture', NULL), ('s2', 'd', '(,)', 'pool', 'p3');
    UPDATE leadroute.queues SET claimable = true;
    UPDATE leadroute.queues SET auto_assign_pool = 'p1', auto_assign_after = '0' WHERE name IN ('q1', 'q3');
    INSERT INTO leadroute.sla_policies (name, priority, respond_within) VALUES ('quick', 1, '1 hour');
    INSERT INTO leadroute.escalation_steps (policy, step, after, action) VALUES ('quick', 1, '0', 'remind'), ('quick', 2, '1 minute', 'reassign'), ('quick', 3, '2 minutes', 'manager'), ('quick', 4, '3 minutes', 'queue');
    INSERT INTO leadroute.accounts (id, kind, named, owner_id, csm_id)
        SELECT 'acc' || n, CASE n % 3 WHEN 0 THEN 'customer' ELSE 'prospect' END, n % 3 = 1, 'r' || 1 + n % 8, CASE n % 4 WHEN 0 THEN 'nora' END FROM generate_series(1, 12) n;
    INSERT INTO leadroute.account_domains (domain, account_id) SELECT 'acc' || n || '.com', 'acc' || n FROM generate_series(1, 12) n;
    INSERT INTO leadroute.contacts (email, account_id) VALUES ('boss@gmail.com', 'acc3');
    INSERT INTO leadroute.domain_rules (domain, kind, queue) VALUES ('rival.com', 'competitor', NULL), ('friend.com', 'partner', 'q2');
    INSERT INTO leadroute.industry_aliases VALUES ('fintech', 'banking'), ('banking', 'finance');
    CREATE TABLE public.deal (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text, country text, size text, points integer, owner text);
    SELECT leadroute.attach('public.deal', '{\"email\": \"email\", \"country\": \"country\", \"employees\": {\"expression\": \"size\"}, \"score\": \"points\", \"owner_id\": \"owner\"}');
    CREATE FUNCTION public.nth(\"table\" regclass, key text, n bigint) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE found text;
    BEGIN
        EXECUTE format('SELECT %1$I FROM %2$s ORDER BY %1$I OFFSET $1 %% (SELECT count(*) FROM %2$s) LIMIT 1', key, \"table\") INTO found USING n;
        RETURN found;
    END $$;";

/// A name that is there, in SQL.
fn some(table: &str, key: &str, dice: &mut Dice) -> String {
    format!("public.nth('leadroute.{table}', '{key}', {})", dice.below(1000))
}

/// One change of what leads are routed by; most are valid.
fn change(dice: &mut Dice, n: u32) -> String {
    let rep = some("reps", "id", dice);
    let pool = some("pools", "name", dice);
    let segment = some("segments", "name", dice);
    let queue = some("queues", "name", dice);
    let account = some("accounts", "id", dice);
    let number = dice.below(100);
    let by_rep = format!("UPDATE leadroute.reps SET {{}} WHERE id = {rep} AND id NOT IN ('max', 'nora')");
    let set = |what: String| by_rep.replace("{}", &what);
    match dice.below(22) {
        0 | 1 => format!("UPDATE leadroute.reps SET id = 'rep{n}' WHERE id = {rep}"),
        2 => format!("UPDATE leadroute.pools SET name = 'pool{n}' WHERE name = {pool}"),
        3 => format!("UPDATE leadroute.segments SET name = 'segment{n}' WHERE name = {segment}"),
        4 => format!("UPDATE leadroute.queues SET name = 'queue{n}' WHERE name = {queue} AND name NOT IN ('catch_all', 'recycling')"),
        5 => format!("UPDATE leadroute.accounts SET id = 'account{n}' WHERE id = {account}"),
        6 => format!("UPDATE leadroute.segments SET priority = {number} WHERE name = {segment}"),
        7 => format!("UPDATE leadroute.segments SET countries = '{{{}}}' WHERE name = 's1' OR name = {segment} AND countries IS NOT NULL", dice.of(&["DE", "DE,FR", "US,GB", "AT"])),
        8 | 9 => format!("UPDATE leadroute.pool_members SET weight = {} WHERE pool = {pool} AND rep_id = {rep}", number % 5),
        10 => format!("INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ({pool}, {rep}, 1) ON CONFLICT DO NOTHING"),
        11 => format!("DELETE FROM leadroute.pool_members WHERE pool = {pool} AND rep_id = {rep} AND (SELECT count(*) FROM leadroute.pool_members) > 9"),
        12 => set(format!("daily_cap = {}", 100 + number)),
        13 => set("max_open_leads = NULL, daily_cap = NULL".to_owned()),
        14 | 15 => format!("SELECT leadroute.set_presence({rep}, '{}')", dice.of(&["online", "online", "away", "offline"])),
        16 => format!("INSERT INTO leadroute.absences (rep_id, during, backup_id) VALUES ({rep}, tstzrange(now(), now() + interval '1 second' * {number}), {rep}) ON CONFLICT DO NOTHING"),
        17 => "DELETE FROM leadroute.absences".to_owned(),
        18 => format!("UPDATE leadroute.pools SET strategy = '{}' WHERE name = {pool}", dice.of(&["weighted_round_robin", "least_loaded"])),
        19 => format!("UPDATE leadroute.accounts SET owner_id = {rep}, kind = '{}' WHERE id = {account}", dice.of(&["customer", "prospect", "disqualified"])),
        20 => format!("UPDATE leadroute.tiers SET pool = {pool} WHERE pool IS NOT NULL AND name = '{}'", dice.of(&["a", "b", "d"])),
        _ => format!("UPDATE leadroute.industry_aliases SET canonical = '{}' WHERE alias = 'banking'", dice.of(&["finance", "money"])),
    }
}

fn lead(dice: &mut Dice, who: &str, n: u64) -> String {
    let known = dice.below(12) + 1;
    let email = match dice.below(8) {
        0 => format!("{who}{n}@acc{known}.com"),
        1 => format!("shared{}@twice.com", n % 40),
        2 => dice.of(&["boss@gmail.com", "x@rival.com", "y@friend.com", "not an address"]).to_owned(),
        3 => format!("{who}{n}@gmail.com"),
        _ => format!("{who}{n}@company{}.com", n % 30),
    };
    let (country, industry) =
        (dice.of(&["Germany", "at", "FR", "Atlantis", "US"]), dice.of(&["fintech", "steel", "Banking"]));
    let (size, score, plan) = (dice.below(400), dice.below(100), dice.of(&["pro", "free"]));
    format!("'{email}', '{country}', '{industry}', {size}, {score}, '{{\"plan\": \"{plan}\"}}'")
}

/// What the session does next, by the door that it stands at.
fn step(door: usize, dice: &mut Dice, n: u64) -> String {
    let insert = |lead: &str| {
        format!("INSERT INTO leadroute.leads (email, country, industry, employees, score, attributes) VALUES ({lead})")
    };
    match door {
        0 => {
            let (one, two) = (lead(dice, "ins", n), lead(dice, "more", n));
            match dice.below(6) {
                0 => format!("BEGIN; {}; SAVEPOINT s; {}; ROLLBACK TO s; COMMIT", insert(&one), insert(&two)),
                1 => format!(
                    "BEGIN ISOLATION LEVEL REPEATABLE READ; {}; {}; COMMIT",
                    insert(&one),
                    insert(&two)
                ),
                2 => format!("{}, ({two})", insert(&one)),
                _ => insert(&one),
            }
        }
        1 => {
            let fields: Vec<String> = lead(dice, "route", n).split(", ").map(str::to_owned).collect();
            format!("SELECT leadroute.route_lead(jsonb_build_object('email', {}, 'country', {}, 'industry', {}, 'employees', {}, 'score', {}, 'plan', 'pro'))",
                    fields[0], fields[1], fields[2], fields[3], fields[4])
        }
        2 => {
            let known = ["", "", ", 'r1'"][dice.below(3) as usize];
            let (column, lead) = (if known.is_empty() { "" } else { ", owner" }, lead(dice, "deal", n));
            let fields: Vec<&str> = lead.split(", ").collect();
            let correct = format!(
                "UPDATE public.deal SET country = 'FR', points = points + 30 WHERE id % 50 = {}",
                n % 50
            );
            let insert = format!("INSERT INTO public.deal (email, country, size, points{column}) VALUES ({}, {}, '{}', {}{known})", fields[0], fields[1], fields[3], fields[4]);
            if n % 10 == 9 {
                correct
            } else {
                insert
            }
        }
        _ => follow_up(dice, n),
    }
}

fn follow_up(dice: &mut Dice, n: u64) -> String {
    let rep = some("reps", "id", dice);
    match n % 8 {
        0 => insert_of_follow_up(dice, n),
        1 => "UPDATE leadroute.sla_clocks SET due_at = due_at - interval '1 day', next_at = next_at - interval '1 day' WHERE next_at > now() AND lead_id % 3 = 0".to_owned(),
        2 => "SELECT leadroute.escalate_overdue(40)".to_owned(),
        3 => "SELECT leadroute.assign_queued(40)".to_owned(),
        4 => format!("SELECT leadroute.claim_lead(l.id, {rep}) FROM leadroute.leads l WHERE l.status = 'queued' AND l.id % 7 = {} LIMIT 1", n % 7),
        5 => format!("SELECT leadroute.reroute_lead(l.id) FROM leadroute.leads l WHERE l.status = 'assigned' AND l.id % 11 = {} LIMIT 2", n % 11),
        6 => format!("UPDATE leadroute.leads SET employees = {}, country = 'AT', score = coalesce(score, 0) + 20 WHERE id % 60 = {}", dice.below(500), n % 60),
        _ => format!("SELECT leadroute.hand_over_leads({rep}, batch => 5)"),
    }
}

fn insert_of_follow_up(dice: &mut Dice, n: u64) -> String {
    step(0, dice, n)
}

/// Sends leads, or works on them, until all changes have been made. What is refused as others hold it is part of life.
fn session(database: &Database, door: usize, over: &AtomicBool, refused: &AtomicI64) {
    let (mut client, mut dice, mut n) = (database.connect(), Dice::new(door as u64 + 7), 0);
    client.batch_execute("SET client_min_messages = error").unwrap();
    while n < LEADS as u64 || !over.load(Ordering::Relaxed) {
        if let Err(error) = client.batch_execute(&step(door, &mut dice, n)) {
            let error = error.as_db_error().unwrap_or_else(|| panic!("session {door}: {error}"));
            assert!(!error.code().code().starts_with("XX"), "session {door}: {error}");
            refused.fetch_add(1, Ordering::Relaxed);
            client.batch_execute("ROLLBACK").unwrap();
        }
        n += 1;
        if n > LEADS as u64 {
            // enough of them between changes
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Makes changes until as many have been made; some are taken back, and some transactions insert leads between theirs.
fn change_all(database: &Database, seed: u64) {
    let (mut client, mut dice, mut made, mut n) = (database.connect(), Dice::new(seed), 0, 0);
    client.batch_execute("SET client_min_messages = error; SET lock_timeout = '5s'").unwrap();
    let begun = Instant::now();
    while made < CHANGES {
        n += 1;
        let (one, two) = (change(&mut dice, 2 * n), change(&mut dice, 2 * n + 1));
        let lead = |tail: &str| {
            format!("INSERT INTO leadroute.leads (email, score) VALUES ('change{n}{tail}@own.com', 70)")
        };
        let (sql, changes) = match dice.below(6) {
            0 => (format!("BEGIN; {one}; {}; {two}; {}; COMMIT", lead("a"), lead("b")), 2),
            1 => (
                format!(
                    "BEGIN; {one}; SAVEPOINT s; {two}; {}; ROLLBACK TO s; {}; COMMIT",
                    lead("a"),
                    lead("b")
                ),
                1,
            ),
            2 => (format!("BEGIN; {one}; {}; ROLLBACK", lead("a")), 0),
            // held open while others route
            3 => (format!("BEGIN; {one}; SELECT pg_sleep(0.02); {two}; SELECT pg_sleep(0.02); COMMIT"), 2),
            _ => (one, 1),
        };
        match client.batch_execute(&sql) {
            Ok(()) => made += changes,
            Err(_) => client.batch_execute("ROLLBACK").unwrap(),
        }
        assert!(begun.elapsed() < LONGEST, "only {made} changes in {LONGEST:?}");
    }
}

fn replay_all(client: &mut Client) {
    let sql = "SELECT format('%s %s %s: %s', d.id, d.cause, d.layer, leadroute.replay_decision(d.id) ->> 'difference')
                 FROM leadroute.decisions d
                WHERE d.engine_version IS NOT NULL AND (leadroute.replay_decision(d.id) -> 'same')::boolean IS NOT TRUE ORDER BY d.id LIMIT 10";
    let wrong: Vec<String> = client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect();
    assert!(
        wrong.is_empty(),
        "decisions that are not the same when they are made again:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_decision_is_the_same_when_it_is_made_again() {
    let database = Database::empty();
    let mut client = database.connect();
    client.batch_execute(COMPANY).unwrap();
    let (over, refused) = (AtomicBool::new(false), AtomicI64::new(0));
    thread::scope(|scope| {
        for door in 0..4 {
            let (database, over, refused) = (&database, &over, &refused);
            scope.spawn(move || session(database, door, over, refused));
        }
        let (database, over) = (&database, &over);
        scope.spawn(move || {
            // another one tries other changes
            let seed = std::env::var("REPLAY_SEED").map_or(1, |seed| seed.parse().unwrap());
            change_all(database, seed);
            over.store(true, Ordering::Relaxed);
        });
    });
    until_each_cause(&mut client);
    let decisions =
        number(&mut client, "SELECT count(*) FROM leadroute.decisions WHERE engine_version IS NOT NULL");
    let states = number(&mut client, "SELECT count(*) FROM leadroute.config_seen");
    let begun = Instant::now();
    replay_all(&mut client);
    println!(
        "{decisions} decisions by {states} states of the rules, made again in {:?}; {} statements refused",
        begun.elapsed(),
        refused.load(Ordering::Relaxed)
    );
    assert!(decisions > 800 && states > 100, "{decisions} decisions by {states} states");
}

/// Goes on until there is a decision by each cause: which of the rarer ones have come depends on who was quicker.
fn until_each_cause(client: &mut Client) {
    let mut dice = Dice::new(11);
    let mut missing = Vec::new();
    for n in 0..400 {
        missing = missing_causes(client);
        if missing.is_empty() {
            return;
        }
        // what finds nothing to do, or something that is there already, is refused
        let _ = client.batch_execute(&change(&mut dice, 5000 + n));
        for door in 0..4 {
            if client.batch_execute(&step(door, &mut dice, u64::from(5000 + n))).is_err() {
                client.batch_execute("ROLLBACK").unwrap();
            }
        }
    }
    panic!("no decision by {missing:?}");
}

fn missing_causes(client: &mut Client) -> Vec<&'static str> {
    let mut causes =
        ["insert", "route_lead", "attach", "reroute", "escalation", "auto_assign", "claim"].to_vec();
    causes.retain(|cause| {
        let sql = format!("SELECT count(*) FROM leadroute.decisions WHERE cause = '{cause}'");
        number(client, &sql) == 0
    });
    causes
}

/// Leads and changes in turn, without other sessions.
fn live(client: &mut Client, dice: &mut Dice, from: u32) {
    client.batch_execute("SET client_min_messages = error").unwrap();
    for n in from..from + 40 {
        client.batch_execute(&step(n as usize % 3, dice, u64::from(n))).unwrap();
        // some find nothing to change, or something that is there already
        let _ = client.batch_execute(&change(dice, 1000 + n));
    }
}

#[test]
fn in_a_restored_database_what_was_decided_before_and_after_is_the_same() {
    let (source, target, mut dice) = (Database::empty(), bare(), Dice::new(3));
    let mut client = source.connect();
    client.batch_execute(COMPANY).unwrap();
    live(&mut client, &mut dice, 0);
    let mut dump =
        Command::new("pg_dump").args(["-Fc", source.name()]).stdout(Stdio::piped()).spawn().unwrap();
    let restored = Command::new("pg_restore")
        .args(["--exit-on-error", "-d", target.name()])
        .stdin(dump.stdout.take().unwrap())
        .status();
    assert!(restored.unwrap().success() && dump.wait().unwrap().success());
    let mut client = target.connect();
    let before = number(&mut client, "SELECT count(*) FROM leadroute.decisions");
    replay_all(&mut client);
    live(&mut client, &mut dice, 100);
    replay_all(&mut client);
    let after = number(&mut client, "SELECT count(*) FROM leadroute.decisions");
    assert!(before > 30 && after > before + 30, "{before} decisions, then {after}");
}
