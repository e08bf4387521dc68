-- Sums to which many transactions add at once. A book has a row for each open transaction that added to it,
-- and one for all that have ended; the visible rows of a key add up to what is committed. How that works is
-- told in src/db/state/shared_sum.rs. The primary keys are read newest first, so dead rows cost nothing until vacuum.

CREATE TABLE leadroute.turns (
    pool_no integer NOT NULL,
    version bigint NOT NULL,
    beside bigint[] NOT NULL,
    replaces bigint[] NOT NULL,
    seats integer[] NOT NULL,
    credit bigint[] NOT NULL,
    received bigint[] NOT NULL,
    PRIMARY KEY (pool_no, version)
);
COMMENT ON TABLE leadroute.turns IS 'The book of the rotation; the visible rows of a pool add up. pool_fairness shows it.';
COMMENT ON COLUMN leadroute.turns.pool_no IS 'The pool.';
COMMENT ON COLUMN leadroute.turns.version IS 'Order in which rows were written.';
COMMENT ON COLUMN leadroute.turns.beside IS 'Versions of other transactions that counted when the row was written.';
COMMENT ON COLUMN leadroute.turns.replaces IS 'Versions that count again if the transaction of the row rolls back.';
COMMENT ON COLUMN leadroute.turns.seats IS 'Seats that have been eligible.';
COMMENT ON COLUMN leadroute.turns.credit IS 'Entitlement less leads received for each seat, in 10^-12 leads; adds up to zero.';
COMMENT ON COLUMN leadroute.turns.received IS 'Turns that each seat has had, less those that were given back.';

CREATE TABLE leadroute.loads (
    rep_no integer NOT NULL,
    version bigint NOT NULL,
    beside bigint[] NOT NULL,
    replaces bigint[] NOT NULL,
    day date NOT NULL,
    today bigint NOT NULL,
    this_week bigint NOT NULL,
    open bigint NOT NULL,
    PRIMARY KEY (rep_no, version)
);
COMMENT ON TABLE leadroute.loads IS 'The book of the reps'' leads; the visible rows of a rep add up, today and this_week those of the latest day and week. rep_load shows it.';
COMMENT ON COLUMN leadroute.loads.rep_no IS 'The rep.';
COMMENT ON COLUMN leadroute.loads.version IS 'Order in which rows were written.';
COMMENT ON COLUMN leadroute.loads.beside IS 'Versions of other transactions that counted when the row was written.';
COMMENT ON COLUMN leadroute.loads.replaces IS 'Versions that count again if the transaction of the row rolls back.';
COMMENT ON COLUMN leadroute.loads.day IS 'Day on the clock of the rep.';
COMMENT ON COLUMN leadroute.loads.today IS 'Leads given to the rep on that day.';
COMMENT ON COLUMN leadroute.loads.this_week IS 'Leads given to the rep in the ISO week of that day.';
COMMENT ON COLUMN leadroute.loads.open IS 'Leads that the rep owns by a decision, in status assigned, working or qualified.';

CREATE TABLE leadroute.returned_turns (
    decision_id bigint PRIMARY KEY,
    pool_no integer NOT NULL,
    seat integer NOT NULL,
    returned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    returned_by text NOT NULL DEFAULT session_user,
    reason text,
    reason_code text
);
CREATE INDEX returned_turns_pool_no_seat_idx ON leadroute.returned_turns (pool_no, seat);
COMMENT ON TABLE leadroute.returned_turns IS 'Turns that return_turn has given back.';
COMMENT ON COLUMN leadroute.returned_turns.decision_id IS 'The decision that took the turn.';
COMMENT ON COLUMN leadroute.returned_turns.pool_no IS 'The pool.';
COMMENT ON COLUMN leadroute.returned_turns.seat IS 'The seat.';
COMMENT ON COLUMN leadroute.returned_turns.returned_at IS 'When.';
COMMENT ON COLUMN leadroute.returned_turns.returned_by IS 'By whom: a database role.';
COMMENT ON COLUMN leadroute.returned_turns.reason IS 'Why, as it was said.';
COMMENT ON COLUMN leadroute.returned_turns.reason_code IS 'The code of the reason: reason_codes.code; NULL where none was said.';
