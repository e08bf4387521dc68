-- Decisions are made again from what was there then, and compared.

CREATE FUNCTION leadroute.replay_decision(decision_id bigint) RETURNS jsonb
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'leadroute_replay_decision';
COMMENT ON FUNCTION leadroute.replay_decision(bigint) IS 'Makes a decision again, by the engine, from the rules, the roster, the lead and what was looked up as they were: same says whether outcome and trace are equal, difference the first thing that is not, in words; then and now are both answers. same is NULL where there is nothing to replay, as a person decided. Changes nothing.';

CREATE FUNCTION leadroute_internal.decision_made(decision_id bigint) RETURNS TABLE (
        lead_id bigint, decided_at timestamptz, cause text, answered text, trace text, facts text, engine_version text, config_seen bigint)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.lead_id, d.decided_at, d.cause,
           jsonb_build_object('outcome', d.outcome, 'layer', d.layer, 'owner_id', d.owner_id, 'queue', d.queue, 'segment', d.segment,
                              'territory', d.territory, 'tier', d.tier, 'pool', d.pool, 'playbook', d.playbook)::text,
           d.trace::text, d.facts, d.engine_version, d.config_seen
      FROM leadroute.decisions d WHERE d.id = decision_id $$;
COMMENT ON FUNCTION leadroute_internal.decision_made(bigint) IS 'A decision as it was made. Internal.';

CREATE FUNCTION leadroute_internal.config_made_by(config_seen bigint, at timestamptz, since timestamptz) RETURNS TABLE (rules text, roster text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT leadroute_internal.rules_json_as_of(c.rules, at, c.rules_own), leadroute_internal.roster_json_as_of(c.roster, at, c.roster_own, since)
      FROM (SELECT * FROM leadroute.config_seen s WHERE s.id = config_made_by.config_seen AND s.transaction = s.written_by
            -- after a restore the transactions have other numbers: what remains is when changes were made
            UNION ALL
            SELECT s.id, NULL, NULL, NULL, NULL, s.seen_at, s.written_by, s.transaction
              FROM leadroute.config_seen s WHERE s.id = config_made_by.config_seen AND s.transaction <> s.written_by) c $$;
COMMENT ON FUNCTION leadroute_internal.config_made_by(bigint, timestamptz, timestamptz) IS 'Rules and roster of a decision that was made at a moment by config_seen, with the absences that had not ended since. Internal.';

CREATE FUNCTION leadroute_internal.is_config_same(one timestamptz, other timestamptz) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM leadroute.config_history h WHERE h.changed_at > least(one, other) AND h.changed_at <= greatest(one, other)) $$;
COMMENT ON FUNCTION leadroute_internal.is_config_same(timestamptz, timestamptz) IS 'Whether no routing table changed between two moments. Internal.';

CREATE FUNCTION leadroute_internal.lead_before(lead_id bigint, decision_id bigint) RETURNS SETOF leadroute.leads
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.* FROM leadroute.leads l,
           -- of several corrections the first that came after the decision counts
           LATERAL (SELECT jsonb_object_agg(e.key, e.value ORDER BY c.id DESC) AS said
                      FROM leadroute.lead_corrections c, jsonb_each(c.before) e
                     WHERE c.lead_id = l.id AND c.last_decision >= lead_before.decision_id) b,
           jsonb_populate_record(l, coalesce(b.said, '{}')) r
     WHERE l.id = lead_before.lead_id $$;
COMMENT ON FUNCTION leadroute_internal.lead_before(bigint, bigint) IS 'A lead with what it said when a decision was made. Internal.';

CREATE FUNCTION leadroute.check_replays(at_most integer DEFAULT 200, at_longest interval DEFAULT '1 minute') RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last bigint := (SELECT max(d.id) FROM leadroute.decisions d);
    -- of what came since the last check, no more than a million are looked through
    first bigint := greatest(last - 1000000, (SELECT c.up_to FROM leadroute.replay_checks c ORDER BY c.id DESC LIMIT 1));
    ends timestamptz := clock_timestamp() + at_longest;
    decision bigint;
    answer jsonb;
    replayed integer := 0;
    differed integer := 0;
    first_different bigint;
    difference text;
BEGIN
    IF at_most < 1 THEN
        RAISE EXCEPTION 'at_most must be at least 1, but is %', at_most USING ERRCODE = 'invalid_parameter_value', HINT = 'The default is 200.';
    END IF;
    IF last IS NULL OR last <= first OR pg_is_in_recovery() THEN
        RETURN 0;
    END IF;
    FOR decision IN SELECT d.id FROM leadroute.decisions d WHERE d.id > first AND d.id <= last ORDER BY random() LIMIT at_most LOOP
        EXIT WHEN clock_timestamp() > ends;
        BEGIN
            answer := leadroute.replay_decision(decision);
        EXCEPTION
            -- its lead was deleted meanwhile
            WHEN undefined_object THEN CONTINUE;
            WHEN OTHERS THEN answer := jsonb_build_object('same', false, 'difference', SQLERRM);
        END;
        CONTINUE WHEN answer -> 'same' = 'null';
        replayed := replayed + 1;
        IF NOT (answer -> 'same')::boolean THEN
            differed := differed + 1;
            IF first_different IS NULL OR decision < first_different THEN
                first_different := decision;
                difference := answer ->> 'difference';
            END IF;
        END IF;
    END LOOP;
    DELETE FROM leadroute.replay_checks c WHERE c.checked_at < now() - interval '1 month';
    -- states that no decision names any more
    DELETE FROM leadroute.config_seen s WHERE s.seen_at < now() - interval '1 day'
       AND s.id NOT IN (SELECT d.config_seen FROM leadroute.decisions d WHERE d.config_seen IS NOT NULL);
    INSERT INTO leadroute.replay_checks (up_to, replayed, differed, first_different, difference)
    VALUES (last, replayed, differed, first_different, difference);
    RETURN differed;
END $$;
COMMENT ON FUNCTION leadroute.check_replays(integer, interval) IS 'Makes a sample of the decisions since the last check again, so many at most and no longer than that, and returns how many did not turn out the same; routing_health shows it. A job calls it every night.';

CREATE FUNCTION leadroute.forget_corrections(lead_id bigint) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (DELETE FROM leadroute.lead_corrections c WHERE c.lead_id = forget_corrections.lead_id RETURNING 1) SELECT count(*) FROM gone $$;
COMMENT ON FUNCTION leadroute.forget_corrections(bigint) IS 'Forgets what a lead said before it was corrected, as where a person has a right to that, and returns how many corrections these were. Decisions from before them may not replay equal then. A lead that is deleted takes them along.';
