-- Absences by days on the rep's own clock.

CREATE FUNCTION leadroute_internal.day_begins(day date, zone text) RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    -- Where a clock that is set back shows midnight twice, PostgreSQL takes the second.
    SELECT CASE WHEN (t.at - interval '1 hour') AT TIME ZONE zone = day THEN t.at - interval '1 hour' ELSE t.at END
      FROM (SELECT day::timestamp AT TIME ZONE zone AS at) t $$;
COMMENT ON FUNCTION leadroute_internal.day_begins(date, text) IS 'When a day begins in a time zone. Internal.';

CREATE FUNCTION leadroute.take_off(rep_id text, from_day date, to_day date, backup text DEFAULT NULL, kind text DEFAULT 'pto') RETURNS leadroute.absences
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rep leadroute.reps := leadroute_internal.known_rep(rep_id, NULL);
    said text := coalesce(take_off.kind, 'pto');
    absent leadroute.absences;
    other leadroute.absences;
BEGIN
    IF from_day IS NULL OR to_day IS NULL OR NOT isfinite(from_day) OR NOT isfinite(to_day) THEN
        RAISE EXCEPTION 'take_off: both days must be given: from %, to %', coalesce(from_day::text, 'NULL'), coalesce(to_day::text, 'NULL')
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'to_day is the last day off. An absence whose end nobody knows is inserted into leadroute.absences, as ''[2026-03-01,)''.';
    END IF;
    IF to_day < from_day THEN
        RAISE EXCEPTION 'take_off: the last day (%) is before the first (%)', to_day, from_day
            USING ERRCODE = 'invalid_parameter_value', HINT = 'to_day is the last day off; for one day it is the same as from_day.';
    END IF;
    IF backup = rep.id THEN
        RAISE EXCEPTION 'take_off: rep "%" cannot be their own backup', rep.id
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Name another rep, or none for the standing backup.';
    ELSIF backup IS NOT NULL THEN
        PERFORM leadroute_internal.known_rep(backup, rep.tenant);
    END IF;
    absent.kind := leadroute_internal.cleaned('pto,sick,meeting,other', said);
    IF absent.kind IS NULL THEN
        RAISE EXCEPTION 'take_off: "%" is no kind of absence', said
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Allowed is one of: pto, sick, meeting, other.';
    END IF;
    absent.during := tstzrange(leadroute_internal.day_begins(from_day, rep.time_zone), leadroute_internal.day_begins(to_day + 1, rep.time_zone));
    INSERT INTO leadroute.absences AS a (rep_id, during, kind, backup_id) VALUES (rep.id, absent.during, absent.kind, backup)
    RETURNING a.* INTO absent;
    RETURN absent;
EXCEPTION WHEN exclusion_violation THEN
    SELECT a.* INTO other FROM leadroute.absences a
     WHERE a.rep_id = rep.id AND a.kind = absent.kind AND a.during && absent.during ORDER BY a.during LIMIT 1;
    RAISE EXCEPTION 'take_off: rep "%" has an absence (%) already from % to %, on the clock of %', rep.id, absent.kind,
            coalesce((lower(other.during) AT TIME ZONE rep.time_zone)::text, 'ever'), coalesce((upper(other.during) AT TIME ZONE rep.time_zone)::text, 'ever'), rep.time_zone
        USING ERRCODE = 'exclusion_violation', HINT = 'Change or delete that one in leadroute.absences, or leave its days out.';
END $$;
COMMENT ON FUNCTION leadroute.take_off(text, date, date, text, text) IS 'Notes that a rep is off from the first to the last day, both included, on the clock of the rep, and returns the absence. While it lasts, backup stands in for their accounts; without one, the standing backup.';

