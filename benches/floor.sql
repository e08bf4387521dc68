-- The floor: the least that a PL/pgSQL trigger can do and still write what a routed lead needs.
--
-- It writes the rows that leadroute writes for a lead that gets a rep by rotation, into tables with the
-- same columns, constraints and indexes: lead with owner, turn, load of the rep, decision, clock, notification.
-- Its trace is a constant of the size that leadroute's traces have with this company.
-- It does not think: the pool is the id modulo 40, the owner the next in a fixed list, everything else
-- a constant. No clean-up, no look-up, no duplicate, no availability, no weights, no lock but the one of
-- its counter row; so it waits for any open transaction of the same pool, which leadroute must not (G6),
-- and ON CONFLICT DO NOTHING costs it a turn (G5).
-- Turn and load are UPDATEs of one of forty and of two hundred counter rows (HOT, roomy pages) where leadroute adds rows.

DROP SCHEMA IF EXISTS floor CASCADE;
CREATE SCHEMA floor;
CREATE TABLE floor.leads (LIKE leadroute.leads INCLUDING ALL);
CREATE TABLE floor.decisions (LIKE leadroute.decisions INCLUDING ALL);
CREATE TABLE floor.sla_clocks (LIKE leadroute.sla_clocks INCLUDING ALL);
CREATE TABLE floor.notifications (LIKE leadroute.notifications INCLUDING ALL);

CREATE TABLE floor.counters (
    pool_no integer PRIMARY KEY,
    pool text NOT NULL,
    reps text[] NOT NULL,
    served bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);
INSERT INTO floor.counters (pool_no, pool, reps)
SELECT p, format('pool-%s', p), array_agg(format('rep-%s', (p * 7 + k * 3) % 200))
  FROM generate_series(0, 39) p, generate_series(0, 6) k GROUP BY p;

CREATE TABLE floor.rep_counters (
    rep_id text PRIMARY KEY,
    day date NOT NULL,
    today bigint NOT NULL DEFAULT 0,
    this_week bigint NOT NULL DEFAULT 0,
    open bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);
INSERT INTO floor.rep_counters (rep_id, day) SELECT format('rep-%s', n), current_date FROM generate_series(0, 199) n;

-- BEFORE: what RETURNING must show.
CREATE FUNCTION floor.assign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE floor.counters SET served = served + 1 WHERE pool_no = NEW.id % 40
    RETURNING pool, reps[1 + served % cardinality(reps)] INTO NEW.pool, NEW.owner_id;
    NEW.email := lower(NEW.email);
    NEW.person_key := NEW.email;
    NEW.status := 'assigned';
    NEW.occurred_at := clock_timestamp();
    NEW.routed_at := NEW.occurred_at;
    NEW.sla_due_at := NEW.occurred_at + interval '5 minutes';
    NEW.segment := 'segment-1';
    NEW.territory := 'territory-1';
    NEW.tier := 'standard';
    NEW.playbook := 'speed to lead';
    NEW.decision_id := nextval('floor.decisions_id_seq');
    RETURN NEW;
END $$;

-- AFTER: what may only be there if the lead is.
CREATE FUNCTION floor.record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO floor.decisions (id, lead_id, decided_at, cause, layer, outcome, owner_id, segment, territory, tier,
                                 pool, playbook, reason, trace, config_version, engine_version, elapsed_us)
    VALUES (NEW.decision_id, NEW.id, NEW.routed_at, 'insert', 'distribution', 'owner', NEW.owner_id, NEW.segment,
            NEW.territory, NEW.tier, NEW.pool, NEW.playbook, 'it was the turn of rep-16 in pool pool-1',
            '[{"code": "cleaned", "layer": "intake", "domain": "company23253.com"},
      {"code": "no_domain_rule", "layer": "domain_rule", "domain": "company23253.com"},
      {"code": "first_seen", "layer": "duplicate"},
      {"by": "domain", "code": "not_customer", "layer": "customer", "account": "account-23253"},
      {"code": "not_disqualified", "layer": "recycle"},
      {"code": "not_named", "layer": "named_account"},
      {"code": "segment", "layer": "segment", "segment": "segment-1", "territory": "territory-1"},
      {"code": "tier", "tier": "standard", "layer": "tier", "score": 46.0, "action": "pool", "target": "pool-1"},
      {"rep": "rep-16", "code": "turn", "pool": "pool-1", "layer": "distribution", "decided": true, "candidates": [
        {"rep": "rep-7", "share": [2, 1000]}, {"rep": "rep-10", "share": [42, 1000]},
        {"rep": "rep-13", "share": [82, 1500]}, {"rep": "rep-16", "share": [122, 2000]},
        {"rep": "rep-19", "share": [162, 1000]}, {"rep": "rep-22", "share": [201, 1000]}]}]', 1, 'floor', 0);
    INSERT INTO floor.sla_clocks (lead_id, policy, started_at, due_at, next_at)
    VALUES (NEW.id, 'high intent', NEW.occurred_at, NEW.sla_due_at, NEW.sla_due_at);
    INSERT INTO floor.notifications (lead_id, decision_id, kind, rep_id)
    VALUES (NEW.id, NEW.decision_id, 'assigned', NEW.owner_id);
    UPDATE floor.rep_counters SET today = today + 1, this_week = this_week + 1, open = open + 1 WHERE rep_id = NEW.owner_id;
    RETURN NULL;
END $$;

CREATE TRIGGER assign BEFORE INSERT ON floor.leads
    FOR EACH ROW WHEN (NEW.routed_at IS NULL) EXECUTE FUNCTION floor.assign();
-- Baseline rows of the benchmark come routed and without a decision.
CREATE TRIGGER record AFTER INSERT ON floor.leads
    FOR EACH ROW WHEN (NEW.decision_id IS NOT NULL) EXECUTE FUNCTION floor.record();
