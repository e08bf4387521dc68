SELECT leadroute.escalate_overdue(1000, 'infinity')
SELECT leadroute.assign_queued(1000, 'infinity')
SELECT leadroute.merge_duplicates()
CALL leadroute.keep_time('0')
SELECT * FROM leadroute.config_problems
SELECT * FROM leadroute.routing_health
SELECT * FROM leadroute.lint_config()
UPDATE leadroute.reps SET id = id || '-' WHERE id IN ('ann', 'bob', 'cyd', 'dan', 'max')
UPDATE leadroute.reps SET id = rtrim(id, '-') WHERE id LIKE '%-'
SELECT leadroute.hand_over_leads('ann', 'left')
UPDATE leadroute.queues SET name = 'table' WHERE name = 'desk'
UPDATE leadroute.queues SET name = 'desk' WHERE name = 'table'
ANALYZE
VACUUM