CREATE FUNCTION leadroute_internal.entry_of(external_id text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT regexp_replace(external_id, '#[0-9]+$', '') $$;
COMMENT ON FUNCTION leadroute_internal.entry_of(text) IS 'The id of the entry of a calendar that an absence is a piece of; see calendar_entries(). Internal.';

CREATE FUNCTION leadroute_internal.calendar_entries(source text, rep_id text, during tstzrange, entries jsonb) RETURNS TABLE (external_id text, kind text, span tstzrange)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    entry record;
    span tstzrange;
    named text[] := ARRAY(SELECT e ->> 'external_id' FROM jsonb_array_elements(entries) e WHERE e ->> 'external_id' IS NOT NULL);
    -- by kind: what others have said, or this calendar of other times, and what earlier entries have taken
    taken jsonb := (SELECT jsonb_object_agg(k.kind, (SELECT coalesce(range_agg(a.during), '{}') FROM leadroute.absences a
                                 WHERE a.rep_id = calendar_entries.rep_id AND a.kind = k.kind
                                   AND (a.source <> calendar_entries.source
                                        OR NOT a.during && calendar_entries.during AND (leadroute_internal.entry_of(a.external_id) = ANY (named)) IS NOT TRUE)))
                      FROM unnest('{pto,sick,meeting,other}'::text[]) k (kind));
    free tstzmultirange;
BEGIN
    FOR entry IN SELECT e.external_id, e.kind, e.starts, e.ends,
                        count(*) FILTER (WHERE CASE WHEN e.starts <= e.ends THEN tstzrange(e.starts, e.ends) && calendar_entries.during END) OVER (PARTITION BY e.external_id) AS times
                   FROM jsonb_to_recordset(entries) AS e (external_id text, kind text, starts timestamptz, ends timestamptz)
                  ORDER BY e.starts, e.ends DESC, e.external_id COLLATE "C" LOOP
        IF entry.starts IS NULL OR entry.ends IS NULL OR entry.ends < entry.starts THEN
            RAISE EXCEPTION 'sync_absences: entry "%" of % cannot last from % to %', coalesce(entry.external_id, 'null'), source, coalesce(entry.starts::text, 'null'), coalesce(entry.ends::text, 'null')
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Each needs starts and ends, the earlier first. One whose end nobody knows ends at infinity.';
        END IF;
        span := tstzrange(entry.starts, entry.ends);
        CONTINUE WHEN NOT span && calendar_entries.during;
        IF entry.external_id IS NULL OR NOT taken ? coalesce(entry.kind, '') THEN
            RAISE EXCEPTION 'sync_absences: an entry of % has kind "%" and external_id "%"', source, coalesce(entry.kind, 'null'), coalesce(entry.external_id, 'null')
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Each needs an external_id, starts, ends, and a kind: pto, sick, meeting or other.';
        ELSIF entry.times > 1 THEN
            RAISE EXCEPTION 'sync_absences: % entries of % have the external_id "%"', entry.times, source, entry.external_id
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Give each occurrence an external_id of its own: that of the event with its start, say.';
        END IF;
        free := tstzmultirange(span) - (taken ->> entry.kind)::tstzmultirange;
        taken := taken || jsonb_build_object(entry.kind, (taken ->> entry.kind)::tstzmultirange + tstzmultirange(span));
        -- so that entry_of() finds back from each piece
        RETURN QUERY SELECT entry.external_id || CASE WHEN p.no > 1 OR entry.external_id ~ '#[0-9]+$' THEN '#' || p.no ELSE '' END, entry.kind, p.piece
                       FROM unnest(free) WITH ORDINALITY AS p (piece, no);
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.calendar_entries(text, text, tstzrange, jsonb) IS 'Entries of a calendar that touch a period, without what other sources or earlier entries of the same kind have said already; one that is cut in pieces has #2, #3 in its external_id. Internal.';

CREATE FUNCTION leadroute.sync_absences(source text, rep_id text, during tstzrange, entries jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    rep leadroute.reps := leadroute_internal.known_rep(rep_id, NULL);
    backups jsonb;
    gone integer;
    added integer;
BEGIN
    IF btrim(coalesce(source, '')) IN ('', 'manual') THEN
        RAISE EXCEPTION 'sync_absences: source must name a calendar, not "%"', coalesce(source, 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Absences of source manual are those that people enter.';
    ELSIF during IS NULL OR isempty(during) THEN
        RAISE EXCEPTION 'sync_absences: during must be a period, not %', coalesce(during::text, 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the period that the entries are complete for.';
    ELSIF jsonb_typeof(entries) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION 'sync_absences: entries must be a JSON array, not %', coalesce(jsonb_typeof(entries), 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'An empty one removes what the source has said of the period.';
    END IF;
    -- Two who read the same calendar go one after the other.
    PERFORM FROM leadroute.reps r WHERE r.id = rep.id FOR NO KEY UPDATE;
    -- Whoever somebody has named to stand in does so, too, when the entry lasts longer.
    SELECT jsonb_object_agg(leadroute_internal.entry_of(a.external_id), a.backup_id ORDER BY a.external_id) INTO backups
      FROM leadroute.absences a WHERE a.source = sync_absences.source AND a.rep_id = rep.id AND a.external_id IS NOT NULL AND a.backup_id IS NOT NULL;
    DELETE FROM leadroute.absences a
     WHERE a.source = sync_absences.source AND a.rep_id = rep.id
       -- an entry may have been moved from a time before the period
       AND (a.during && sync_absences.during OR leadroute_internal.entry_of(a.external_id) IN (SELECT e ->> 'external_id' FROM jsonb_array_elements(entries) e))
       AND NOT EXISTS (SELECT FROM leadroute_internal.calendar_entries(sync_absences.source, rep.id, sync_absences.during, entries) e
                        WHERE (e.external_id, e.kind, e.span) = (a.external_id, a.kind, a.during));
    GET DIAGNOSTICS gone = ROW_COUNT;
    INSERT INTO leadroute.absences (rep_id, during, kind, backup_id, source, external_id)
    SELECT rep.id, e.span, e.kind, backups ->> leadroute_internal.entry_of(e.external_id), sync_absences.source, e.external_id
      FROM leadroute_internal.calendar_entries(sync_absences.source, rep.id, sync_absences.during, entries) e
     WHERE NOT EXISTS (SELECT FROM leadroute.absences a WHERE a.source = sync_absences.source AND a.rep_id = rep.id AND a.external_id = e.external_id AND a.during = e.span);
    GET DIAGNOSTICS added = ROW_COUNT;
    RETURN gone + added;
END $$;
COMMENT ON FUNCTION leadroute.sync_absences(text, text, tstzrange, jsonb) IS 'Makes the absences that a calendar (source) says of a rep in a period those of entries, a list of {"external_id", "starts", "ends", "kind"}: new ones are added, changed ones replaced, and what the calendar no longer has is removed. What is as it was is not touched. Where another source has noted an absence of the same kind, that one stays, and the rest of the entry is added. A backup_id that somebody has set stays with the entry. Returns how many rows changed. external_id must be unique in the calendar, also over reps.';
