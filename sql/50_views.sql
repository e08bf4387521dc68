-- What analysts read.

CREATE VIEW leadroute.audit_log AS
SELECT d.id AS decision_id, d.decided_at, d.lead_id, l.email, l.company, d.cause, d.layer, d.outcome, d.owner_id,
       d.previous_owner_id, d.queue, d.segment, d.territory, d.tier, d.pool, d.playbook, d.reason,
       d.id = l.decision_id AS is_current, d.config_version, d.engine_version, d.elapsed_us, d.tenant
  FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id;
COMMENT ON VIEW leadroute.audit_log IS 'Every decision with its lead; is_current marks the one that holds.';
COMMENT ON COLUMN leadroute.audit_log.decision_id IS 'The decision: decisions.id.';
COMMENT ON COLUMN leadroute.audit_log.decided_at IS 'When.';
COMMENT ON COLUMN leadroute.audit_log.lead_id IS 'The lead.';
COMMENT ON COLUMN leadroute.audit_log.email IS 'Its e-mail address now.';
COMMENT ON COLUMN leadroute.audit_log.company IS 'Its company now.';
COMMENT ON COLUMN leadroute.audit_log.cause IS 'What asked for a decision.';
COMMENT ON COLUMN leadroute.audit_log.layer IS 'The layer that decided; NULL for a person.';
COMMENT ON COLUMN leadroute.audit_log.outcome IS 'owner, queue, nurture, merged or closed.';
COMMENT ON COLUMN leadroute.audit_log.owner_id IS 'The rep, as named then.';
COMMENT ON COLUMN leadroute.audit_log.previous_owner_id IS 'The owner before.';
COMMENT ON COLUMN leadroute.audit_log.queue IS 'The queue, as named then.';
COMMENT ON COLUMN leadroute.audit_log.segment IS 'Segment then.';
COMMENT ON COLUMN leadroute.audit_log.territory IS 'Territory then.';
COMMENT ON COLUMN leadroute.audit_log.tier IS 'Tier then.';
COMMENT ON COLUMN leadroute.audit_log.pool IS 'Pool then.';
COMMENT ON COLUMN leadroute.audit_log.playbook IS 'Playbook then.';
COMMENT ON COLUMN leadroute.audit_log.reason IS 'One sentence.';
COMMENT ON COLUMN leadroute.audit_log.is_current IS 'Whether it is the decision that holds.';
COMMENT ON COLUMN leadroute.audit_log.config_version IS 'Version of the rules.';
COMMENT ON COLUMN leadroute.audit_log.engine_version IS 'Version of the engine.';
COMMENT ON COLUMN leadroute.audit_log.elapsed_us IS 'Time spent on deciding, in microseconds.';
COMMENT ON COLUMN leadroute.audit_log.tenant IS 'The tenant of the lead.';

CREATE VIEW leadroute.escalations AS
SELECT d.id AS decision_id, d.decided_at, d.lead_id, l.email, c.policy, c.started_at, c.due_at,
       CASE WHEN isfinite(c.due_at) THEN d.decided_at - c.due_at END AS overdue_by, d.previous_owner_id, d.owner_id, d.queue, d.reason, d.tenant,
       (t.step ->> 'step')::integer AS step, t.step ->> 'action' AS action
  FROM leadroute.decisions d
  JOIN leadroute.leads l ON l.id = d.lead_id
  LEFT JOIN LATERAL (SELECT policy, started_at, due_at FROM leadroute.sla_clocks
                      WHERE lead_id = d.lead_id ORDER BY (started_at <= d.decided_at) DESC, id DESC LIMIT 1) c ON true
  LEFT JOIN LATERAL (SELECT s.step FROM jsonb_array_elements(d.trace) s (step) WHERE s.step ->> 'code' = 'escalated' LIMIT 1) t ON true
 WHERE d.cause = 'escalation';
COMMENT ON VIEW leadroute.escalations IS 'Every step of an SLA ladder that was taken: its number, and what was done: reassign, manager or queue, by which somebody else has the lead, or remind, which leaves it where it is.';
COMMENT ON COLUMN leadroute.escalations.decision_id IS 'The decision: decisions.id.';
COMMENT ON COLUMN leadroute.escalations.decided_at IS 'When the step was taken.';
COMMENT ON COLUMN leadroute.escalations.lead_id IS 'The lead.';
COMMENT ON COLUMN leadroute.escalations.email IS 'Its e-mail address.';
COMMENT ON COLUMN leadroute.escalations.policy IS 'The SLA policy of the clock.';
COMMENT ON COLUMN leadroute.escalations.started_at IS 'When the clock started.';
COMMENT ON COLUMN leadroute.escalations.due_at IS 'When the response was due.';
COMMENT ON COLUMN leadroute.escalations.overdue_by IS 'For how long it had been due; NULL where that has no end.';
COMMENT ON COLUMN leadroute.escalations.previous_owner_id IS 'Who had the lead before.';
COMMENT ON COLUMN leadroute.escalations.owner_id IS 'Who has it by the step.';
COMMENT ON COLUMN leadroute.escalations.queue IS 'The queue to which it went.';
COMMENT ON COLUMN leadroute.escalations.reason IS 'One sentence.';
COMMENT ON COLUMN leadroute.escalations.tenant IS 'The tenant of the lead.';
COMMENT ON COLUMN leadroute.escalations.step IS 'Number of the step in the ladder.';
COMMENT ON COLUMN leadroute.escalations.action IS 'What it did: remind, reassign, manager or queue.';

