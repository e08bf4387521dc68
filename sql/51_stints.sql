-- Who has had each lead.

CREATE VIEW leadroute.stints AS
SELECT s.lead_id, s.no, s.owner_id, s.queue, s.since, s.until, s.ended, s.tenant FROM leadroute.past_stints s
UNION ALL
SELECT l.id, coalesce(p.no, 0) + 1, l.owner_id, l.queue, coalesce(p.until, l.routed_at), NULL, NULL, l.tenant
  FROM leadroute.leads l
  LEFT JOIN (SELECT lead_id, max(no) AS no, max(until) AS until FROM leadroute.past_stints GROUP BY lead_id) p ON p.lead_id = l.id
 WHERE l.routed_at > '-infinity' AND l.duplicate_of IS NULL AND NOT leadroute_internal.is_closed(l.status);
COMMENT ON VIEW leadroute.stints IS 'Who had each lead, from when to when, and how it ended: the stints of a lead follow each other from when it was routed until now, or until it was closed or merged. The last one of an open lead has no end. An answer ends the stint in which the buyer waited; in the next one the rep works on it. A stint without rep and queue is time in which nobody had it: nurture, or between closed and reopened. A rep to whom the row of an attached table is given while it comes in is the first. Touches have none.';
COMMENT ON COLUMN leadroute.stints.lead_id IS 'The lead.';
COMMENT ON COLUMN leadroute.stints.no IS 'Which stint of the lead it is, counted from 1.';
COMMENT ON COLUMN leadroute.stints.owner_id IS 'The rep who had it.';
COMMENT ON COLUMN leadroute.stints.queue IS 'The queue in which it waited.';
COMMENT ON COLUMN leadroute.stints.since IS 'From when.';
COMMENT ON COLUMN leadroute.stints.until IS 'Until when; NULL for the one that goes on.';
COMMENT ON COLUMN leadroute.stints.ended IS 'How it ended, see past_stints; NULL for the one that goes on.';
COMMENT ON COLUMN leadroute.stints.tenant IS 'The tenant of the lead.';
