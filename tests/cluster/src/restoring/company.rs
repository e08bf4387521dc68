//! The sample company with all that is hard to restore.

use super::{digest, in_words, Place};

/// Loads the sample company and all that is hard to restore into a database with the extension.
pub fn fill(place: &Place, superuser: &Place) {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/sample_company/load.sql");
    assert_eq!(place.run(&["psql", "-Xq", "-f", sample]), Vec::<String>::new());
    let mut client = place.connect();
    let rows = ROWS_EVERYWHERE.replace("{n}", "1");
    for sql in [CIRCLES, DEFAULTS, TENANTS, TABLES, FORMER_TABLE, &rows, LIFE] {
        client.batch_execute(sql).unwrap_or_else(|error| panic!("{}: {sql}", in_words(&error)));
    }
    let unrouted =
        "INSERT INTO leadroute.leads (tenant, email, owner_id, status, routed_at) VALUES ('acme', 'Moved+1@later.com', 'of.acme', 'assigned', '2025-01-01');
         SET leadroute.enabled = off; INSERT INTO leadroute.leads (email) VALUES ('unrouted@later.com');
         INSERT INTO leadroute.late_touches (lead_id) SELECT min(id) FROM leadroute.leads WHERE duplicate_of IS NOT NULL;
         UPDATE leadroute.leads SET employees = 77 WHERE id = (SELECT min(id) FROM leadroute.leads);
         SELECT leadroute.check_replays(5)";
    superuser.connect().batch_execute(unrouted).expect("a lead that is not routed");
    // a table without rows would show nothing
    let empty = digest(&mut client).into_iter().filter(|(_, rows)| rows.starts_with("0 rows"));
    assert_eq!(empty.map(|(name, _)| name).collect::<Vec<_>>(), Vec::<String>::new());
}

/// The extension, and the tables of the users, empty and attached by hand, in a database that has neither.
pub fn install(place: &Place) {
    let mut client = place.connect();
    client
        .batch_execute("SET client_min_messages = warning; CREATE EXTENSION leadroute CASCADE")
        .expect("the extension");
    client.batch_execute(TABLES).expect("tables of users");
}

/// What several tenants have, some of it with the same keys.
const TENANTS: &str = r#"
INSERT INTO leadroute.reps (id, tenant) VALUES ('of.acme', 'acme'), ('of.beta', 'beta');
INSERT INTO leadroute.accounts (tenant, id, kind, owner_id) SELECT t, 'same', 'customer', 'of.' || t FROM unnest('{acme,beta}'::text[]) t;
INSERT INTO leadroute.accounts (tenant, id, parent_id) SELECT t, 'child', 'same' FROM unnest('{acme,beta}'::text[]) t;
INSERT INTO leadroute.account_domains (tenant, domain, account_id) SELECT t, 'same.com', 'same' FROM unnest('{acme,beta}'::text[]) t;
INSERT INTO leadroute.contacts (tenant, email, account_id) SELECT t, 'a@same.com', 'child' FROM unnest('{acme,beta}'::text[]) t;
INSERT INTO leadroute.queues (name, kind, tenant) VALUES ('rest of acme', 'catch_all', 'acme');
INSERT INTO leadroute.account_matching (name, enabled, legal_forms, tenants) VALUES ('of acme', true, '{gruppe}', '{acme}'), ('all', false, NULL, NULL);
INSERT INTO leadroute.account_policies (kind, when_off_duty, tenants) VALUES ('customer', 'replace', '{acme}'), ('customer', 'keep', '{beta}');
INSERT INTO leadroute.domain_rules (tenant, domain, kind, queue) VALUES ('acme', 'rival.com', 'competitor', 'rest of acme'), ('beta', 'rival.com', 'company', NULL);
INSERT INTO leadroute.tiers (name, score, action, tenants) VALUES ('for some', '(,-1000)', 'nurture', '{acme,beta}');
INSERT INTO leadroute.recycle_rules (reason, kind, tenants) VALUES ('of acme', 'fit', '{acme}'), ('of acme', 'timing', NULL);
INSERT INTO leadroute.score_criteria (name, points, condition, half_life, tenants) VALUES ('large', 12.5, '$.employees > 100', '30 days', '{acme,beta}'), ('all', 1, NULL, NULL, NULL);
INSERT INTO leadroute.leads (tenant, email) SELECT t, e || '@same.com' FROM unnest('{acme,beta}'::text[]) t, unnest('{a,b,b}'::text[]) e;
"#;

