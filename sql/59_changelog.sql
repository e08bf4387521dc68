-- What has changed, in words.

CREATE VIEW leadroute_internal.rule_uses AS
SELECT l.segment, l.tier, l.pool, array_agg(l.routed_at ORDER BY l.routed_at) AS routed_at
  FROM (SELECT segment, tier, pool, routed_at FROM leadroute.leads ORDER BY id DESC LIMIT 1000000) l WHERE l.routed_at IS NOT NULL GROUP BY l.segment, l.tier, l.pool;
COMMENT ON VIEW leadroute_internal.rule_uses IS 'When the newest million leads were routed, by segment, tier and pool. Reads all of them.';

CREATE VIEW leadroute.changelog AS
SELECT h.changed_at,
       CASE WHEN h."table" = 'reps' AND h.is_data THEN format('%s is %s', coalesce(nullif(h.after ->> 'name', ''), h.after ->> 'id'), h.after ->> 'presence')
            ELSE leadroute_internal.change_words(t.noun, h.key, h.before, h.after, coalesce(nullif(p.name, ''), coalesce(h.after, h.before) ->> 'rep_id')) END AS what,
       coalesce(c.why, h.why) AS why, h.changed_by, c.approved_by, h.change_id,
       -- Not run where nobody asks for it. What it needs of leads is read once, and found in it for each row.
       CASE WHEN h."table" IN ('segments', 'tiers', 'pools', 'pool_members') THEN (
           WITH uses AS MATERIALIZED (SELECT * FROM leadroute_internal.rule_uses)
           SELECT coalesce(sum(cardinality(u.routed_at) - width_bucket(h.changed_at - interval '1 us', u.routed_at)), 0) FROM uses u,
                  (SELECT coalesce(h.after, h.before)) i (image)
            WHERE CASE h."table" WHEN 'segments' THEN u.segment = i.image ->> 'name'
                                 WHEN 'tiers' THEN u.tier = i.image ->> 'name' AND u.segment = coalesce(i.image ->> 'segment', u.segment)
                                 ELSE u.pool = coalesce(i.image ->> 'pool', i.image ->> 'name') END) END AS leads,
       h."table", h.key, 1::bigint AS rows
  FROM leadroute.config_history h
  JOIN leadroute_internal.history_tables t ON t."table" = h."table"
  LEFT JOIN leadroute.change_requests c ON c.id = h.change_id
  LEFT JOIN leadroute.reps p ON h."table" = 'pool_members' AND p.id = coalesce(h.after, h.before) ->> 'rep_id'
 WHERE (NOT h.is_data OR h."table" = 'reps')
   -- a name that follows another
   AND NOT (h.operation = 'UPDATE' AND EXISTS (
       SELECT FROM leadroute_internal.config_references f
         JOIN leadroute.config_history r ON r."table" = f.parent AND r.key = h.before ->> f."column" AND r.transaction = h.transaction AND r.operation = 'UPDATE' AND NOT r.is_data
        WHERE f.child = h."table" AND r.after ->> f.key = h.after ->> f."column" AND r.before ->> f.key <> r.after ->> f.key
          AND h.before - f."column" = h.after - f."column"))
UNION ALL
-- When their transaction began: a filter on it is one on the rows.
SELECT h.begun_at, format('%s: %s', replace(h."table", '_', ' '), concat_ws(', ', nullif(count(*) FILTER (WHERE h.operation = 'INSERT'), 0) || ' added',
           nullif(count(*) FILTER (WHERE h.operation = 'UPDATE'), 0) || ' changed', nullif(count(*) FILTER (WHERE h.operation = 'DELETE'), 0) || ' removed')),
       coalesce(c.why, h.why), h.changed_by, c.approved_by, h.change_id, NULL, h."table", NULL, count(*)
  FROM leadroute.config_history h LEFT JOIN leadroute.change_requests c ON c.id = h.change_id
 WHERE h.is_data AND h."table" <> 'reps'
 -- a restore brings all of them in one transaction
 GROUP BY h.transaction, h.begun_at, h."table", coalesce(c.why, h.why), h.changed_by, c.approved_by, h.change_id;
COMMENT ON VIEW leadroute.changelog IS 'Changes of routing tables as one reads them: what, why, by whom, approved by whom. Accounts, their domains and contacts, and absences are summed for each transaction, with the time when it began. leads counts leads that were routed since by the segment, tier or pool of the name that it has after the change, of the newest million leads, which are read for it: ask for it only where you need it. config_history has each row before and after.';
COMMENT ON COLUMN leadroute.changelog.changed_at IS 'When.';
COMMENT ON COLUMN leadroute.changelog.what IS 'What changed, in words.';
COMMENT ON COLUMN leadroute.changelog.why IS 'Why: what the change request or the session said.';
COMMENT ON COLUMN leadroute.changelog.changed_by IS 'The database role that made it.';
COMMENT ON COLUMN leadroute.changelog.approved_by IS 'The role that approved the change request.';
COMMENT ON COLUMN leadroute.changelog.change_id IS 'The change request: change_requests.id.';
COMMENT ON COLUMN leadroute.changelog.leads IS 'Leads routed by the rule since then; NULL where that cannot be told.';
COMMENT ON COLUMN leadroute.changelog."table" IS 'The routing table.';
COMMENT ON COLUMN leadroute.changelog.key IS 'Which row; NULL where changes of data are summed up.';
COMMENT ON COLUMN leadroute.changelog.rows IS 'How many rows of data changed together; 1 for a rule.';
