//! Those about SLA clocks.

use crate::db::pg::spi::Query;
use pgrx::pg_sys::{INT4OID, INT8OID, TEXTOID, TIMESTAMPTZOID};

/// Ends the running clocks of a lead ($1), which is locked, at $2, in a way ($3), by a rep ($4); answers how many.
///
/// An answer may be told late, after its clock has ended in another way. It is none to what the buyer did later; but clocks
/// of machines differ, and a minute is forgiven.
pub static CLOCKS_END: Query = Query::new(
    "WITH ran AS (
        SELECT c.id, c.stopped_at IS NULL AS runs, least(c.started_at, l.occurred_at) AS began
          FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id
         WHERE c.lead_id = $1 AND (c.stopped_at IS NULL OR $3 = 'answered' AND c.stopped_at > $2)
     ), over AS (
        SELECT r.id, r.runs FROM ran r
         WHERE $3 <> 'answered' OR r.began <= $2
            OR r.began <= $2 + interval '1 minute' AND NOT EXISTS (SELECT FROM ran o WHERE o.began <= $2)
     ), written AS (
        UPDATE leadroute.sla_clocks c
           SET stopped_at = greatest($2, c.started_at), next_at = NULL, ended = $3, answered_by = $4,
               (of_rep, of_queue, of_territory) = (
                    SELECT f.rep, f.queue, f.territory
                      FROM leadroute_internal.counts_for(c, greatest($2, c.started_at), $4) f)
          FROM over o WHERE c.lead_id = $1 AND c.id = o.id)
     SELECT count(*) FROM over WHERE runs",
    &[INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID],
);

/// The clock of a lead ($1) that ended last: how, and when.
pub static CLOCK_ENDED: Query = Query::new(
    "SELECT ended, stopped_at FROM leadroute.sla_clocks WHERE lead_id = $1 AND stopped_at IS NOT NULL ORDER BY id DESC LIMIT 1",
    &[INT8OID],
);

/// The clock of a lead ($1) has run out with a rep ($2) or in a queue ($3), in a territory ($4), who gives the lead away.
pub static CLOCK_LATE: Query = Query::new(
    "UPDATE leadroute.sla_clocks SET of_rep = $2, of_queue = $3, of_territory = $4
      WHERE lead_id = $1 AND stopped_at IS NULL AND due_at < clock_timestamp() AND of_rep IS NULL AND of_queue IS NULL",
    &[INT8OID, TEXTOID, TEXTOID, TEXTOID],
);

/// The clock of a lead ($1) goes on with one whose time had run out.
pub static CLOCK_LATE_AT_BIRTH: Query = Query::new(
    "UPDATE leadroute.sla_clocks c
        SET (of_rep, of_queue, of_territory) = (SELECT f.rep, f.queue, f.territory FROM leadroute_internal.counts_for(c, clock_timestamp(), NULL) f)
      WHERE lead_id = $1 AND stopped_at IS NULL",
    &[INT8OID],
);

/// Sets the last step taken ($2) of a clock ($1), and when the next is due ($3). Its time has run out with a rep ($4) or in
/// a queue ($5), in a territory ($6), unless that is known already. The lead is $7.
pub static CLOCK_STEP: Query = Query::new(
    "UPDATE leadroute.sla_clocks
        SET steps_done = $2, next_at = $3,
            of_rep = CASE WHEN coalesce(of_rep, of_queue) IS NULL THEN $4 ELSE of_rep END,
            of_queue = CASE WHEN coalesce(of_rep, of_queue) IS NULL THEN $5 ELSE of_queue END,
            of_territory = CASE WHEN coalesce(of_rep, of_queue) IS NULL THEN $6 ELSE of_territory END
      WHERE id = $1 AND lead_id = $7",
    &[INT8OID, INT4OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, INT8OID],
);

/// Puts a clock ($1) off whose lead ($2) could not be escalated.
pub static CLOCK_PUT_OFF: Query = Query::new(
    "UPDATE leadroute.sla_clocks SET next_at = clock_timestamp() + interval '1 minute' WHERE id = $1 AND lead_id = $2",
    &[INT8OID, INT8OID],
);

/// The clock of a lead that runs and is not overdue: id, policy and start.
pub static CLOCK_RUNNING: Query = Query::new(
    "SELECT id, policy, started_at FROM leadroute.sla_clocks
      WHERE lead_id = $1 AND stopped_at IS NULL AND steps_done = 0 AND due_at > clock_timestamp()
      ORDER BY id DESC LIMIT 1",
    &[INT8OID],
);

/// Gives a clock ($1) of a lead ($2) other times: due and next step.
pub static CLOCK_MOVE: Query = Query::new(
    "WITH moved AS (UPDATE leadroute.sla_clocks SET due_at = $3, next_at = $4 WHERE id = $1 AND lead_id = $2)
     UPDATE leadroute.leads SET sla_due_at = $3 WHERE id = $2",
    &[INT8OID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID],
);

/// Starts a clock for a lead ($1): policy, start, due and next step.
pub static CLOCK_START: Query = Query::new(
    "WITH started AS (
        INSERT INTO leadroute.sla_clocks (lead_id, policy, started_at, due_at, next_at, tenant, from_stint)
        SELECT $1, $2, $3, $4, $5, tenant, (SELECT max(s.no) + 1 FROM leadroute.past_stints s WHERE s.lead_id = $1)
          FROM leadroute.leads WHERE id = $1)
     UPDATE leadroute.leads SET sla_due_at = $4 WHERE id = $1",
    &[INT8OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID],
);
