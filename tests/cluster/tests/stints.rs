//! Whatever happens to leads, in any order and from several sessions: their stints follow each other without gap or overlap,
//! each clock ends once and in one way, it counts for whoever had the lead then, and no time is negative.

use leadroute_cluster_tests::{check_consistency, number, Database};
use postgres::Client;
use std::thread;

const COMPANY: &str = "
    INSERT INTO leadroute.reps (id) VALUES ('boss');
    UPDATE leadroute.reps SET manager_id = 'boss' WHERE id <> 'boss';
    INSERT INTO leadroute.queues (name, claimable, manager_id, auto_assign_pool, auto_assign_after) VALUES ('desk', true, 'boss', 'pool', '0');
    UPDATE leadroute.territories SET manager_id = 'boss';
    DELETE FROM leadroute.tiers;
    INSERT INTO leadroute.tiers (name, score, action, pool, queue) VALUES
        ('cold', '(,10)', 'nurture', NULL, NULL), ('slow', '[10,20)', 'queue', NULL, 'desk'), ('warm', '[20,)', 'pool', 'pool', NULL)";

/// Notes who has each lead, as the table itself tells it, before other triggers change it again.
const WITNESS: &str = "
    CREATE TABLE public.seen (lead_id bigint, n bigserial, owner_id text, queue text);
    CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        IF NEW.duplicate_of IS NOT NULL OR NEW.status IN ('converted', 'lost', 'disqualified') THEN
            NEW.owner_id := NULL;
            NEW.queue := NULL;
        END IF;
        INSERT INTO public.seen (lead_id, owner_id, queue) VALUES (NEW.id, NEW.owner_id, NEW.queue);
        RETURN NULL;
    END $$;
    CREATE TRIGGER a_see AFTER INSERT OR UPDATE ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION public.see()";

/// What can happen; {l} is a lead, {r} a rep, {e} an event, {m} some minutes, {p} a person.
const HAPPENS: [&str; 28] = [
    "INSERT INTO leadroute.leads (email, event, score, occurred_at) VALUES ('p{p}@a{p}.com', '{e}', 50, now() - interval '{m} minutes')",
    "INSERT INTO leadroute.leads (email, event, score, occurred_at) VALUES ('p{p}@a{p}.com', '{e}', 15, now() - interval '{m} minutes')",
    "INSERT INTO leadroute.leads (email, event, score) VALUES ('p{p}@a{p}.com', '{e}', 5)",
    "INSERT INTO public.crm_lead (email) VALUES ('p{p}@a{p}.com')",
    "UPDATE public.crm_lead SET owner = '{r}' WHERE id = (SELECT id FROM public.crm_lead ORDER BY id LIMIT 1)",
    "SELECT leadroute.record_event({l}, '{e}', now() - interval '{m} minutes')",
    "SELECT leadroute.record_event({l}, '{e}')",
    "SELECT leadroute.record_response({l}, '{r}', 'phone')",
    "SELECT leadroute.record_response({l}, '{r}', 'phone', now() - interval '{m} minutes')",
    "SELECT leadroute.record_response({l}, '{r}', 'email', meaningful => false)",
    "SELECT leadroute.transfer_lead({l}, '{r}')",
    "SELECT leadroute.claim_lead({l}, '{r}')",
    "SELECT leadroute.reroute_lead({l})",
    "SELECT leadroute.hand_over_leads('{r}', 'leave', 2)",
    "SELECT leadroute.close_lead({l}, 'lost')",
    "SELECT leadroute.escalate_overdue(3)",
    "SELECT leadroute.escalate_overdue()",
    "SELECT leadroute.assign_queued(3)",
    "SELECT leadroute.merge_duplicates(2)",
    "UPDATE leadroute.leads SET status = 'working' WHERE id = {l} AND duplicate_of IS NULL AND owner_id IS NOT NULL",
    "UPDATE leadroute.leads SET status = 'qualified' WHERE id = {l} AND duplicate_of IS NULL AND owner_id IS NOT NULL",
    "UPDATE leadroute.leads SET status = 'converted' WHERE id = {l} AND duplicate_of IS NULL",
    "UPDATE leadroute.leads SET status = 'assigned' WHERE id = {l} AND duplicate_of IS NULL AND owner_id IS NOT NULL",
    "UPDATE leadroute.leads SET owner_id = '{r}', status = 'working' WHERE id = {l} AND duplicate_of IS NULL",
    "UPDATE leadroute.leads SET owner_id = NULL, queue = 'desk', status = 'queued' WHERE id = {l} AND duplicate_of IS NULL",
    "UPDATE leadroute.leads SET owner_id = NULL, queue = NULL, status = 'nurture' WHERE id = {l} AND duplicate_of IS NULL",
    "UPDATE leadroute.leads SET first_response_at = now() WHERE id = {l} AND first_response_at IS NULL AND duplicate_of IS NULL",
    "UPDATE leadroute.leads SET email = 'p{p}@a{p}.com' WHERE id = {l} AND duplicate_of IS NULL",
];

