-- What is wrong, or will be, with the rules and the people they name; each finding with its remedy.

CREATE FUNCTION leadroute_internal.superseded_rules() RETURNS json
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'leadroute_superseded_rules';
COMMENT ON FUNCTION leadroute_internal.superseded_rules() IS 'SLA policies and playbooks that never count, with the first that comes before and takes all. Internal.';

CREATE FUNCTION leadroute_internal.rule_findings() RETURNS TABLE (severity text, "table" text, key text, problem text, hint text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET intervalstyle = postgres AS $$
-- Segments that never match.
SELECT 'error', 'segments', e.segment, format('the list of %s is empty: the segment never matches', e.list), 'Name some, or set it to NULL for any.'
  FROM leadroute_internal.empty_lists() e
UNION ALL
SELECT 'warning', 'segments', s.name, format('the segment has been over since %s', to_char(upper(s.effective), 'YYYY-MM-DD')),
       'Delete it, or set effective to when it shall count.'
  FROM leadroute.segments s WHERE s.enabled AND upper(s.effective) <= now()
UNION ALL
-- Names without a foreign key.
SELECT 'warning', v."table", v.key, format('event "%s" is not in event_types: a lead that has it counts as medium intent', e),
       'Insert it into leadroute.event_types, or correct the name.'
  FROM (SELECT 'segments' AS "table", name AS key, events FROM leadroute.segments WHERE enabled
        UNION ALL SELECT 'sla_policies', name, events FROM leadroute.sla_policies
        UNION ALL SELECT 'playbooks', name, events FROM leadroute.playbooks) v
 CROSS JOIN LATERAL unnest(v.events) e
 WHERE e NOT IN (SELECT name FROM leadroute.event_types)
UNION ALL
SELECT 'error', v."table", v.key, format('segment "%s" does not exist', n), 'Correct the name, or take it out of the list.'
  FROM (SELECT 'sla_policies' AS "table", name AS key, segments FROM leadroute.sla_policies
        UNION ALL SELECT 'playbooks', name, segments FROM leadroute.playbooks) v
 CROSS JOIN LATERAL unnest(v.segments) n
 WHERE n NOT IN (SELECT name FROM leadroute.segments)
UNION ALL
SELECT 'error', 'playbooks', p.name, format('no tier is named "%s"', t), 'Correct the name, or take it out of the list.'
  FROM leadroute.playbooks p CROSS JOIN LATERAL unnest(p.tiers) t
 WHERE t NOT IN (SELECT name FROM leadroute.tiers)
UNION ALL
-- The rule of a domain comes before the accounts, and covers the domains below it.
SELECT 'error', 'domain_rules', r.domain,
       CASE r.kind WHEN 'personal' THEN format('%s belongs to customer account "%s", which is not found by a personal domain', d.domain, a.id)
            ELSE format('%s belongs to customer account "%s", but its leads go to queue "%s" (%s)', d.domain, a.id, r.queue, r.kind) END,
       'Delete the rule, or the domain of the account.'
  FROM leadroute.account_domains d
  JOIN leadroute.accounts a ON a.tenant = d.tenant AND a.id = d.account_id AND a.kind = 'customer'
 CROSS JOIN LATERAL (VALUES (d.domain), (substring(d.domain FROM '^[^.]+[.](.*)$'))) n (name)
  JOIN leadroute.domain_rules r ON r.domain = n.name AND r.tenant IN (d.tenant, '')
 WHERE r.kind <> 'company'
   AND (r.domain = d.domain OR NOT EXISTS (SELECT FROM leadroute.domain_rules o WHERE o.domain = d.domain AND o.tenant IN (d.tenant, '')))
UNION ALL
-- Clocks, ladders and playbooks.
SELECT 'warning', s."table", s.key,
       CASE s."table" WHEN 'playbooks' THEN format('the playbook is never taken: playbook "%s" comes before it, and takes every lead that it would', s.by)
            ELSE format('the policy never counts: policy "%s" comes before it, and matches whatever it does', s.by) END,
       'Let it come before that, by a lower priority, or delete it.'
  FROM json_to_recordset(leadroute_internal.superseded_rules()) AS s ("table" text, key text, by text)
UNION ALL
SELECT 'error', 'sla_policies', p.name, 'the policy has no steps: nobody acts on a lead that is not answered in time',
       'Insert them into leadroute.escalation_steps.'
  FROM leadroute.sla_policies p WHERE NOT EXISTS (SELECT FROM leadroute.escalation_steps e WHERE e.policy = p.name)
UNION ALL
SELECT 'warning', 'escalation_steps', e.policy || '/' || e.step,
       format('the step comes %s after the response was due, before step %s, which comes after %s: both are taken one after the other', e.after, e.step_before, e.after_before),
       'Let after grow with step.'
  FROM (SELECT policy, step, after, lag(step) OVER w AS step_before, lag(after) OVER w AS after_before
          FROM leadroute.escalation_steps WINDOW w AS (PARTITION BY policy ORDER BY step)) e
 WHERE e.after < e.after_before
UNION ALL
-- People.
SELECT 'warning', 'reps', c.chain[1], format('the managers %s report to each other: an overdue lead goes round among them', '"' || array_to_string(c.chain, '", "') || '"'),
       'Set reps.manager_id of one of them to NULL or to somebody above.'
  FROM (WITH RECURSIVE up AS (
            SELECT id AS rep_id, manager_id AS next_id, ARRAY[id] AS chain FROM leadroute.reps WHERE manager_id IS NOT NULL
            UNION ALL
            SELECT u.rep_id, r.manager_id, u.chain || r.id
              FROM up u JOIN leadroute.reps r ON r.id = u.next_id
             -- The first of a ring by name is enough; on the way to it nobody else may come before.
             WHERE r.id > u.rep_id AND r.id <> ALL (u.chain))
        SELECT chain FROM up WHERE next_id = rep_id) c
UNION ALL
SELECT 'warning', 'reps', r.id, format('%s is 0: pool %s never gives the rep a lead', v.cap, (SELECT string_agg('"' || m.pool || '"', ', ' ORDER BY m.pool)
           FROM leadroute.pool_members m WHERE m.rep_id = r.id AND m.active AND m.weight > 0)),
       'Set it to NULL for no limit, or take the rep out of the pool.'
  FROM leadroute.reps r
 CROSS JOIN LATERAL (VALUES ('daily_cap', r.daily_cap), ('weekly_cap', r.weekly_cap), ('max_open_leads', r.max_open_leads)) v (cap, value)
 WHERE r.active AND v.value = 0 AND EXISTS (SELECT FROM leadroute.pool_members m WHERE m.rep_id = r.id AND m.active AND m.weight > 0)
$$;
COMMENT ON FUNCTION leadroute_internal.rule_findings() IS 'The findings of lint_config() that neither config_problems nor coverage_gaps shows.';

CREATE FUNCTION leadroute_internal.account_findings() RETURNS TABLE (severity text, "table" text, key text, problem text, hint text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET intervalstyle = postgres AS $$
SELECT 'error', 'accounts', a.id,
       CASE WHEN a.kind = 'customer' THEN 'the customer has neither owner nor customer success manager: its leads go to the segments, like those of strangers'
            ELSE 'the named account has no owner: its leads go to the segments, like those of strangers' END,
       CASE WHEN a.kind = 'customer' THEN 'Set its owner_id or csm_id.' ELSE 'Set its owner_id, or named to false.' END
  FROM leadroute.accounts a
 WHERE a.owner_id IS NULL AND (a.kind = 'customer' AND a.csm_id IS NULL OR a.kind <> 'customer' AND a.named)
   AND NOT EXISTS (
        WITH RECURSIVE above AS (
            SELECT a.parent_id AS id, ARRAY[a.id] AS seen
            UNION ALL
            SELECT p.parent_id, u.seen || p.id FROM above u JOIN leadroute.accounts p ON p.tenant = a.tenant AND p.id = u.id
             WHERE p.id <> ALL (u.seen))
        SELECT FROM above u JOIN leadroute.accounts p ON p.tenant = a.tenant AND p.id = u.id
         WHERE coalesce(p.owner_id, p.csm_id) IS NOT NULL)
UNION ALL
SELECT 'warning', 'account_matching', m.name, 'there is no review_queue: leads whose name fits several accounts go on as if they had none',
       'Set review_queue, or margin to 0 to take the first account.'
  FROM leadroute.account_matching m WHERE m.enabled AND m.margin > 0 AND m.review_queue IS NULL
UNION ALL
SELECT 'error', 'account_matching', m.name, format('queue "%s" is of tenant "%s", whose leads it does not look at', m.review_queue, q.tenant), 'Name a queue of its tenants, or of all.'
  FROM leadroute.account_matching m JOIN leadroute.queues q ON q.name = m.review_queue
 WHERE q.tenant IS NOT NULL AND (m.tenants IS NULL OR q.tenant <> ALL (m.tenants))
UNION ALL
SELECT 'warning', 'accounts', a.id,
       CASE WHEN coalesce(a.disqualified_reason, '') = '' THEN 'the account is disqualified without a reason: its leads are recycled as poor fit, for ever'
            ELSE format('no recycle rule knows the reason "%s": its leads are recycled as poor fit, for ever', a.disqualified_reason) END,
       CASE WHEN coalesce(a.disqualified_reason, '') = '' THEN 'Set disqualified_reason.' ELSE 'Insert the reason into leadroute.recycle_rules, or correct it.' END
  FROM leadroute.accounts a
 WHERE a.kind = 'disqualified'
   AND NOT EXISTS (SELECT FROM leadroute.recycle_rules r WHERE lower(r.reason) = lower(a.disqualified_reason))
UNION ALL
SELECT 'error', 'account_domains', d.domain,
       format('%s is a domain of %s mail, which stands for no company: account "%s" is never found by it', d.domain,
              CASE m.kind WHEN 'personal' THEN 'free' ELSE 'disposable' END, d.account_id),
       'Delete it, and name the people in leadroute.contacts; or insert it into leadroute.domain_rules as company, if the account runs it.'
  FROM leadroute.account_domains d JOIN leadroute.mail_domains m ON m.domain = d.domain
 WHERE NOT EXISTS (SELECT FROM leadroute.domain_rules r WHERE r.domain = d.domain AND r.tenant IN (d.tenant, '') AND r.kind = 'company')
$$;
COMMENT ON FUNCTION leadroute_internal.account_findings() IS 'The findings of lint_config() about accounts.';

CREATE FUNCTION leadroute_internal.danger_findings() RETURNS TABLE (severity text, "table" text, key text, problem text, hint text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET intervalstyle = postgres AS $$
SELECT 'error', 'queues', q.name, format('auto_assign_after is %s, but there is no auto_assign_pool: leads stay in the queue', q.auto_assign_after),
       'Set auto_assign_pool to the pool that shall get them.'
  FROM leadroute.queues q WHERE q.auto_assign_after > interval '0' AND q.auto_assign_pool IS NULL
UNION ALL
SELECT 'warning', 'sla_policies', p.name, format('nobody answers within %s: every lead of the policy goes up its ladder', p.respond_within),
       'Intervals without a unit are seconds: write ''5 minutes''.'
  FROM leadroute.sla_policies p WHERE p.respond_within < interval '1 minute'
UNION ALL
SELECT 'warning', 'sla_policies', p.name,
       format('the clock runs day and night, while active reps (%s) have working hours: leads of the night go up the ladder before anybody is on duty', r.n),
       'Set business_hours to true, so that the clock stands still while whoever has the lead is off duty.'
  FROM leadroute.sla_policies p CROSS JOIN (SELECT count(*) AS n FROM leadroute.reps WHERE active AND schedule IS NOT NULL) r
 WHERE NOT p.business_hours AND r.n > 0
UNION ALL
-- Of conditions: what they name must be a column, or something that leads have had.
SELECT 'warning', s."table", s.name,
       CASE WHEN s."table" = 'score_criteria' AND k.part[1] = 'score' THEN 'the condition asks for the score, which is not there before criteria give it'
            WHEN k.part[1] = 'attributes' THEN format('the condition asks for attribute "%s", which none of the last 10000 leads has', k.part[2])
            ELSE format('the condition asks for "%s", which is no column of leads', k.part[1]) END,
       CASE WHEN s."table" = 'score_criteria' AND k.part[1] = 'score' THEN 'Ask for what the score is to be made of.'
            WHEN k.part[1] = 'attributes' THEN 'Correct the name; case counts.' ELSE 'What an app sends beside the columns stands in attributes: $.attributes.name.' END
  FROM (SELECT 'segments' AS "table", name, condition FROM leadroute.segments WHERE enabled
        UNION ALL SELECT 'score_criteria', name, condition FROM leadroute.score_criteria WHERE enabled) s
 CROSS JOIN LATERAL regexp_matches(s.condition::text, '[$][.]"([^"]+)"(?:[.]"([^"]+)")?', 'g') k (part)
 WHERE CASE WHEN s."table" = 'score_criteria' AND k.part[1] = 'score' THEN true
            WHEN k.part[1] <> 'attributes' THEN k.part[1] NOT IN (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = 'leadroute.leads'::regclass AND a.attnum > 0)
            ELSE k.part[2] IS NOT NULL AND EXISTS (SELECT FROM leadroute.leads)
                 AND NOT EXISTS (SELECT FROM (SELECT attributes FROM leadroute.leads ORDER BY id DESC LIMIT 10000) l WHERE l.attributes ? k.part[2]) END
UNION ALL
-- What was imported, or came with a dump.
SELECT 'error', 'leads', v.name, format('leads (%s) are with %s "%s", which does not exist', v.n, v.kind, v.name), 'Insert it, or give the leads to others, with transfer_lead or reroute_lead.'
  FROM (SELECT 'rep' AS kind, l.owner_id AS name, count(*) AS n FROM leadroute.leads l WHERE l.owner_id IS NOT NULL GROUP BY 2
        UNION ALL
        SELECT 'queue', l.queue, count(*) FROM leadroute.leads l WHERE l.queue IS NOT NULL GROUP BY 2) v
 WHERE NOT EXISTS (SELECT FROM leadroute.reps r WHERE v.kind = 'rep' AND r.id = v.name)
   AND NOT EXISTS (SELECT FROM leadroute.queues q WHERE v.kind = 'queue' AND q.name = v.name)
$$;
COMMENT ON FUNCTION leadroute_internal.danger_findings() IS 'The findings of lint_config() about settings that are allowed, and seldom meant.';

CREATE FUNCTION leadroute_internal.criteria_findings() RETURNS TABLE (severity text, "table" text, key text, problem text, hint text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
SELECT 'error', v."table", v.name, format('the list of %s is empty: the %s is for no lead', v.list, v.noun), 'Name some, or set it to NULL for any.'
  FROM (SELECT 'score_criteria' AS "table", 'criterion' AS noun, c.name, 'tenants' AS list, c.tenants AS names FROM leadroute.score_criteria c WHERE c.enabled
        UNION ALL
        SELECT 'playbooks', 'playbook', p.name, l.list, l.names
          FROM leadroute.playbooks p CROSS JOIN LATERAL (VALUES ('segments', p.segments), ('tiers', p.tiers), ('events', p.events), ('tenants', p.tenants)) l (list, names)) v
 WHERE v.names = '{}'
UNION ALL
SELECT 'warning', 'score_criteria', c.name, format('the criterion has been over since %s', to_char(upper(c.effective), 'YYYY-MM-DD')),
       'Delete it, or set effective to when it shall count.'
  FROM leadroute.score_criteria c WHERE c.enabled AND upper(c.effective) <= now()
UNION ALL
SELECT 'warning', 'score_criteria', c.name, 'the criterion gives no points', 'Set points to what it is worth, or delete it.'
  FROM leadroute.score_criteria c WHERE c.enabled AND c.points = 0
UNION ALL
SELECT 'error', 'playbooks', p.name, 'no lead is an expansion of a customer and of an account that has cooled off: the playbook is never taken', 'Set expansion or recycled to NULL for any.'
  FROM leadroute.playbooks p WHERE p.expansion AND p.recycled
UNION ALL
SELECT 'error', 'playbooks', p.name, 'none of its tiers is one of its segments: the playbook is never taken', 'Name tiers that its segments have, or set segments to NULL for any.'
  FROM leadroute.playbooks p
 WHERE cardinality(p.tiers::text[]) > 0 AND cardinality(p.segments::text[]) > 0
   -- those that do not exist are said above
   AND p.tiers::text[] <@ ARRAY(SELECT t.name FROM leadroute.tiers t)
   AND NOT EXISTS (SELECT FROM leadroute.tiers t WHERE t.name = ANY (p.tiers) AND (t.segment IS NULL OR t.segment = ANY (p.segments)))
UNION ALL
SELECT 'error', 'providers', p.name, format('there is no role "%s": nobody takes what the provider is asked', p.db_role),
       'Create the role and grant it the recipe "provider", or set db_role to NULL for any that has it.'
  FROM leadroute.providers p WHERE p.enabled AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = p.db_role) AND p.db_role IS NOT NULL
$$;
COMMENT ON FUNCTION leadroute_internal.criteria_findings() IS 'The findings of lint_config() about score_criteria, playbooks and providers.';

CREATE FUNCTION leadroute_internal.absence_findings() RETURNS TABLE (severity text, "table" text, key text, problem text, hint text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
WITH absent AS (
    SELECT a.id, a.rep_id, a.kind, r.time_zone, a.during, upper(a.during) AS ends,
           lower(a.during) AT TIME ZONE r.time_zone AS here_from, upper(a.during) AT TIME ZONE r.time_zone AS here_until,
           lower(a.during) AT TIME ZONE 'UTC' AS utc_from, upper(a.during) AT TIME ZONE 'UTC' AS utc_until
      FROM leadroute.absences a JOIN leadroute.reps r ON r.id = a.rep_id
     WHERE isfinite(lower(a.during)) AND isfinite(upper(a.during)) AND upper(a.during) > now()
)
-- Whoever means to leave a day out writes ')', so only ']' at midnight tells that the day was meant to be in.
SELECT 'warning', 'absences', a.id::text,
       format('the absence of "%s" (%s) ends as its last day, %s, begins', a.rep_id, a.kind, a.here_until::date),
       format('Let it end with the day: upper bound ''%s %s'', or take_off(%L, %L, %L, ...).', a.here_until::date + 1, a.time_zone,
              a.rep_id, a.here_from::date, a.here_until::date)
  FROM absent a WHERE upper_inc(a.during) AND a.here_until = a.here_until::date AND lower(a.during) < upper(a.during)
UNION ALL
-- The same in a range of which both ends are one midnight: a day off that lasts no time.
SELECT 'warning', 'absences', a.id::text,
       format('the absence of "%s" (%s) on %s lasts no time', a.rep_id, a.kind, a.here_until::date),
       format('take_off(%L, %L, %2$L, ...) is a whole day.', a.rep_id, a.here_until::date)
  FROM absent a WHERE lower(a.during) = upper(a.during)
UNION ALL
-- Whole days of UTC, that are none of the rep's: shifts of an hour or two are seldom worth a word.
SELECT 'warning', 'absences', a.id::text,
       format('the absence of "%s" (%s) begins and ends at midnight in UTC, which is %s in %s', a.rep_id, a.kind, to_char(a.here_from, 'HH24:MI'), a.time_zone),
       format('Write the bounds with the time zone of the rep, as in ''%s %s'', or call take_off(%L, %L, %L, ...).', a.utc_from::date, a.time_zone,
              a.rep_id, a.utc_from::date, a.utc_until::date - 1)
  FROM absent a
 WHERE a.utc_from = a.utc_from::date AND a.utc_until = a.utc_until::date AND a.utc_from < a.utc_until
   AND a.here_from::time BETWEEN '03:00' AND '21:00'
$$;
COMMENT ON FUNCTION leadroute_internal.absence_findings() IS 'The findings of lint_config() about absences that are probably longer, or on other days, than they say.';

CREATE FUNCTION leadroute.lint_config() RETURNS TABLE (severity text, "table" text, key text, problem text, hint text)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET intervalstyle = postgres AS $$
WITH gap AS MATERIALIZED (SELECT * FROM leadroute.coverage_gaps), found AS (
    SELECT f.* FROM leadroute_internal.space_findings() f
    UNION ALL
    SELECT f.* FROM leadroute_internal.rule_findings() f
    UNION ALL
    SELECT f.* FROM leadroute_internal.account_findings() f
    UNION ALL
    SELECT f.* FROM leadroute_internal.danger_findings() f
    UNION ALL
    SELECT f.* FROM leadroute_internal.absence_findings() f
    UNION ALL
    SELECT f.* FROM leadroute_internal.criteria_findings() f
    UNION ALL
    SELECT g.severity, g."table", g.key, g.gap,
           CASE g."table"
               WHEN 'accounts' THEN 'Give the account to somebody who is active, or give the rep a backup_id.'
               WHEN 'absences' THEN 'Set backup_id of the absence to somebody who is active.'
               WHEN 'pools' THEN CASE WHEN g.gap LIKE 'of those%' THEN 'Add such a member to the pool, or ask less of them in the segment.'
                                      ELSE 'Add members who are active, or let the tiers lead to another pool.' END
               WHEN 'pool_members' THEN 'Delete the member, or set active to false.'
               WHEN 'segments' THEN CASE WHEN g.gap LIKE 'tier %' THEN 'Add members to the pool, and give the queue a manager who is active.'
                                         ELSE 'Add tiers for these scores, or for all segments.' END
               WHEN 'tiers' THEN 'Open the outer ranges, as in [70,) instead of [70,100], if such scores can come.'
               WHEN 'territories' THEN 'Set its manager_id to somebody who is active, or give it a fallback_queue that has such a manager.'
               WHEN 'queues' THEN 'Set its manager_id to somebody who is active.'
               WHEN 'schedules' THEN 'Insert hours into leadroute.schedule_hours, or set reps.schedule to NULL for always.'
               WHEN 'leads' THEN 'Give the leads to others, with transfer_lead or reroute_lead.'
               ELSE CASE WHEN g.gap LIKE 'the manager%' THEN 'Set reps.manager_id to somebody who is active.'
                         ELSE 'Set reps.backup_id to somebody who is active.' END
           END
      FROM gap g
    UNION ALL
    SELECT CASE WHEN c."table" IN ('segments', 'score_criteria', 'queues') OR c.problem LIKE '% is not present in table %' THEN 'error' ELSE 'warning' END,
           c."table", c.key, c.problem,
           CASE WHEN c.problem LIKE '% is not present in table %' THEN 'Insert it, or name another.' ELSE CASE c."table" WHEN 'segments' THEN 'Correct the condition; until then the segment is skipped.'
                          WHEN 'score_criteria' THEN 'Correct the condition; until then the criterion gives no points.'
                          WHEN 'pools' THEN 'Add members, or delete the pool if nothing uses it.'
                          WHEN 'queues' THEN 'Set its manager_id.'
                          WHEN 'attached_tables' THEN 'Mend what the problem names, attach the table with another mapping, or detach it.'
                          ELSE 'ALTER TRIGGER ... RENAME TO a name that sorts before.' END END
      FROM leadroute.config_problems c
     -- What coverage_gaps tells in more detail.
     WHERE NOT (c."table" = 'segments' AND c.problem LIKE 'the segment has no tier%')
       AND NOT (c."table" = 'pools' AND EXISTS (SELECT FROM gap g WHERE g."table" = 'pools' AND g.key = c.key AND g.gap LIKE 'nobody in the pool%'))
)
SELECT f.severity, f."table", f.key, f.problem, f.hint FROM found f ORDER BY f.severity, f."table", f.key, f.problem
$$;
COMMENT ON FUNCTION leadroute.lint_config() IS 'Everything that is wrong with rules and roster, or looks so: config_problems, coverage_gaps, and what only a comparison of rules with each other shows, each with a hint. Errors first.';
