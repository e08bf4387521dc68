-- The plain router: the ten layers in PL/pgSQL, as a good DBA would write them in a day.
--
-- It reads leadroute's routing tables by SQL for each lead, and writes the same rows as leadroute, trace
-- included, into tables with the same columns, constraints and indexes. One BEFORE trigger does it all:
-- no EXCEPTION block, no dynamic SQL, one query per question, an index for each.
-- Simpler than leadroute: domains are cut at every dot instead of by the public suffix list; addresses are
-- checked by a regular expression; the rotation is 'fewest leads by weight' under an advisory lock per
-- pool, so a lead waits for any open transaction of its pool, and a newcomer would be flooded; a lead
-- dropped by ON CONFLICT leaves its rows behind; an error fails the insert.

DROP SCHEMA IF EXISTS plain CASCADE;
CREATE SCHEMA plain;
CREATE TABLE plain.leads (LIKE leadroute.leads INCLUDING ALL);
CREATE TABLE plain.decisions (LIKE leadroute.decisions INCLUDING ALL);
CREATE TABLE plain.sla_clocks (LIKE leadroute.sla_clocks INCLUDING ALL);
CREATE TABLE plain.notifications (LIKE leadroute.notifications INCLUDING ALL);
CREATE TABLE plain.seats (
    seat integer PRIMARY KEY,
    served bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);

-- The search for a segment reads rows in this order and stops at the first that matches.
CREATE INDEX IF NOT EXISTS bench_segments_order ON leadroute.segments (priority, name COLLATE "C") WHERE enabled;