/// Rows that name each other, in circles and in the wrong order.
const CIRCLES: &str = r#"
-- Everybody stands in for somebody and reports to somebody, in circles.
UPDATE leadroute.reps SET manager_id = 'abigail.ashcroft' WHERE id = 'margaret.oakes';
UPDATE leadroute.reps SET manager_id = 'priya.raman' WHERE id = 'tobias.winterfeld';
UPDATE leadroute.reps SET manager_id = 'martin.elsegood' WHERE id = 'priya.raman';
UPDATE leadroute.reps SET manager_id = 'tobias.winterfeld' WHERE id = 'martin.elsegood';
UPDATE leadroute.reps SET backup_id = 'tobias.winterfeld', schedule = 'office-europe' WHERE id = 'margaret.oakes';
-- Where the next leads go is asked at two times: nobody's day ends in between. Who has no hours gets nothing by rotation.
DELETE FROM leadroute.schedule_hours;
INSERT INTO leadroute.schedule_hours (schedule, weekday, opens, closes)
SELECT name, weekday, '00:00', '24:00' FROM leadroute.schedules, generate_series(1, 7) weekday;
INSERT INTO leadroute.schedules (name) VALUES ('closed');
UPDATE leadroute.reps SET schedule = 'closed'
 WHERE id IN (SELECT min(m.rep_id) FROM leadroute.pool_members m GROUP BY m.pool HAVING count(*) > 2 AND m.pool LIKE '% smb');
-- Pools fall back to queues that are handed out to the same pools.
UPDATE leadroute.pools SET fallback_queue = split_part(name, ' ', 1) || ' triage' WHERE name LIKE '% smb';
UPDATE leadroute.queues SET auto_assign_pool = split_part(name, ' ', 1) || ' smb', claimable = true WHERE name LIKE '% triage';
UPDATE leadroute.queues SET auto_assign_pool = 'partner desk', auto_assign_after = '1 day' WHERE name = 'partner';
UPDATE leadroute.queues SET claimable = true WHERE name = 'account research';
UPDATE leadroute.pools SET strategy = 'least_loaded' WHERE name = 'middle-east-africa enterprise';
UPDATE leadroute.pools SET performance_weighted = true, keep_company_together = true, performance_sample = 1 WHERE name LIKE 'us-east %';
-- Parents of parents, each with an id above that of its child, and rows in the wrong order.
UPDATE leadroute.accounts SET parent_id = 'A-' || lpad((right(id, 5)::integer + 1)::text, 5, '0') WHERE id BETWEEN 'A-02001' AND 'A-02020';
UPDATE leadroute.accounts SET name = name || ' Holding' WHERE id = 'A-02021';
INSERT INTO leadroute.absences (rep_id, during, kind, backup_id, source)
SELECT id, '[2024-01-01 00:00+00,)', 'other', backup_id, 'calendar' FROM leadroute.reps
 WHERE role = 'AE' AND backup_id > id AND id < 'b' ORDER BY id LIMIT 5;"#;

