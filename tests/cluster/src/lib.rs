//! What the tests share: databases of their own, a small company, and waiting on conditions.

pub mod own_cluster;
pub mod paths;
pub mod references;
pub mod restoring;
pub mod roles;

use postgres::{Client, Config, NoTls};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A database with the extension, dropped at the end.
pub struct Database {
    name: String,
}

fn config() -> Config {
    let variable =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run tests/run.sh"));
    let mut config = Config::new();
    config.host(&variable("PGHOST")).user(&variable("PGUSER"));
    config.port(variable("PGPORT").parse().expect("a port"));
    config
}

impl Database {
    /// A new database with the extension and nothing in it.
    pub fn empty() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let mut client = config().dbname("postgres").connect(NoTls).expect("a server");
        client
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE leadroute_template"))
            .expect("a database");
        Self { name }
    }

    /// A database with one pool of `reps` reps named r1, r2, … that takes every lead, also those of the table
    /// `crm_lead`.
    pub fn with_pool(reps: u32) -> Self {
        let database = Self::empty();
        let sql = format!(
            "INSERT INTO leadroute.reps (id) SELECT 'r' || n FROM generate_series(1, {reps}) n;
             INSERT INTO leadroute.pools (name) VALUES ('pool');
             INSERT INTO leadroute.pool_members (pool, rep_id)
                 SELECT 'pool', 'r' || n FROM generate_series(1, {reps}) n;
             INSERT INTO leadroute.territories (name) VALUES ('everywhere');
             INSERT INTO leadroute.segments (name, territory) VALUES ('everybody', 'everywhere');
             INSERT INTO leadroute.tiers (name, pool) VALUES ('all', 'pool');
             CREATE TABLE public.crm_lead (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text, owner text);
             SELECT leadroute.attach('public.crm_lead', '{{\"email\": \"email\", \"owner_id\": \"owner\"}}');"
        );
        database.connect().batch_execute(&sql).expect("a company");
        database
    }

    /// A new session.
    pub fn connect(&self) -> Client {
        config().dbname(&self.name).connect(NoTls).expect("a session")
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(mut client) = config().dbname("postgres").connect(NoTls) {
            let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// Waits until `condition` answers, at most `seconds`.
pub fn wait_for<T>(what: &str, seconds: u64, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(answer) = condition() {
            return answer;
        }
        assert!(Instant::now() < end, "waited {seconds} s in vain for {what}");
        // what it waits for needs the processor, too
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether the server comes with pg_cron.
pub fn has_cron(client: &mut Client) -> bool {
    number(client, "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_cron'") > 0
}

/// Whether the server has MERGE (from PostgreSQL 15 on); says so if not.
pub fn has_merge(client: &mut Client) -> bool {
    let has_it = number(client, "SELECT current_setting('server_version_num')::bigint") >= 150_000;
    if !has_it {
        skipped("this PostgreSQL has no MERGE");
    }
    has_it
}

/// Says that a test was skipped, and why; `run.sh` shows it, which does not show what a passed test prints.
pub fn skipped(why: &str) {
    let told = std::io::Write::write_all(&mut std::io::stderr(), format!("\nskipped: {why}\n").as_bytes());
    told.expect("somebody reads what tests say");
}

/// One text value.
pub fn text(client: &mut Client, sql: &str) -> String {
    let row = client.query_one(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error}"));
    row.get::<_, Option<String>>(0).unwrap_or_default()
}

/// One number.
pub fn number(client: &mut Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error}")).get(0)
}

/// Checks G1 and G2 on a whole database: each lead has one current decision of its own, no decision
/// is without its lead, and turns received equal the decisions by distribution.
pub fn check_consistency(client: &mut Client) {
    let wrong = number(
        client,
        "SELECT count(*) FROM leadroute.leads l LEFT JOIN leadroute.decisions d ON d.id = l.decision_id AND d.lead_id = l.id
          WHERE d.id IS NULL OR (d.owner_id, d.queue) IS DISTINCT FROM (l.owner_id, l.queue)",
    );
    assert_eq!(wrong, 0, "leads without a current decision that fits");
    let orphans = number(
        client,
        "SELECT count(*) FROM leadroute.decisions d WHERE NOT EXISTS (SELECT FROM leadroute.leads WHERE id = d.lead_id)",
    );
    assert_eq!(orphans, 0, "decisions without their lead");
    let differences = number(
        client,
        "SELECT count(*) FROM (SELECT pool, rep_id, received FROM leadroute.pool_fairness) t
           FULL JOIN (
            SELECT pool, owner_id AS rep_id, count(*) AS received FROM leadroute.decisions
             WHERE trace @> '[{\"layer\": \"distribution\", \"decided\": true}]' GROUP BY 1, 2) d
          USING (pool, rep_id) WHERE coalesce(t.received, 0) <> coalesce(d.received, 0)",
    );
    assert_eq!(differences, 0, "reps whose turns are not their decisions");
    let unbalanced = number(
        client,
        "SELECT count(*) FROM (SELECT FROM leadroute.pool_fairness GROUP BY pool HAVING sum(difference) <> 0) x",
    );
    assert_eq!(unbalanced, 0, "pools whose credits do not add up to zero");
    let miscounted = number(
        client,
        "SELECT count(*) FROM leadroute.rep_load r
           LEFT JOIN (SELECT owner_id, count(*) AS open FROM leadroute.leads
                       WHERE duplicate_of IS NULL AND status IN ('assigned', 'working', 'qualified') GROUP BY 1) l
             ON l.owner_id = r.rep_id
           LEFT JOIN (SELECT owner_id, count(*) AS given FROM leadroute.decisions
                       WHERE outcome = 'owner' AND owner_id IS DISTINCT FROM previous_owner_id GROUP BY 1) d
             ON d.owner_id = r.rep_id
          WHERE (r.open, r.this_week) <> (coalesce(l.open, 0), coalesce(d.given, 0))",
    );
    assert_eq!(miscounted, 0, "reps whose load is not that of their leads");
}

/// The worst distance of a rep from their exact share, in leads.
pub fn worst_deviation(client: &mut Client) -> f64 {
    let sql = "SELECT coalesce(max(abs(difference)), 0)::float8 FROM leadroute.pool_fairness";
    client.query_one(sql, &[]).expect("fairness").get(0)
}
