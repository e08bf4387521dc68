-- An account that was disqualified is worth another try.

CREATE FUNCTION leadroute.requalify_account(account text, reason text, tenant text DEFAULT '') RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known leadroute.accounts;
    waiting bigint[];
    lead bigint;
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    IF btrim(coalesce(reason, '')) = '' THEN
        RAISE EXCEPTION 'requalify_account: reason must not be empty'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Say what has changed: decisions about its leads name it.';
    END IF;
    SELECT * INTO known FROM leadroute.accounts a WHERE a.id = account AND a.tenant = coalesce(requalify_account.tenant, '') FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account "%" does not exist%', coalesce(account, 'null'), leadroute_internal.in_tenant(coalesce(tenant, ''))
            USING ERRCODE = 'undefined_object', HINT = 'Look it up in leadroute.accounts.';
    END IF;
    -- What the recycle layer has put aside, by the index of queues; what somebody has taken from there stays with them, also
    -- where they are just doing it.
    waiting := ARRAY(SELECT l.id FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id AND d.layer = 'recycle'
                      WHERE l.queue IN (SELECT q.name FROM leadroute.queues q) AND l.account_id = known.id AND l.tenant = known.tenant AND l.status = 'queued' ORDER BY l.id FOR UPDATE OF l);
    -- One that came while the account was being made a prospect may wait still.
    IF known.kind <> 'disqualified' AND waiting = '{}' THEN
        RAISE EXCEPTION 'account "%" is not disqualified, but a %', known.id, known.kind
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Its leads are routed by the rules already.';
    END IF;
    UPDATE leadroute.accounts a SET kind = 'prospect', disqualified_reason = NULL, disqualified_at = NULL WHERE a.id = known.id AND a.tenant = known.tenant AND a.kind = 'disqualified';
    FOREACH lead IN ARRAY waiting LOOP
        PERFORM leadroute.reroute_lead(lead, format('account %s is worth another try: %s', known.id, reason));
    END LOOP;
    RETURN cardinality(waiting);
END $$;
COMMENT ON FUNCTION leadroute.requalify_account(text, text, text) IS 'An account that was disqualified is a prospect again: its leads that wait to be recycled are routed by the rules as they are now, with the reason in their decisions, and so are those that come. Said again it takes those that came at that very moment. Returns how many waited.';

CREATE VIEW leadroute.expansions AS
SELECT l.tenant, l.account_id, a.name AS account_name, l.playbook, count(*) AS leads, count(l.owner_id) AS with_reps, count(l.first_response_at) AS answered,
       count(*) FILTER (WHERE l.status = 'converted') AS converted, count(*) FILTER (WHERE l.status IN ('lost', 'disqualified')) AS lost,
       sum(l.amount) FILTER (WHERE l.status = 'converted') AS amount, max(l.created_at) AS latest_at
  FROM leadroute.leads l LEFT JOIN leadroute.accounts a ON a.tenant = l.tenant AND a.id = l.account_id
 WHERE l.expansion AND l.duplicate_of IS NULL
 GROUP BY l.tenant, l.account_id, a.name, l.playbook;
COMMENT ON VIEW leadroute.expansions IS 'Leads from other parts of customers, by account and playbook: how many came, are with reps, were answered, and how they ended.';
COMMENT ON COLUMN leadroute.expansions.tenant IS 'The tenant of the leads.';
COMMENT ON COLUMN leadroute.expansions.account_id IS 'The account that they are of.';
COMMENT ON COLUMN leadroute.expansions.account_name IS 'Its name.';
COMMENT ON COLUMN leadroute.expansions.playbook IS 'Their playbook.';
COMMENT ON COLUMN leadroute.expansions.leads IS 'Leads, touches apart.';
COMMENT ON COLUMN leadroute.expansions.with_reps IS 'Of these, leads that a rep has.';
COMMENT ON COLUMN leadroute.expansions.answered IS 'Of these, leads that somebody has answered.';
COMMENT ON COLUMN leadroute.expansions.converted IS 'Of these, leads converted.';
COMMENT ON COLUMN leadroute.expansions.lost IS 'Of these, leads lost or disqualified.';
COMMENT ON COLUMN leadroute.expansions.amount IS 'What the converted were worth, as close_lead() was told.';
COMMENT ON COLUMN leadroute.expansions.latest_at IS 'When the latest came.';

CREATE VIEW leadroute.recycled AS
SELECT a.tenant, a.id AS account_id, a.name AS account_name, a.disqualified_reason, a.disqualified_at, count(*) AS leads,
       count(*) FILTER (WHERE l.status = 'queued' AND EXISTS (SELECT FROM leadroute.decisions d WHERE d.id = l.decision_id AND d.layer = 'recycle')) AS waiting, count(l.owner_id) AS with_reps,
       count(l.first_response_at) AS answered, count(*) FILTER (WHERE l.status = 'converted') AS converted, count(*) FILTER (WHERE l.status IN ('lost', 'disqualified')) AS lost,
       sum(l.amount) FILTER (WHERE l.status = 'converted') AS amount, max(l.created_at) AS latest_at
  FROM leadroute.accounts a JOIN leadroute.leads l ON l.tenant = a.tenant AND l.account_id = a.id
 WHERE a.kind = 'disqualified' AND l.duplicate_of IS NULL AND l.created_at >= coalesce(a.disqualified_at, '-infinity')
 GROUP BY a.tenant, a.id, a.name, a.disqualified_reason, a.disqualified_at;
COMMENT ON VIEW leadroute.recycled IS 'Leads that came from accounts since they were disqualified, by account: how many wait for somebody to look at the account again, got another try, and how they ended. An account that is worth it goes from here by requalify_account().';
COMMENT ON COLUMN leadroute.recycled.tenant IS 'The tenant of the account.';
COMMENT ON COLUMN leadroute.recycled.account_id IS 'The account.';
COMMENT ON COLUMN leadroute.recycled.account_name IS 'Its name.';
COMMENT ON COLUMN leadroute.recycled.disqualified_reason IS 'Why it was disqualified.';
COMMENT ON COLUMN leadroute.recycled.disqualified_at IS 'When.';
COMMENT ON COLUMN leadroute.recycled.leads IS 'Leads since then, touches apart.';
COMMENT ON COLUMN leadroute.recycled.waiting IS 'Of these, leads that the rules of recycling have put aside, in whatever queue: those that requalify_account() takes.';
COMMENT ON COLUMN leadroute.recycled.with_reps IS 'Of these, leads that a rep has: the reason has cooled off, or somebody took them.';
COMMENT ON COLUMN leadroute.recycled.answered IS 'Of these, leads that somebody has answered.';
COMMENT ON COLUMN leadroute.recycled.converted IS 'Of these, leads converted.';
COMMENT ON COLUMN leadroute.recycled.lost IS 'Of these, leads lost or disqualified.';
COMMENT ON COLUMN leadroute.recycled.amount IS 'What the converted were worth, as close_lead() was told.';
COMMENT ON COLUMN leadroute.recycled.latest_at IS 'When the latest came.';