const EVENTS: [&str; 4] = ["newsletter", "webinar", "demo_request", "quote_request"];

/// Numbers that look random, and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    /// Something that happens.
    fn throw(&mut self, reps: usize, leads: usize) -> String {
        let minutes = [0, 1, 2, 3, 6, 9, 12, 70][self.below(8)];
        HAPPENS[self.below(HAPPENS.len())]
            .replace("{l}", &(1 + self.below(leads)).to_string())
            .replace("{r}", &format!("r{}", 1 + self.below(reps)))
            .replace("{e}", EVENTS[self.below(EVENTS.len())])
            .replace("{m}", &minutes.to_string())
            .replace("{p}", &self.below(leads / 2).to_string())
    }
}

/// What a caller may be told: the lead is not there, cannot be claimed, or was not there yet when it was answered; where
/// several are at work, that another was first.
const REFUSALS: [&str; 6] = ["42704", "55000", "22023", "40001", "40P01", "55P03"];

fn live(client: &mut Client, dice: &mut Dice, turns: usize, leads: usize) {
    for _ in 0..turns {
        let sql = dice.throw(4, leads);
        if let Err(error) = client.batch_execute(&sql) {
            let code = error.code().map_or("", |code| code.code());
            assert!(REFUSALS.contains(&code), "{sql}: {error:?}");
        }
    }
}

