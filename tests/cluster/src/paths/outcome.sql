-- All that routing has set, a line a fact, named by external_id; without the keys and times that differ.
WITH named AS (
    SELECT l.*, f.external_id AS first FROM leadroute.leads l LEFT JOIN leadroute.leads f ON f.id = l.duplicate_of
), fact AS (
    SELECT external_id AS what, 1 AS kind,
           to_jsonb(n) - '{id,external_id,duplicate_of,decision_id,routed_at,created_at,updated_at,occurred_at,sla_due_at}'::text[]
           || jsonb_build_object('is_due', sla_due_at IS NOT NULL, 'has_decision', decision_id IS NOT NULL, 
               'occurred_as_given', (SELECT s.occurred_at = n.occurred_at FROM source s WHERE s.external_id = n.external_id)) AS fact
      FROM named n
    UNION ALL
    SELECT coalesce(n.external_id, 'nobody'), 2,
           to_jsonb(d) - '{id,lead_id,decided_at,reason,trace,elapsed_us,config_version,config_seen,facts}'::text[]
           || jsonb_build_object('is_current', d.id = n.decision_id,
               'reason', CASE WHEN o.id IS NULL THEN d.reason ELSE regexp_replace(d.reason, 'lead \d+', 'lead ' || o.external_id) END,
               'trace', CASE WHEN o.id IS NULL THEN d.trace
                             ELSE regexp_replace(d.trace::text, '"lead_id": \d+', format('"lead_id": "%s"', o.external_id))::jsonb END)
      FROM leadroute.decisions d
      LEFT JOIN named n ON n.id = d.lead_id
      LEFT JOIN leadroute.leads o ON o.id = substring(d.trace::text FROM '"lead_id": (\d+)')::bigint
    UNION ALL
    SELECT coalesce(n.external_id, 'nobody'), 3,
           jsonb_build_object('policy', policy, 'within', due_at - started_at, 'steps', steps_done, 'next', next_at - started_at,
               'stops', stopped_at IS NOT NULL, 'is_due', due_at = n.sla_due_at)
      FROM leadroute.sla_clocks c LEFT JOIN named n ON n.id = c.lead_id
    UNION ALL
    SELECT coalesce(n.external_id, 'nobody'), 4,
           jsonb_build_object('notice', kind, 'rep', rep_id, 'queue', t.queue, 'is_current', t.decision_id = n.decision_id)
      FROM leadroute.notifications t LEFT JOIN named n ON n.id = t.lead_id
    UNION ALL
    SELECT 'pool ' || pool, 5, to_jsonb(p) - 'skipped' FROM leadroute.pool_fairness p WHERE (entitled, received) <> (0, 0)
    UNION ALL
    SELECT 'rep ' || rep_id, 6, to_jsonb(r) FROM leadroute.rep_load r
)
SELECT what || ' ' || fact FROM fact ORDER BY what COLLATE "C", kind, fact::text COLLATE "C"