CREATE VIEW leadroute.pool_skips AS
SELECT d.pool, c.rep_id, c.why,
       count(*) AS leads, max(d.decided_at) AS latest, d.tenant
  FROM leadroute.decisions d
 CROSS JOIN LATERAL jsonb_array_elements(d.trace) step
 CROSS JOIN LATERAL leadroute_internal.candidates(step) c
 -- most traces pass nobody over: they are not taken apart
 WHERE leadroute_internal.passes_over(d.trace) AND step ->> 'layer' = 'distribution' AND c.why IS NOT NULL
 GROUP BY 1, 2, 3, d.tenant;
COMMENT ON VIEW leadroute.pool_skips IS 'Leads for which a member of the pool was passed over, by reason, from the traces of all decisions; join decisions yourself to look at a period.';
COMMENT ON COLUMN leadroute.pool_skips.pool IS 'The pool.';
COMMENT ON COLUMN leadroute.pool_skips.rep_id IS 'The member, as named then.';
COMMENT ON COLUMN leadroute.pool_skips.why IS 'Why the member was passed over.';
COMMENT ON COLUMN leadroute.pool_skips.leads IS 'Leads.';
COMMENT ON COLUMN leadroute.pool_skips.latest IS 'The last time.';
COMMENT ON COLUMN leadroute.pool_skips.tenant IS 'The tenant of the leads.';

CREATE VIEW leadroute.pool_fairness AS
WITH seat AS (
    SELECT t.pool_no, u.seat, trim_scale(sum(u.credit) * 0.000000000001) AS credit, sum(u.received)::bigint AS kept
      FROM leadroute.turns t CROSS JOIN LATERAL unnest(t.seats, t.credit, t.received) AS u (seat, credit, received)
     GROUP BY t.pool_no, u.seat
), returned AS (
    SELECT pool_no, seat, count(*) AS leads FROM leadroute.returned_turns GROUP BY pool_no, seat
)
SELECT p.name AS pool, m.rep_id, s.seat, m.weight, s.kept + s.credit AS entitled, s.kept + coalesce(r.leads, 0) AS received,
       coalesce(r.leads, 0) AS returned, s.credit AS difference, k.skipped, a.tenant
  FROM seat s
  JOIN leadroute.pools p USING (pool_no)
  LEFT JOIN leadroute.pool_members m ON m.pool = p.name AND m.seat = s.seat
  LEFT JOIN leadroute.reps a ON a.id = m.rep_id
  LEFT JOIN returned r ON (r.pool_no, r.seat) = (s.pool_no, s.seat)
  -- not run where the column is not asked for
  LEFT JOIN (SELECT pool, rep_id, jsonb_object_agg(why, leads) AS skipped
               FROM (SELECT pool, rep_id, why, sum(leads)::bigint AS leads FROM leadroute.pool_skips GROUP BY pool, rep_id, why) w
              GROUP BY pool, rep_id) k
    ON k.pool = p.name AND k.rep_id = m.rep_id;
COMMENT ON VIEW leadroute.pool_fairness IS 'What each member was entitled to over the leads that they were eligible for, what they received by rotation, what of it was given back, and the difference; skipped counts by reason the leads for which they were passed over. A seat without rep_id is that of a former member.';
COMMENT ON COLUMN leadroute.pool_fairness.pool IS 'The pool.';
COMMENT ON COLUMN leadroute.pool_fairness.rep_id IS 'The member; NULL for a seat that nobody has any more.';
COMMENT ON COLUMN leadroute.pool_fairness.seat IS 'The seat in the pool, which stays the same whatever the rep is called.';
COMMENT ON COLUMN leadroute.pool_fairness.weight IS 'The weight now.';
COMMENT ON COLUMN leadroute.pool_fairness.entitled IS 'Leads that the weight entitled to, over all that the member was eligible for.';
COMMENT ON COLUMN leadroute.pool_fairness.received IS 'Leads received by rotation.';
COMMENT ON COLUMN leadroute.pool_fairness.returned IS 'Of these, leads whose turn was given back.';
COMMENT ON COLUMN leadroute.pool_fairness.difference IS 'entitled less those kept; above 0 is who is owed.';
COMMENT ON COLUMN leadroute.pool_fairness.skipped IS 'Leads for which the member was passed over, by reason.';
COMMENT ON COLUMN leadroute.pool_fairness.tenant IS 'The tenant of the rep.';