-- A host and its parents down to two labels, longest first.
CREATE FUNCTION plain.host_names(host text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    names text[] := '{}';
BEGIN
    WHILE position('.' IN host) > 0 LOOP
        names := names || host;
        host := substr(host, position('.' IN host) + 1);
    END LOOP;
    RETURN names;
END $$;

-- Every rep with why they cannot take a lead now; NULL if they can. A view, so that it is planned with its query.
CREATE VIEW plain.availability AS
SELECT r.id, r.backup_id, r.languages, r.products, r.skills,
       CASE WHEN NOT r.active THEN 'inactive'
            WHEN r.presence <> 'online' THEN r.presence
            WHEN EXISTS (SELECT FROM leadroute.absences a WHERE a.rep_id = r.id AND a.during @> now()) THEN 'absent'
            WHEN r.schedule IS NULL THEN NULL
            WHEN EXISTS (SELECT FROM leadroute.holidays h
                          WHERE h.schedule = r.schedule AND h.day = (now() AT TIME ZONE r.time_zone)::date) THEN 'holiday'
            WHEN NOT EXISTS (
                SELECT FROM leadroute.schedule_hours h, (SELECT now() AT TIME ZONE r.time_zone) AS l (at)
                 WHERE h.schedule = r.schedule
                   AND CASE WHEN h.closes > h.opens THEN
                           h.weekday = extract(isodow FROM at) AND at::time >= h.opens AND at::time < h.closes
                       ELSE (h.weekday = extract(isodow FROM at) AND at::time >= h.opens)
                         OR (h.weekday = extract(isodow FROM at - interval '1 day') AND at::time < h.closes) END)
                THEN 'off hours' END AS why
  FROM leadroute.reps r;

-- The owner, or the first available backup.
CREATE FUNCTION plain.owner_or_backup(owner text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    r plain.availability;
BEGIN
    FOR hop IN 1..8 LOOP
        SELECT * INTO r FROM plain.availability WHERE id = owner;
        IF NOT FOUND THEN RETURN NULL; END IF;
        IF r.why IS NULL THEN RETURN r.id; END IF;
        owner := coalesce((SELECT backup_id FROM leadroute.absences WHERE rep_id = r.id AND during @> now() LIMIT 1), r.backup_id);
    END LOOP;
    RETURN NULL;
END $$;

-- Writes what was decided: decision, clock, notification; sets the columns of the lead.
CREATE FUNCTION plain.settle(l plain.leads, layer text, outcome text, reason text, trace jsonb, recycled boolean)
    RETURNS plain.leads LANGUAGE plpgsql AS $$
DECLARE
    policy text;
    next_at timestamptz;
    manager text;
BEGIN
    l.routed_at := clock_timestamp();
    l.decision_id := nextval('plain.decisions_id_seq');
    l.status := CASE outcome WHEN 'owner' THEN 'assigned' WHEN 'queue' THEN 'queued' ELSE outcome END;
    SELECT name INTO l.playbook FROM leadroute.playbooks p
     WHERE (p.segments IS NULL OR l.segment = ANY (p.segments)) AND (p.tiers IS NULL OR l.tier = ANY (p.tiers))
       AND (p.events IS NULL OR lower(l.event) = ANY (p.events)) AND (p.expansion IS NULL OR p.expansion = l.expansion)
       AND (p.recycled IS NULL OR p.recycled = settle.recycled)
     ORDER BY p.priority, p.name LIMIT 1;
    IF outcome = 'owner' OR layer = 'fallback' THEN
        SELECT p.name, l.occurred_at + p.respond_within, l.occurred_at + p.respond_within + s.after
          INTO policy, l.sla_due_at, next_at
          FROM leadroute.sla_policies p LEFT JOIN leadroute.escalation_steps s ON s.policy = p.name AND s.step = 1
         WHERE (p.events IS NULL OR lower(l.event) = ANY (p.events)) AND (p.segments IS NULL OR l.segment = ANY (p.segments))
           AND (p.intents IS NULL OR coalesce((SELECT intent FROM leadroute.event_types WHERE name = lower(l.event)), 'medium') = ANY (p.intents))
         ORDER BY p.respond_within, p.name LIMIT 1;
    END IF;
    INSERT INTO plain.decisions (id, lead_id, decided_at, cause, layer, outcome, owner_id, queue, segment, territory, tier,
                                 pool, playbook, reason, trace, config_version, engine_version, elapsed_us)
    VALUES (l.decision_id, l.id, l.routed_at, 'insert', layer, outcome, l.owner_id, l.queue, l.segment, l.territory, l.tier,
            l.pool, l.playbook, reason, trace, 1, 'plain', extract(microseconds FROM l.routed_at - now()));
    IF policy IS NOT NULL THEN
        INSERT INTO plain.sla_clocks (lead_id, policy, started_at, due_at, next_at)
        VALUES (l.id, policy, l.occurred_at, l.sla_due_at, next_at);
    END IF;
    IF layer = 'fallback' THEN
        SELECT manager_id INTO manager FROM leadroute.queues WHERE name = l.queue;
    END IF;
    IF l.owner_id IS NOT NULL OR layer = 'fallback' THEN
        INSERT INTO plain.notifications (lead_id, decision_id, kind, rep_id, queue)
        VALUES (l.id, l.decision_id, CASE WHEN layer = 'fallback' THEN 'fallback' WHEN outcome = 'merged' THEN 'merged'
                                          WHEN l.expansion THEN 'expansion' ELSE 'assigned' END,
                coalesce(l.owner_id, manager), l.queue);
    END IF;
    RETURN l;
END $$;

CREATE FUNCTION plain.route() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    host text;
    names text[] := '{}';
    clean_email text;
    unreadable boolean := false;
    listed text;
    company_names text[] := '{}';
    rule record;
    first record;
    account record;
    rep text;
    segment leadroute.segments;
    tier leadroute.tiers;
    recycled boolean := false;
    candidates jsonb;
    seat integer;
    queue_of text;
    trace jsonb;
BEGIN
    -- intake
    clean_email := lower(btrim(NEW.email));
    IF clean_email ~ '^[^@\s]+@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$' THEN
        NEW.email := clean_email;
        host := split_part(clean_email, '@', 2);
        NEW.person_key := regexp_replace(split_part(clean_email, '@', 1), '^(.+?)\+.*', '\1') || '@' || host;
    ELSIF clean_email <> '' THEN
        unreadable := true;
    ELSE
        NEW.person_key := nullif(regexp_replace(NEW.phone, '[^0-9+]', '', 'g'), '');
        host := substring(lower(NEW.website) FROM '^(?:[a-z]+://)?(?:www\.)?([^/:?#]+)');
    END IF;
    NEW.country := coalesce((SELECT canonical FROM leadroute.country_aliases WHERE alias = lower(NEW.country)), upper(NEW.country));
    NEW.industry := coalesce((SELECT canonical FROM leadroute.industry_aliases WHERE alias = lower(NEW.industry)), NEW.industry);
    IF NEW.occurred_at IS NULL OR NEW.occurred_at > now() OR NEW.occurred_at < 'epoch' THEN
        NEW.occurred_at := clock_timestamp();
    END IF;
    names := coalesce(plain.host_names(host), '{}');
    SELECT * INTO rule FROM leadroute.domain_rules WHERE domain = ANY (names) ORDER BY length(domain) DESC LIMIT 1;
    SELECT kind INTO listed FROM leadroute.mail_domains WHERE domain = ANY (names) LIMIT 1;
    IF rule.kind = 'personal' OR (rule.kind IS NULL AND listed IS NOT NULL) THEN
        names := coalesce(plain.host_names(substring(lower(NEW.website) FROM '^(?:[a-z]+://)?(?:www\.)?([^/:?#]+)')), '{}');
    END IF;
    company_names := names;
    trace := jsonb_build_array(jsonb_build_object('layer', 'intake', 'code', 'cleaned', 'domain', host, 'no_company', listed));

    -- domain_rule
    IF rule.kind IN ('partner', 'competitor', 'internal', 'blocked') THEN
        NEW.queue := rule.queue;
        RETURN plain.settle(NEW, 'domain_rule', 'queue', format('%s is a %s', rule.domain, rule.kind),
            trace || jsonb_build_object('layer', 'domain_rule', 'decided', true, 'domain', rule.domain, 'kind', rule.kind), false);
    END IF;
    trace := trace || jsonb_build_object('layer', 'domain_rule', 'code', 'no_domain_rule', 'domain', host);

    -- duplicate: one transaction per person at a time
    IF NEW.person_key IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(1, hashtext(NEW.person_key));
        SELECT id, owner_id, queue INTO first FROM plain.leads
         WHERE person_key = NEW.person_key AND duplicate_of IS NULL AND status NOT IN ('converted', 'lost', 'disqualified')
         ORDER BY id LIMIT 1;
        IF FOUND THEN
            NEW.duplicate_of := first.id;
            NEW.owner_id := first.owner_id;
            NEW.queue := first.queue;
            UPDATE plain.leads f
               SET first_name = coalesce(f.first_name, NEW.first_name), last_name = coalesce(f.last_name, NEW.last_name),
                   phone = coalesce(f.phone, NEW.phone), title = coalesce(f.title, NEW.title),
                   company = coalesce(f.company, NEW.company), country = coalesce(f.country, NEW.country),
                   industry = coalesce(f.industry, NEW.industry), employees = coalesce(f.employees, NEW.employees),
                   score = coalesce(f.score, NEW.score)
             WHERE id = first.id;
            RETURN plain.settle(NEW, 'duplicate', 'merged', format('same person as lead %s', first.id),
                trace || jsonb_build_object('layer', 'duplicate', 'decided', true, 'lead_id', first.id), false);
        END IF;
    END IF;
    trace := trace || jsonb_build_object('layer', 'duplicate', 'code', 'first_seen');

    -- customer
    SELECT m.rank, m.domain, m.division AS found_division, a.*, p.id AS parent, p.kind AS parent_kind,
           p.csm_id AS parent_csm, p.owner_id AS parent_owner
      INTO account
      FROM (SELECT 1 AS rank, account_id, NULL::text AS domain, NULL::text AS division FROM leadroute.contacts WHERE email = NEW.email
            UNION ALL
            SELECT 2, id, NULL, NULL FROM leadroute.accounts WHERE tenant = '' AND id = NEW.crm_account_id
            UNION ALL
            SELECT 3, account_id, domain, division FROM leadroute.account_domains WHERE domain = ANY (company_names)) m
      JOIN leadroute.accounts a ON a.tenant = '' AND a.id = m.account_id
      LEFT JOIN leadroute.accounts p ON p.tenant = '' AND p.id = a.parent_id
     ORDER BY m.rank, length(m.domain) DESC LIMIT 1;
    NEW.account_id := account.id;
    IF account.kind = 'customer' OR account.parent_kind = 'customer' THEN
        rep := plain.owner_or_backup(CASE WHEN account.kind = 'customer' THEN coalesce(account.csm_id, account.owner_id)
                                          ELSE coalesce(account.parent_csm, account.parent_owner) END);
        IF rep IS NOT NULL THEN
            NEW.owner_id := rep;
            NEW.expansion := account.rank > 1 AND (account.parent IS NOT NULL OR account.domain <> names[1]
                OR account.found_division IS DISTINCT FROM account.division OR coalesce(account.country <> NEW.country, false));
            RETURN plain.settle(NEW, 'customer', 'owner', format('%s is a customer', account.id),
                trace || jsonb_build_object('layer', 'customer', 'decided', true, 'account', account.id, 'rep', rep), false);
        END IF;
    END IF;
    trace := trace || jsonb_build_object('layer', 'customer', 'code', 'not_customer', 'account', account.id);

    -- recycle
    IF account.kind = 'disqualified' THEN
        SELECT r.kind = 'timing' AND account.disqualified_at + r.cool_off <= now(), r.queue INTO recycled, queue_of
          FROM leadroute.recycle_rules r WHERE r.reason = account.disqualified_reason;
        IF recycled IS NOT TRUE THEN
            NEW.queue := coalesce(queue_of, 'recycling');
            RETURN plain.settle(NEW, 'recycle', 'queue', format('%s is disqualified', account.id),
                trace || jsonb_build_object('layer', 'recycle', 'decided', true, 'account', account.id), false);
        END IF;
    END IF;
    trace := trace || jsonb_build_object('layer', 'recycle', 'code', CASE WHEN recycled THEN 'cooled_off' ELSE 'not_disqualified' END);

    -- named_account
    IF account.named THEN
        rep := plain.owner_or_backup(account.owner_id);
        IF rep IS NOT NULL THEN
            NEW.owner_id := rep;
            RETURN plain.settle(NEW, 'named_account', 'owner', format('%s is a named account', account.id),
                trace || jsonb_build_object('layer', 'named_account', 'decided', true, 'account', account.id, 'rep', rep), recycled);
        END IF;
    END IF;
    trace := trace || jsonb_build_object('layer', 'named_account', 'code', 'not_named');

    -- segment
    IF NOT unreadable THEN
        SELECT * INTO segment FROM leadroute.segments s
         WHERE s.enabled
           AND (s.countries IS NULL OR NEW.country = ANY (s.countries))
           AND (s.industries IS NULL OR lower(NEW.industry) = ANY (s.industries))
           AND (s.employees IS NULL OR NEW.employees <@ s.employees)
           AND (s.events IS NULL OR lower(NEW.event) = ANY (s.events))
           AND (s.sources IS NULL OR lower(NEW.source) = ANY (s.sources))
           AND (s.products IS NULL OR lower(NEW.product) = ANY (s.products))
           AND (s.languages IS NULL OR lower(NEW.language) = ANY (s.languages))
           AND (s.regions IS NULL OR lower(NEW.region) = ANY (s.regions))
           AND (s.revenue IS NULL OR NEW.annual_revenue <@ s.revenue)
           AND (s.postal_prefixes IS NULL OR lower(NEW.postal_code) LIKE ANY (SELECT p || '%' FROM unnest(s.postal_prefixes) p))
           AND (s.effective IS NULL OR s.effective @> now())
           AND (s.condition IS NULL
                OR coalesce(jsonb_path_query_first(to_jsonb(NEW), s.condition, '{}', true), 'null') NOT IN ('false', 'null'))
         ORDER BY s.priority, s.name COLLATE "C" LIMIT 1;
    END IF;
    NEW.segment := segment.name;
    NEW.territory := segment.territory;
    trace := trace || jsonb_build_object('layer', 'segment', 'segment', segment.name, 'territory', segment.territory);

    -- tier
    IF segment.name IS NOT NULL THEN
        SELECT * INTO tier FROM leadroute.tiers t
         WHERE (t.segment = segment.name OR t.segment IS NULL) AND t.score @> coalesce(NEW.score, 0)
         ORDER BY t.segment NULLS LAST LIMIT 1;
        NEW.tier := tier.name;
        NEW.pool := tier.pool;
        trace := trace || jsonb_build_object('layer', 'tier', 'tier', tier.name, 'score', NEW.score, 'action', tier.action, 'pool', tier.pool);
        IF tier.action IN ('queue', 'nurture') THEN
            NEW.queue := tier.queue;
            RETURN plain.settle(NEW, 'tier', tier.action, format('tier %s', tier.name), trace, recycled);
        END IF;
    END IF;

    -- distribution: whoever has had the fewest leads by weight; the lock keeps turns apart
    IF tier.pool IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(2, hashtext(tier.pool));
        WITH c AS MATERIALIZED (
            SELECT m.rep_id, m.seat, coalesce(s.served, 0) / nullif(m.weight, 0) AS turn,
                   CASE WHEN m.weight = 0 THEN 'zero weight'
                        WHEN NOT coalesce(lower(NEW.language) = ANY (r.languages), true) THEN 'language'
                        WHEN NOT coalesce(lower(NEW.product) = ANY (r.products), true) THEN 'product'
                        WHEN NOT coalesce(segment.required_skills <@ coalesce(r.skills, '{}'), true) THEN 'skills'
                        ELSE r.why END AS why
              FROM leadroute.pool_members m
              JOIN plain.availability r ON r.id = m.rep_id
              LEFT JOIN plain.seats s ON s.seat = m.seat
             WHERE m.pool = tier.pool AND m.active)
        SELECT jsonb_agg(jsonb_build_object('rep', c.rep_id, 'not', c.why) ORDER BY c.seat),
               (array_agg(c.rep_id ORDER BY c.turn, c.seat) FILTER (WHERE c.why IS NULL))[1],
               (array_agg(c.seat ORDER BY c.turn, c.seat) FILTER (WHERE c.why IS NULL))[1]
          INTO candidates, rep, seat
          FROM c;
        IF rep IS NOT NULL THEN
            NEW.owner_id := rep;
            INSERT INTO plain.seats AS s (seat, served) VALUES (seat, 1)
            ON CONFLICT ON CONSTRAINT seats_pkey DO UPDATE SET served = s.served + 1;
            RETURN plain.settle(NEW, 'distribution', 'owner', format('it was the turn of %s in pool %s', rep, tier.pool),
                trace || jsonb_build_object('layer', 'distribution', 'decided', true, 'rep', rep, 'candidates', candidates), recycled);
        END IF;
        trace := trace || jsonb_build_object('layer', 'distribution', 'code', 'nobody_eligible', 'candidates', candidates);
    END IF;

    -- fallback
    NEW.queue := coalesce(segment.fallback_queue, (SELECT fallback_queue FROM leadroute.territories WHERE name = segment.territory),
                          (SELECT fallback_queue FROM leadroute.pools WHERE name = tier.pool), 'catch_all');
    RETURN plain.settle(NEW, 'fallback', 'queue', 'nobody was eligible',
        trace || jsonb_build_object('layer', 'fallback', 'decided', true, 'queue', NEW.queue), recycled);
END $$;

-- Plans for 'domain = ANY (...)' look dearer than those for known values; without this each lead is planned anew.
ALTER FUNCTION plain.route() SET plan_cache_mode = force_generic_plan;

CREATE TRIGGER route BEFORE INSERT ON plain.leads
    FOR EACH ROW WHEN (NEW.routed_at IS NULL) EXECUTE FUNCTION plain.route();