/// What must never be, whatever happened: what it is, and how many there are.
const NEVER: [(&str, &str); 16] = [
    (
        "leads that went from one to another in another order than their rows tell",
        "SELECT FROM (
            SELECT lead_id, array_agg(who ORDER BY n) AS who
              FROM (SELECT *, lag(who) OVER (PARTITION BY lead_id ORDER BY n) AS before
                      FROM (SELECT lead_id, n, coalesce(owner_id, queue, 'nobody') AS who FROM public.seen) v) v
             WHERE who IS DISTINCT FROM before GROUP BY lead_id) rows
           FULL JOIN (
            SELECT lead_id, array_agg(who ORDER BY no) AS who
              FROM (SELECT *, lag(who) OVER (PARTITION BY lead_id ORDER BY no) AS before
                      FROM (SELECT lead_id, no, coalesce(owner_id, queue, 'nobody') AS who FROM leadroute.stints
                            UNION ALL
                            SELECT id, 1000000, 'nobody' FROM leadroute.leads
                             WHERE duplicate_of IS NOT NULL OR status IN ('converted', 'lost', 'disqualified')) s) s
             WHERE who IS DISTINCT FROM before GROUP BY lead_id) stints USING (lead_id)
          WHERE rows.who IS DISTINCT FROM stints.who",
    ),
    (
        "stints that do not follow the one before",
        "SELECT FROM (SELECT s.since, s.no, row_number() OVER w AS place,
                             coalesce(lag(s.until) OVER w, (SELECT min(d.decided_at) FROM leadroute.decisions d WHERE d.lead_id = s.lead_id)) AS before
                        FROM leadroute.stints s WINDOW w AS (PARTITION BY s.lead_id ORDER BY s.no)) x
          WHERE (x.since, x.no) IS DISTINCT FROM (x.before, x.place)",
    ),
    (
        "stints that end before they begin, or without saying how",
        "SELECT FROM leadroute.stints WHERE until < since OR until > clock_timestamp() OR (until IS NULL) <> (ended IS NULL)",
    ),
    (
        "open leads without a stint that goes on, and others with one",
        "SELECT FROM leadroute.leads l FULL JOIN (SELECT * FROM leadroute.stints WHERE until IS NULL) s ON s.lead_id = l.id
          WHERE (l.duplicate_of IS NULL AND l.status NOT IN ('converted', 'lost', 'disqualified')) IS DISTINCT FROM (s.lead_id IS NOT NULL)",
    ),
    (
        "leads that their stint gives to somebody else",
        "SELECT FROM leadroute.leads l JOIN leadroute.stints s ON s.lead_id = l.id AND s.until IS NULL
          WHERE (l.owner_id, l.queue) IS DISTINCT FROM (s.owner_id, s.queue)",
    ),
    (
        "clocks that have ended by half, or before they started",
        "SELECT FROM leadroute.sla_clocks
          WHERE (stopped_at IS NULL) <> (ended IS NULL) OR stopped_at < started_at OR stopped_at IS NOT NULL AND next_at IS NOT NULL",
    ),
    (
        "clocks that run for leads that nobody has to answer",
        "SELECT FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id
          WHERE c.stopped_at IS NULL AND (l.duplicate_of IS NOT NULL OR l.status NOT IN ('assigned', 'queued', 'working', 'qualified'))",
    ),
    (
        "leads with two clocks that run",
        "SELECT FROM leadroute.sla_clocks WHERE stopped_at IS NULL GROUP BY lead_id HAVING count(*) > 1",
    ),
    (
        "clocks that count for somebody who did not have the lead when the time ran out, or the clock ended",
        "SELECT FROM leadroute.sla_clocks c
           LEFT JOIN LATERAL (SELECT s.owner_id, s.queue FROM leadroute.stints s
                               WHERE s.lead_id = c.lead_id AND s.no >= coalesce(c.from_stint, 1)
                                 AND coalesce(s.until, 'infinity') >= least(c.due_at, c.stopped_at) ORDER BY s.no LIMIT 1) h ON true
          WHERE c.stopped_at IS NOT NULL AND (c.of_rep, c.of_queue) IS DISTINCT FROM (h.owner_id, h.queue)
            -- what a rep has answered in time out of a queue is theirs; of a lead that has ended since, nobody has it
            AND c.ended <> 'replaced' AND NOT (c.stopped_at <= c.due_at AND (h.owner_id IS NULL OR c.ended NOT IN ('answered', 'worked')))",
    ),
    (
        "overdue clocks of leads that were passed on, and count for nobody",
        "SELECT FROM leadroute.sla_clocks c WHERE c.stopped_at IS NULL AND c.of_rep IS NULL AND c.of_queue IS NULL
            AND EXISTS (SELECT FROM leadroute.past_stints s WHERE s.lead_id = c.lead_id AND s.until > c.due_at AND s.no >= coalesce(c.from_stint, 1)
                           AND s.ended IN ('escalated', 'transferred', 'claimed', 'assigned'))",
    ),
    ("negative times", "SELECT FROM leadroute.speed_to_lead WHERE time_to_response < '0' OR time_to_route < '0'"),
    (
        "clocks that are not told once",
        "SELECT FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id AND l.duplicate_of IS NULL
          WHERE (SELECT count(*) FROM leadroute.speed_to_lead s WHERE s.clock_id = c.id) <> 1",
    ),
    (
        "sums that do not add up",
        "SELECT FROM leadroute.sla_by_rep WHERE met + breached + running > clocks OR least(met, breached, running, rescues) < 0
         UNION ALL
         SELECT FROM (SELECT sum(breached) AS n, sum(rescues) AS r FROM leadroute.sla_by_rep) s
          WHERE s.n > (SELECT count(*) FROM leadroute.sla_clocks WHERE coalesce(stopped_at, now()) > due_at)
             OR s.r > (SELECT count(*) FROM leadroute.sla_clocks WHERE stopped_at > due_at)",
    ),
    (
        "reports whose parts are not the whole",
        "WITH total AS (SELECT (SELECT count(*) FROM leadroute.leads WHERE duplicate_of IS NULL) AS leads, (SELECT count(*) FROM leadroute.sla_clocks) AS clocks,
                               (SELECT count(*) FROM leadroute.speed_to_lead) AS actions)
         SELECT FROM total, (SELECT sum(leads) AS a, sum(leads_now) AS b, sum(converted) AS c FROM leadroute.leads_by_rep('-infinity', 'infinity')) r
          WHERE (r.a, r.b, r.c) <> (leads, leads, (SELECT count(*) FROM leadroute.leads WHERE duplicate_of IS NULL AND status = 'converted'))
         UNION ALL
         SELECT FROM leadroute.sla_by_rep('-infinity', 'infinity') WHERE met + breached + running + ended <> clocks
         UNION ALL
         SELECT FROM total, (SELECT sum(u.leads) AS a, sum(u.unrouted) AS b FROM leadroute.unrouted_rate('-infinity', 'infinity') u) u
          WHERE u.a <> leads OR round(100.0 * u.b / u.a, 1) <> (SELECT value FROM leadroute.audit_measures('-infinity', 'infinity') WHERE measure = 'unrouted')
         UNION ALL
         SELECT FROM total, (SELECT sum(p.n) AS n, sum(p.answered + p.unanswered) AS m FROM leadroute.speed_percentiles('-infinity', 'infinity') p GROUP BY p.dimension) p
          WHERE (p.n, p.m) <> (actions, actions)",
    ),
    (
        "percentiles that a sort of their own does not have",
        "SELECT FROM leadroute.speed_percentiles('-infinity', 'infinity', '', 'rep') p
           JOIN (SELECT coalesce(s.answered_by, s.owner_id) AS rep, count(DISTINCT s.lead_id) AS leads, percentile_cont('{0.5,0.9,0.99}'::float8[]) WITHIN GROUP (ORDER BY s.time_to_response) AS p,
                        percentile_cont('{0.5,0.99}'::float8[]) WITHIN GROUP (ORDER BY s.time_to_route) AS r
                   FROM leadroute.speed_to_lead s WHERE s.tenant = '' GROUP BY 1) o ON o.rep IS NOT DISTINCT FROM p.value
          WHERE (p.leads, p.p50, p.p90, p.p99, p.p50_to_route, p.p99_to_route) IS DISTINCT FROM (o.leads, o.p[1], o.p[2], o.p[3], o.r[1], o.r[2])",
    ),
    (
        "a period that is not that part of all",
        "SELECT FROM leadroute.speed_to_lead('-infinity', 'infinity') f FULL JOIN leadroute.speed_to_lead v
             ON (f.lead_id, coalesce(f.clock_id, 0)) = (v.lead_id, coalesce(v.clock_id, 0)) WHERE f IS DISTINCT FROM v
         UNION ALL
         SELECT FROM (SELECT f FROM (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY counted_at) AS at FROM leadroute.speed_to_lead) h, leadroute.speed_to_lead(h.at, 'infinity') f
                      EXCEPT SELECT v FROM leadroute.speed_to_lead v) x",
    ),
];

