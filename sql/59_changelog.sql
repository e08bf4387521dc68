-- What has changed, in words.

CREATE VIEW leadroute_internal.rule_uses AS
SELECT h.id, count(*) AS leads
  FROM leadroute.config_history h JOIN leadroute.leads l ON l.segment = coalesce(h.after, h.before) ->> 'name' AND l.routed_at >= h.changed_at
 WHERE h."table" = 'segments' GROUP BY h.id
UNION ALL
SELECT h.id, count(*)
  FROM leadroute.config_history h JOIN leadroute.leads l ON l.tier = coalesce(h.after, h.before) ->> 'name' AND l.routed_at >= h.changed_at
   AND l.segment = coalesce(coalesce(h.after, h.before) ->> 'segment', l.segment)
 WHERE h."table" = 'tiers' GROUP BY h.id
UNION ALL
SELECT h.id, count(*)
  FROM leadroute.config_history h JOIN leadroute.leads l ON l.pool = coalesce(coalesce(h.after, h.before) ->> 'pool', coalesce(h.after, h.before) ->> 'name') AND l.routed_at >= h.changed_at
 WHERE h."table" IN ('pools', 'pool_members') GROUP BY h.id;
COMMENT ON VIEW leadroute_internal.rule_uses IS 'How many leads have been routed through the row since it changed, as far as leads tell. Reads all leads.';

CREATE VIEW leadroute.changelog AS
SELECT h.changed_at,
       CASE WHEN h."table" = 'reps' AND h.is_data THEN format('%s is %s', coalesce(nullif(h.after ->> 'name', ''), h.after ->> 'id'), h.after ->> 'presence')
            ELSE leadroute_internal.change_words(t.noun, h.key, h.before, h.after, coalesce(nullif(p.name, ''), coalesce(h.after, h.before) ->> 'rep_id')) END AS what,
       coalesce(c.why, h.why) AS why, h.changed_by, c.approved_by, h.change_id, u.leads, h."table", h.key, 1::bigint AS rows
  FROM leadroute.config_history h
  JOIN leadroute_internal.history_tables t ON t."table" = h."table"
  LEFT JOIN leadroute.change_requests c ON c.id = h.change_id
  LEFT JOIN leadroute.reps p ON h."table" = 'pool_members' AND p.id = coalesce(h.after, h.before) ->> 'rep_id'
  LEFT JOIN leadroute_internal.rule_uses u ON u.id = h.id
 WHERE (NOT h.is_data OR h."table" = 'reps')
   -- a name that follows another
   AND NOT (h.operation = 'UPDATE' AND EXISTS (
       SELECT FROM leadroute_internal.config_references f
         JOIN leadroute.config_history r ON r."table" = f.parent AND r.key = h.before ->> f."column" AND r.transaction = h.transaction AND r.operation = 'UPDATE'
        WHERE f.child = h."table" AND r.after ->> f.key = h.after ->> f."column" AND r.before ->> f.key <> r.after ->> f.key
          AND h.before - f."column" = h.after - f."column"))
UNION ALL
SELECT min(h.changed_at), format('%s: %s', replace(h."table", '_', ' '), concat_ws(', ', nullif(count(*) FILTER (WHERE h.operation = 'INSERT'), 0) || ' added',
           nullif(count(*) FILTER (WHERE h.operation = 'UPDATE'), 0) || ' changed', nullif(count(*) FILTER (WHERE h.operation = 'DELETE'), 0) || ' removed')),
       coalesce(c.why, h.why), h.changed_by, c.approved_by, h.change_id, NULL, h."table", NULL, count(*)
  FROM leadroute.config_history h LEFT JOIN leadroute.change_requests c ON c.id = h.change_id
 WHERE h.is_data AND h."table" <> 'reps'
 -- a restore brings all of them in one transaction
 GROUP BY h.transaction, date_trunc('minute', h.changed_at), h."table", coalesce(c.why, h.why), h.changed_by, c.approved_by, h.change_id;
COMMENT ON VIEW leadroute.changelog IS 'Changes of routing tables as one reads them: what, why, by whom, approved by whom. Accounts, their domains and contacts, and absences are summed for each transaction. leads counts leads that were routed since by the segment, tier or pool of the name that it has after the change; ask for it only where you need it: it reads all leads. config_history has each row before and after.';