CREATE VIEW leadroute.rep_load AS
SELECT r.id AS rep_id, coalesce(l.today, 0) AS today, r.daily_cap, coalesce(l.this_week, 0) AS this_week, r.weekly_cap,
       coalesce(l.open, 0) AS open, r.max_open_leads,
       coalesce(l.today >= r.daily_cap, false) OR coalesce(l.this_week >= r.weekly_cap, false)
           OR coalesce(l.open >= r.max_open_leads, false) AS is_full, r.tenant
  FROM leadroute.reps r
 CROSS JOIN LATERAL (
    SELECT sum(t.today) FILTER (WHERE t.day = here.day)::bigint AS today,
           sum(t.this_week) FILTER (WHERE date_trunc('week', t.day) = date_trunc('week', here.day))::bigint AS this_week,
           sum(t.open)::bigint AS open
      FROM (SELECT (now() AT TIME ZONE r.time_zone)::date AS day) here
      LEFT JOIN leadroute.loads t ON t.rep_no = r.rep_no) l;
COMMENT ON VIEW leadroute.rep_load IS 'Leads of each rep on this day and in this week of their own clock, and those that are open, beside the caps.';
COMMENT ON COLUMN leadroute.rep_load.rep_id IS 'The rep.';
COMMENT ON COLUMN leadroute.rep_load.today IS 'Leads given to the rep today, on the rep''s own clock.';
COMMENT ON COLUMN leadroute.rep_load.daily_cap IS 'How many may be; NULL is no cap.';
COMMENT ON COLUMN leadroute.rep_load.this_week IS 'Leads given to the rep in this ISO week.';
COMMENT ON COLUMN leadroute.rep_load.weekly_cap IS 'How many may be; NULL is no cap.';
COMMENT ON COLUMN leadroute.rep_load.open IS 'Leads that the rep owns and that are not closed, touches apart.';
COMMENT ON COLUMN leadroute.rep_load.max_open_leads IS 'How many may be; NULL is no cap.';
COMMENT ON COLUMN leadroute.rep_load.is_full IS 'Whether one of the caps is reached.';
COMMENT ON COLUMN leadroute.rep_load.tenant IS 'The tenant of the rep.';

CREATE VIEW leadroute.config_problems AS
-- The outer SELECT keeps conditions of readers away from rows that are no problem: a UNION ALL alone is no barrier.
SELECT p."table", p.key, p.problem FROM (
SELECT 'segments' AS "table", name AS key, leadroute_internal.condition_problem(condition) AS problem
  FROM leadroute.segments WHERE leadroute_internal.condition_problem(condition) IS NOT NULL
UNION ALL
SELECT 'score_criteria', name, leadroute_internal.condition_problem(condition)
  FROM leadroute.score_criteria WHERE enabled AND leadroute_internal.condition_problem(condition) IS NOT NULL
UNION ALL
SELECT 'segments', s.name, 'the segment has no tier, so its leads fall back'
  FROM leadroute.segments s
 WHERE s.enabled AND NOT EXISTS (SELECT FROM leadroute.tiers t WHERE t.segment = s.name OR t.segment IS NULL)
UNION ALL
SELECT 'pools', p.name, 'the pool has no active member with a weight above 0'
  FROM leadroute.pools p
 WHERE NOT EXISTS (SELECT FROM leadroute.pool_members m JOIN leadroute.reps r ON r.id = m.rep_id
                    WHERE m.pool = p.name AND m.active AND r.active AND m.weight > 0)
UNION ALL
SELECT 'queues', q.name, 'nobody is told when a lead falls back to the queue: it has no manager'
  FROM leadroute.queues q
 WHERE q.manager_id IS NULL
   AND (q.kind = 'catch_all' OR EXISTS (SELECT FROM leadroute.territories t WHERE t.fallback_queue = q.name)
        OR EXISTS (SELECT FROM leadroute.segments s WHERE s.fallback_queue = q.name))
UNION ALL
-- Triggers run in the order of their names, byte by byte. 7: for each row, before, insert.
SELECT CASE t.tgrelid WHEN 'leadroute.leads'::regclass THEN 'leads' ELSE t.tgrelid::regclass::text END, t.tgname::text,
       'the trigger runs after routing: the lead may differ from its decision; give it a name before zz_leadroute_route'
  FROM pg_catalog.pg_trigger t
 WHERE (t.tgrelid = 'leadroute.leads'::regclass OR t.tgrelid IN (SELECT a.relation FROM leadroute.attached_tables a WHERE a.detached_at IS NULL))
   AND t.tgtype & 7 = 7 AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgname > name 'zz_leadroute_route'
UNION ALL
SELECT 'attached_tables', a.relation::text, a.problem FROM leadroute_internal.attached_problems() a
UNION ALL
SELECT 'rep_sources', s.relation::text, s.problem FROM leadroute_internal.source_problems() s
UNION ALL
SELECT d."table", d.key, d.problem FROM leadroute_internal.dangling_references() d
) AS p;
COMMENT ON VIEW leadroute.config_problems IS 'Rules that do not do what they seem to.';
COMMENT ON COLUMN leadroute.config_problems."table" IS 'The table of the rule.';
COMMENT ON COLUMN leadroute.config_problems.key IS 'Which row.';
COMMENT ON COLUMN leadroute.config_problems.problem IS 'What is wrong with it.';