/// Defaults that are the user's own, names that have changed, and odd values.
const DEFAULTS: &str = r#"
-- Defaults that were edited, renamed, deleted, and made again; and names beside them.
UPDATE leadroute.sla_policies SET respond_within = '7 minutes' WHERE name = 'high intent';
UPDATE leadroute.escalation_steps SET after = '6 minutes' WHERE policy = 'high intent' AND step = 2;
UPDATE leadroute.event_types SET intent = 'high' WHERE name = 'webinar';
UPDATE leadroute.country_aliases SET canonical = 'KP' WHERE alias = 'korea';
UPDATE leadroute.alarm_thresholds SET "limit" = 30 WHERE name = 'missed SLAs';
DELETE FROM leadroute.alarm_thresholds WHERE name = 'empty pool';
INSERT INTO leadroute.alarm_thresholds (name, measure, "limit", at_least) VALUES ('any fallback', 'fallback_share', 0, 1), ('any', 'unrouted_share', 0, 1);
DELETE FROM leadroute.alarm_thresholds WHERE name IN ('fallback share', 'unrouted leads');
SELECT leadroute.check_alarms();
UPDATE leadroute.queues SET name = 'blocked for good' WHERE name = 'blocked';
SELECT leadroute.reroute_lead(id) FROM leadroute.leads WHERE queue = 'blocked for good';
UPDATE leadroute.event_types SET name = 'content' WHERE name = 'content_download';
DELETE FROM leadroute.sla_policies WHERE name = 'low intent';
DELETE FROM leadroute.escalation_steps WHERE policy = 'medium intent' AND step = 2;
DELETE FROM leadroute.event_types WHERE name IN ('newsletter', 'trial_signup');
INSERT INTO leadroute.event_types (name, intent) VALUES ('trial_signup', 'low');
UPDATE leadroute.event_types SET intent = 'medium' WHERE name IN ('quote_request', 'intent_signal');
DELETE FROM leadroute.event_types WHERE name = 'quote_request';
UPDATE leadroute.event_types SET name = 'intent' WHERE name = 'intent_signal';
DELETE FROM leadroute.sla_policies WHERE name = 'medium intent';
INSERT INTO leadroute.sla_policies (name, intents, respond_within) VALUES ('medium intent', '{medium}', '20 minutes');
INSERT INTO leadroute.escalation_steps (policy, step, after, action) VALUES
    ('medium intent', 1, '0', 'remind'), ('medium intent', 3, '1 hour', 'manager');
INSERT INTO leadroute.queues (name, kind) VALUES ('blocked', 'blocked');
INSERT INTO leadroute.domain_rules (domain, kind, queue) VALUES ('dull-dormouse.example', 'blocked', 'blocked');
INSERT INTO leadroute.leads (email) VALUES ('dan@dull-dormouse.example');
DELETE FROM leadroute.country_aliases WHERE alias = 'holland';
DELETE FROM leadroute.mail_domains WHERE domain = 'sharklasers.com';
UPDATE leadroute.mail_domains SET kind = 'personal' WHERE domain = 'maildrop.cc';
INSERT INTO leadroute.mail_domains (domain, kind, source) VALUES ('post.amber-heron.example', 'disposable', 'our own list');
UPDATE leadroute.reps SET id = 'priya.r' WHERE id = 'priya.raman';
UPDATE leadroute.pools SET name = 'mea enterprise' WHERE name = 'middle-east-africa enterprise';
-- What only a careful dump keeps.
INSERT INTO leadroute.leads (external_id, email, company, country, employees, score, attributes) VALUES
    ('odd', 'zoe@odd-otter.de', E'Back\\slash, tab\there, ''quoted'' and "so",\nnext line \\. \\N', 'DE', 300, 75, '{"täg": "\\u2028 ü"}');"#;

