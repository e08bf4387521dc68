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
