-- Who had a lead, and until when. Rows are written where a lead leaves whoever has it (src/db/entry/stint.rs), so a new lead
-- has none; view stints adds the one that goes on.

CREATE TABLE leadroute.past_stints (
    lead_id bigint NOT NULL,
    no integer NOT NULL,
    rep_no integer,
    owner_id text,
    queue text,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    ended text NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    PRIMARY KEY (lead_id, no)
);
COMMENT ON TABLE leadroute.past_stints IS 'Stints that have ended; see view stints.';
COMMENT ON COLUMN leadroute.past_stints.lead_id IS 'The lead.';
COMMENT ON COLUMN leadroute.past_stints.no IS 'Which stint of the lead it was, counted from 1.';
COMMENT ON COLUMN leadroute.past_stints.rep_no IS 'reps.rep_no of who had it: names change, and go to somebody else.';
COMMENT ON COLUMN leadroute.past_stints.owner_id IS 'The rep who had it.';
COMMENT ON COLUMN leadroute.past_stints.queue IS 'The queue in which it waited. Without rep and queue nobody had it: it was in nurture, closed, or a touch.';
COMMENT ON COLUMN leadroute.past_stints.since IS 'From when.';
COMMENT ON COLUMN leadroute.past_stints.until IS 'Until when: the next stint begins then.';
COMMENT ON COLUMN leadroute.past_stints.ended IS 'answered; worked: taken up without a response that anybody told of; escalated: passed on by the ladder; transferred, by hand; claimed out of a queue; assigned, by the queue; rerouted: the rules were asked again; merged into another lead; parted: a lead of its own again; closed; reopened.';
COMMENT ON COLUMN leadroute.past_stints.tenant IS 'The tenant of the lead.';