/// Attached tables of every kind: dumped before all of leadroute and after it, partitions, generated and dropped columns,
/// expressions over another table and a function, owners in a table of links. Their keys come with the rows.
const TABLES: &str = r#"
CREATE TABLE public.a_first (id integer PRIMARY KEY, note text);
CREATE SCHEMA alpha;
CREATE TABLE alpha.lead (gone text, id integer PRIMARY KEY, mail text, land text, size integer, score numeric, owner text);
ALTER TABLE alpha.lead DROP COLUMN gone;
CREATE TABLE public.nation (id integer PRIMARY KEY, code text);
CREATE FUNCTION public.half(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n / 2';
CREATE TABLE public.deal (gone text, id integer, mail text, nation integer, size integer, score numeric,
    clean text GENERATED ALWAYS AS (lower(mail)) STORED, owner text, first integer, PRIMARY KEY (id)) PARTITION BY RANGE (id);
ALTER TABLE public.deal DROP COLUMN gone;
CREATE TABLE public.deal_1 PARTITION OF public.deal FOR VALUES FROM (0) TO (100);
CREATE TABLE public.ask (id integer PRIMARY KEY, mail text, land text, score numeric);
CREATE TABLE public.zz_link (since timestamptz DEFAULT now(), ask integer, who text);
CREATE TABLE public.crm_lead (id uuid PRIMARY KEY, email text, country text, score numeric, owner text);
SELECT leadroute.attach('alpha.lead', '{"email": "mail", "country": "land", "employees": "size", "score": "score", "owner_id": "owner"}');
SELECT leadroute.attach('public.deal', '{"email": "clean", "owner_id": "owner", "score": "score",
    "country": {"expression": "(SELECT n.code FROM public.nation n WHERE n.id = nation)"},
    "employees": {"expression": "public.half(size)"}}');
CREATE TABLE public.deal_2 PARTITION OF public.deal FOR VALUES FROM (100) TO (200);
SELECT leadroute.attach('public.ask', '{"email": "mail", "country": "land", "score": "score",
    "owner_id": {"table": "public.zz_link", "row": "ask", "column": "who"}}');
SELECT leadroute.attach('public.crm_lead', '{"email": "email", "country": "country", "score": "score", "owner_id": "owner"}');
CREATE TABLE public.former (id integer PRIMARY KEY, email text, owner text);
CREATE TABLE public.people (id text PRIMARY KEY, mail text, boss text);
CREATE TABLE public.oldest (id integer PRIMARY KEY, email text, owner text);
SELECT leadroute.attach('public.oldest', '{"email": "email", "owner_id": "owner", "existing": "route"}');
CREATE TABLE public.older (id integer PRIMARY KEY, email text, owner text);
SELECT leadroute.sync_reps('public.people', '{"id": "id", "email": "mail", "manager_id": "boss"}');
SELECT leadroute.attach('public.older', '{"email": "email", "owner_id": "owner", "existing": "adopt"}');"#;

/// What only the dumped database has: keys between tables, and a table that is attached no more.
const FORMER_TABLE: &str = r#"
INSERT INTO public.a_first VALUES (1, 'x');
INSERT INTO public.nation VALUES (49, 'DE'), (33, 'FR'), (1, 'US');
ALTER TABLE public.deal ADD FOREIGN KEY (first) REFERENCES public.a_first;
ALTER TABLE public.zz_link ADD FOREIGN KEY (ask) REFERENCES public.ask;
SELECT leadroute.attach('public.former', '{"email": "email", "owner_id": "owner"}');
INSERT INTO public.former VALUES (1, 'former@former-finch.com');
INSERT INTO public.people VALUES ('p1', 'p1@us.com', NULL), ('p2', 'p2@us.com', 'p1'), ('p3', 'p3@us.com', 'p1');
DELETE FROM public.people WHERE id = 'p3';
SELECT leadroute.detach('public.older');
INSERT INTO public.older SELECT n, 'older' || n || '@older' || n || '.com', CASE WHEN n > 2 THEN 'p2' END FROM generate_series(1, 5) n;
SELECT leadroute.attach('public.older', '{"email": "email", "owner_id": "owner", "existing": "adopt"}');
SELECT leadroute.adopt_leads(3);
SELECT leadroute.detach('public.former');"#;

/// Three rows in each attached table, and in a partition.
pub(super) const ROWS_EVERYWHERE: &str = r#"
INSERT INTO alpha.lead (id, mail, land, size, score) SELECT n, 'alpha' || n || '@x' || n || '-alpha.com', 'GB', 300, 80 FROM generate_series({n}, {n} + 2) n;
INSERT INTO public.deal (id, mail, nation, size, score, first) SELECT n, 'Deal' || n || '@y' || n || '-deal.com', 49, 900, 80, 1 FROM generate_series({n}, {n} + 2) n;
INSERT INTO public.deal_2 (id, mail, nation, size, score) SELECT 100 + n, 'Other' || n || '@z' || n || '-deal.com', 33, 50, 50 FROM generate_series({n}, {n} + 2) n;
INSERT INTO public.ask SELECT n, 'ask' || n || '@w' || n || '-ask.com', 'US', 60 FROM generate_series({n}, {n} + 2) n;
INSERT INTO public.crm_lead (id, email, country, score) SELECT md5(n::text)::uuid, 'crm' || n || '@v' || n || '-crm.com', 'SE', 90 FROM generate_series({n}, {n} + 2) n;"#;

/// A day with all that happens to leads.
const LIFE: &str = r#"
SELECT leadroute.return_turn(d.id, 'bad fit') FROM (
    SELECT id FROM leadroute.decisions WHERE layer = 'distribution' ORDER BY id LIMIT 5 OFFSET 100) d;
SELECT leadroute.record_response(l.id, l.owner_id, 'phone', meaningful => l.id % 3 > 0) FROM (
    SELECT id, owner_id FROM leadroute.leads WHERE owner_id IS NOT NULL AND duplicate_of IS NULL ORDER BY id LIMIT 30) l;
SELECT leadroute.claim_lead(l.id, 'martin.elsegood') FROM (
    SELECT id FROM leadroute.leads WHERE queue = 'account research' ORDER BY id LIMIT 2 OFFSET 1) l;
UPDATE leadroute.leads SET status = CASE id % 3 WHEN 0 THEN 'lost' WHEN 1 THEN 'converted' ELSE 'qualified' END
 WHERE id IN (SELECT id FROM leadroute.leads WHERE owner_id IS NOT NULL AND duplicate_of IS NULL ORDER BY id LIMIT 30 OFFSET 20);
SELECT leadroute.record_event(l.id, CASE l.id % 3 WHEN 0 THEN 'demo_request' WHEN 1 THEN 'podcast' ELSE 'never heard of' END) FROM (
    SELECT id FROM leadroute.leads WHERE duplicate_of IS NULL ORDER BY id LIMIT 60 OFFSET 10) l;
SELECT leadroute.transfer_lead(l.id, 'hugo.stenmark', 'holiday') FROM (
    SELECT id FROM leadroute.leads WHERE status = 'assigned' AND duplicate_of IS NULL ORDER BY id LIMIT 3 OFFSET 200) l;
UPDATE leadroute.leads SET owner_id = 'peter.novotny' WHERE id IN (
    SELECT id FROM leadroute.leads WHERE status = 'assigned' AND duplicate_of IS NULL ORDER BY id LIMIT 3 OFFSET 210);
SELECT leadroute.reroute_lead(l.id, 'second thoughts') FROM (
    SELECT id FROM leadroute.leads WHERE status = 'assigned' AND duplicate_of IS NULL ORDER BY id LIMIT 3 OFFSET 220) l;
SELECT leadroute.assign_queued(10, now() + interval '1 hour');
SELECT leadroute.escalate_overdue(40, now() + interval '10 minutes');
SELECT leadroute.refresh_performance();
INSERT INTO leadroute.enrichment_rules (name, source, overwrites) VALUES ('knows', 'knows', 'providers');
SELECT leadroute.apply_enrichment(l.id, '{"employees": {"value": 5000, "confidence": 0.7}, "title": "CEO", "shoes": 7, "city": ""}', 'knows', 'k' || l.id) FROM (
    SELECT id FROM leadroute.leads WHERE duplicate_of IS NULL ORDER BY id LIMIT 10 OFFSET 230) l;
SELECT leadroute.apply_qualification(l.id, 90, '[{"reason": "fits"}]', 'scores', 's' || l.id) FROM (
    SELECT id FROM leadroute.leads WHERE duplicate_of IS NULL ORDER BY id LIMIT 10 OFFSET 235) l;
SELECT leadroute.apply_enrichment(e.lead_id, e.data, 'knows', 'again' || e.lead_id), leadroute.apply_qualification(e.lead_id, 90, '[{"reason": "fits"}]', 'scores', 'again' || e.lead_id)
  FROM leadroute.enrichments e ORDER BY e.id LIMIT 7;
INSERT INTO leadroute.providers (name, kind, db_role) VALUES ('knows', 'enrich', 'leadroute');
INSERT INTO leadroute.leads (email) VALUES ('asked@asked-asp.com');
INSERT INTO leadroute.golden_leads (name, lead, expected, at) VALUES ('odd', '{"email": "zoe@odd-otter.de", "employees": 300}', '{"queue": null}', '2030-06-01 09:00 Europe/Berlin');
SELECT leadroute.propose_change('Later', 'It is planned', 'UPDATE tiers SET name = name', '2099-06-01 09:00 Europe/Berlin');
SELECT leadroute.refuse_change(leadroute.propose_change('Never', 'It is not', 'DELETE FROM tiers'), 'No');
SELECT leadroute.ack_notifications(ARRAY(SELECT id FROM leadroute.take_notifications('mailer', 40) WHERE id % 2 = 0));"#;