fn check(client: &mut Client, seed: u64) {
    for (what, sql) in NEVER {
        let found = number(client, &format!("SELECT count(*) FROM ({sql}) x"));
        assert_eq!(found, 0, "{what} (seed {seed})");
    }
    check_consistency(client);
    let dangling = "SELECT count(*) FROM leadroute.check_integrity()";
    assert_eq!(number(client, dangling), 0, "what names something that is not there (seed {seed})");
}

#[test]
fn any_order_of_what_happens_ends_in_stints_without_gap_and_clocks_that_end_once() {
    for seed in [7, 11, 13, 17, 19, 23] {
        let database = Database::with_pool(4);
        let mut client = database.connect();
        client.batch_execute(COMPANY).unwrap();
        client.batch_execute(WITNESS).unwrap();
        let mut dice = Dice(seed);
        for _ in 0..4 {
            live(&mut client, &mut dice, 100, 30);
            check(&mut client, seed);
        }
        let ways = "SELECT count(DISTINCT ended) FROM leadroute.past_stints";
        assert!(number(&mut client, ways) > 5, "a life that shows little (seed {seed})");
    }
}

#[test]
fn so_do_several_sessions_at_once() {
    let database = Database::with_pool(4);
    let mut watcher = database.connect();
    watcher.batch_execute(COMPANY).unwrap();
    watcher.batch_execute(WITNESS).unwrap();
    thread::scope(|scope| {
        for seed in 1..=6 {
            let database = &database;
            scope.spawn(move || {
                let mut client = database.connect();
                let level = ["read committed", "repeatable read", "serializable"][seed as usize % 3];
                client
                    .batch_execute(&format!(
                        "SET default_transaction_isolation = '{level}'; SET client_min_messages = error"
                    ))
                    .unwrap();
                live(&mut client, &mut Dice(seed), 150, 12);
            });
        }
    });
    check(&mut watcher, 0);
}

#[test]
fn a_clock_that_an_old_snapshot_does_not_show_ends_all_the_same() {
    let database = Database::with_pool(2);
    let (mut old, mut new) = (database.connect(), database.connect());
    old.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM leadroute.leads").unwrap();
    new.batch_execute("INSERT INTO leadroute.leads (email, event) VALUES ('a@a.com', 'demo_request')")
        .unwrap();
    old.batch_execute("SELECT leadroute.reroute_lead(1); COMMIT").unwrap();
    let clocks =
        "SELECT count(*) FROM leadroute.sla_clocks WHERE ended = 'replaced' AND stopped_at IS NOT NULL";
    assert_eq!(number(&mut new, clocks), 1, "clocks that were replaced");
    assert_eq!(number(&mut new, "SELECT count(*) FROM leadroute.sla_clocks WHERE stopped_at IS NULL"), 1);
}
