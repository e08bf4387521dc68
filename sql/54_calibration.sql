-- Whether higher scores convert better, and where borders between tiers would tell more.

CREATE FUNCTION leadroute_internal.wilson(converted bigint, closed bigint, OUT low numeric, OUT high numeric, OUT is_too_few boolean)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    -- (p + z²/2n ± z √(p (1 - p) / n + z²/4n²)) / (1 + z²/n)
    SELECT CASE WHEN b.low IS NOT NULL THEN round(greatest(b.low, 0)::numeric, 1) END, CASE WHEN b.high IS NOT NULL THEN round(least(b.high, 100)::numeric, 1) END,
           coalesce(wilson.closed < 30 OR b.high - b.low > 30, true)
      FROM (SELECT 100 * (e.middle - e.reach) / e.scale AS low, 100 * (e.middle + e.reach) / e.scale AS high
              FROM (SELECT s.p + s.zz / (2 * s.n) AS middle, sqrt(s.zz * (s.p * (1 - s.p) / s.n + s.zz / (4 * s.n * s.n))) AS reach, 1 + s.zz / s.n AS scale
                      FROM (SELECT nullif(wilson.closed, 0)::float8 AS n, wilson.converted::float8 / nullif(wilson.closed, 0) AS p, 1.959963984540054::float8 ^ 2 AS zz) s) e) b;
END;
COMMENT ON FUNCTION leadroute_internal.wilson(bigint, bigint) IS 'The interval in which the true rate lies with a confidence of 95 %, in percent (E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American Statistical Association 22 (1927) 209-212), and whether it says too little: fewer than 30, or wider than 30 points. Internal.';

CREATE FUNCTION leadroute_internal.score_bands(segment text, tenant text) RETURNS TABLE (band numrange, is_tier boolean)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH tier AS (
        SELECT t.score FROM leadroute.tiers t
         WHERE (t.tenants IS NULL OR score_bands.tenant = ANY (t.tenants))
           AND CASE WHEN score_bands.segment IS NOT NULL THEN t.segment IS NULL OR t.segment = score_bands.segment
                    -- where each segment has tiers of its own, all of theirs
                    ELSE t.segment IS NULL OR NOT EXISTS (SELECT FROM leadroute.tiers a WHERE a.segment IS NULL AND (a.tenants IS NULL OR score_bands.tenant = ANY (a.tenants))) END
    ), cut AS (
        SELECT lower(t.score) AS at, NOT lower_inc(t.score) AS is_after FROM tier t WHERE NOT lower_inf(t.score)
        UNION
        SELECT upper(t.score), upper_inc(t.score) FROM tier t WHERE NOT upper_inf(t.score)
        UNION
        SELECT NULL, true
    ), band AS (
        SELECT c.at, c.is_after, lead(c.at) OVER w AS end_at, lead(c.is_after) OVER w AS ends_after FROM cut c WINDOW w AS (ORDER BY c.at NULLS FIRST, c.is_after)
    )
    SELECT r.band, EXISTS (SELECT FROM tier t WHERE t.score @> r.band)
      FROM (SELECT numrange(b.at, b.end_at, CASE WHEN b.is_after THEN '(' ELSE '[' END || CASE WHEN b.end_at IS NOT NULL AND b.ends_after THEN ']' ELSE ')' END) AS band FROM band b) r;
END;
COMMENT ON FUNCTION leadroute_internal.score_bands(text, text) IS 'All scores, cut wherever a tier of the segment, or for all segments, begins or ends. Without a segment the tiers for all, else those of every segment. is_tier: scores of a tier, rather than between or beside them. Internal.';

CREATE FUNCTION leadroute.score_calibration(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (segment text, band numrange, leads bigint, closed bigint, converted bigint, percent_converted numeric, low numeric, high numeric, verdict text, tenant text)
    -- not inlined: its plan looks dear, and would be compiled for longer than it runs; a nested loop over leads and bands looks cheap where many tenants have few of them
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off SET enable_nestloop = off
BEGIN ATOMIC
    WITH came AS MATERIALIZED (
        -- first by score, of which there are fewer than leads
        SELECT l.tenant, l.segment, coalesce(l.score, 0) AS score, count(*) AS leads,
               count(*) FILTER (WHERE leadroute_internal.is_closed(l.status)) AS closed, count(*) FILTER (WHERE l.status = 'converted') AS converted
          FROM leadroute.leads l
         WHERE l.created_at >= score_calibration.since AND l.created_at < score_calibration.until AND l.duplicate_of IS NULL
           AND (score_calibration.tenant IS NULL OR l.tenant = score_calibration.tenant)
         GROUP BY l.tenant, l.segment, coalesce(l.score, 0)
    ), grain AS (
        SELECT DISTINCT c.tenant, c.segment FROM came c WHERE c.segment IS NOT NULL
        UNION
        SELECT c.tenant, NULL FROM came c
        UNION
        -- bounds that are no period leave nobody, and are refused here
        SELECT coalesce(score_calibration.tenant, ''), NULL
         WHERE leadroute_internal.is_period(score_calibration.since, score_calibration.until) AND (score_calibration.tenant IS NOT NULL OR NOT EXISTS (SELECT FROM came))
    ), named AS (
        SELECT DISTINCT n.tenant FROM leadroute.tiers t CROSS JOIN unnest(t.tenants) AS n (tenant)
    ), keyed AS MATERIALIZED (
        -- tenants that no tier names have the same tiers
        SELECT g.tenant, g.segment, n.tenant AS tiers_of, jsonb_build_array(g.segment, n.tenant) AS key FROM grain g LEFT JOIN named n ON n.tenant = g.tenant
    ), banded AS MATERIALIZED (
        SELECT g.tenant, g.segment, b.band, b.is_tier
          FROM keyed g JOIN (SELECT d.key, x.band, x.is_tier FROM (SELECT DISTINCT k.key, k.segment, k.tiers_of FROM keyed k) d
                              CROSS JOIN LATERAL leadroute_internal.score_bands(d.segment, d.tiers_of) x) b ON b.key = g.key
    ), counted AS (
        SELECT b.tenant, b.segment, b.band, coalesce(sum(c.leads), 0)::bigint AS leads, coalesce(sum(c.closed), 0)::bigint AS closed, coalesce(sum(c.converted), 0)::bigint AS converted
          FROM banded b LEFT JOIN came c ON c.tenant = b.tenant AND c.segment = b.segment AND b.band @> c.score
         WHERE b.segment IS NOT NULL GROUP BY b.tenant, b.segment, b.band, b.is_tier HAVING b.is_tier OR count(c.score) > 0
        UNION ALL
        SELECT b.tenant, NULL, b.band, coalesce(sum(c.leads), 0)::bigint, coalesce(sum(c.closed), 0)::bigint, coalesce(sum(c.converted), 0)::bigint
          FROM banded b LEFT JOIN came c ON c.tenant = b.tenant AND b.band @> c.score
         WHERE b.segment IS NULL GROUP BY b.tenant, b.band, b.is_tier HAVING b.is_tier OR count(c.score) > 0
    ), judged AS (
        SELECT c.*, w.low, w.high, w.is_too_few, 100.0 * c.converted / nullif(c.closed, 0) AS rate,
               -- the last one below that has enough
               count(*) FILTER (WHERE NOT w.is_too_few) OVER (PARTITION BY c.tenant, c.segment ORDER BY c.band) AS place
          FROM counted c CROSS JOIN LATERAL leadroute_internal.wilson(c.converted, c.closed) w
    )
    SELECT j.segment, j.band, j.leads, j.closed, j.converted, round(j.rate, 1), j.low, j.high,
           CASE WHEN j.is_too_few THEN 'too few leads' WHEN b.place IS NULL THEN 'the lowest band' WHEN j.low > b.high THEN 'converts better'
                WHEN j.high < b.low THEN 'converts worse' WHEN j.rate <= b.rate THEN 'converts no better' ELSE 'not told apart' END,
           j.tenant
      FROM judged j
      LEFT JOIN judged b ON b.tenant = j.tenant AND coalesce(b.segment, '') = coalesce(j.segment, '') AND (b.segment IS NULL) = (j.segment IS NULL) AND NOT b.is_too_few AND NOT j.is_too_few AND b.place = j.place - 1
     ORDER BY j.tenant, j.segment NULLS FIRST, j.band;
END;
COMMENT ON FUNCTION leadroute.score_calibration(timestamptz, timestamptz, text) IS 'How leads of each band of scores have converted that came from since until before until, with confidence, by segment and over all: the columns are those of the view.';

CREATE FUNCTION leadroute_internal.recent_score_calibration()
    RETURNS TABLE (segment text, band numrange, leads bigint, closed bigint, converted bigint, percent_converted numeric, low numeric, high numeric, verdict text, tenant text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT * FROM leadroute.score_calibration(now() - interval '90 days', 'infinity');
END;
COMMENT ON FUNCTION leadroute_internal.recent_score_calibration() IS 'The rows of the view score_calibration. Internal.';

CREATE VIEW leadroute.score_calibration AS SELECT c.* FROM leadroute_internal.recent_score_calibration() c;
COMMENT ON VIEW leadroute.score_calibration IS 'How leads of each band of scores have converted that came in the last 90 days, by segment and over all; the function of the same name has any period. Bands are cut where tiers begin and end now, whatever tier a lead was in then; a lead without score counts as 0.';
COMMENT ON COLUMN leadroute.score_calibration.segment IS 'The segment; NULL is all leads.';
COMMENT ON COLUMN leadroute.score_calibration.band IS 'The scores.';
COMMENT ON COLUMN leadroute.score_calibration.leads IS 'Leads with such a score that came in the period, touches not counted.';
COMMENT ON COLUMN leadroute.score_calibration.closed IS 'Of these, how many are converted, lost or disqualified by now.';
COMMENT ON COLUMN leadroute.score_calibration.converted IS 'Of these, how many are converted.';
COMMENT ON COLUMN leadroute.score_calibration.percent_converted IS 'Converted of closed, in percent; NULL where none is closed.';
COMMENT ON COLUMN leadroute.score_calibration.low IS 'Lower end of the interval of Wilson, in percent: the true rate lies in it with a confidence of 95 %.';
COMMENT ON COLUMN leadroute.score_calibration.high IS 'Its upper end, in percent.';
COMMENT ON COLUMN leadroute.score_calibration.verdict IS 'too few leads: fewer than 30 closed, or an interval wider than 30 points. Else beside the next lower band that has enough: converts better, converts no better (the rate is not higher), converts worse, or not told apart, where it is higher and the intervals overlap. The lowest one is the lowest band.';
COMMENT ON COLUMN leadroute.score_calibration.tenant IS 'The organisation.';

CREATE FUNCTION leadroute_internal.separate_bands(scores numeric[], closed bigint[], converted bigint[], OUT begins numeric[], OUT of_closed bigint[], OUT of_converted bigint[])
    LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    n integer := 0;
    i integer;
    joined integer;
BEGIN
    -- Isotonic regression by pool adjacent violators: a band that converts no better than the one before is joined with it.
    FOR i IN 1..coalesce(cardinality(scores), 0) LOOP
        n := n + 1;
        begins[n] := scores[i];
        of_closed[n] := closed[i];
        of_converted[n] := converted[i];
        WHILE n > 1 AND of_converted[n] * of_closed[n - 1] <= of_converted[n - 1] * of_closed[n] LOOP
            n := n - 1;
            of_closed[n] := of_closed[n] + of_closed[n + 1];
            of_converted[n] := of_converted[n] + of_converted[n + 1];
        END LOOP;
    END LOOP;
    begins := begins[1:n];
    of_closed := of_closed[1:n];
    of_converted := of_converted[1:n];
    -- Then those that are told apart least are joined, as long as there are any whose intervals overlap.
    LOOP
        SELECT p.place INTO joined
          FROM (SELECT u.place, u.k, u.n, lead(u.k) OVER w AS next_k, lead(u.n) OVER w AS next_n FROM unnest(of_converted, of_closed) WITH ORDINALITY AS u (k, n, place) WINDOW w AS (ORDER BY u.place)) p
         CROSS JOIN LATERAL leadroute_internal.wilson(p.k, p.n) a CROSS JOIN LATERAL leadroute_internal.wilson(p.next_k, p.next_n) b
         WHERE p.next_n IS NOT NULL AND (a.is_too_few OR b.is_too_few OR a.high >= b.low)
         ORDER BY p.next_k::numeric / p.next_n - p.k::numeric / p.n, p.place LIMIT 1;
        EXIT WHEN NOT FOUND;
        of_closed := of_closed[:joined - 1] || of_closed[joined] + of_closed[joined + 1] || of_closed[joined + 2:];
        of_converted := of_converted[:joined - 1] || of_converted[joined] + of_converted[joined + 1] || of_converted[joined + 2:];
        begins := begins[:joined] || begins[joined + 2:];
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.separate_bands(numeric[], bigint[], bigint[]) IS 'Bands of scores whose rates of conversion rise, and whose intervals do not overlap: isotonic regression (M. Ayer, H. D. Brunk, G. M. Ewing, W. T. Reid and E. Silverman, An empirical distribution function for sampling with incomplete information, Annals of Mathematical Statistics 26 (1955) 641-647), then neighbours joined that cannot be told apart. Internal.';

CREATE FUNCTION leadroute_internal.borders_as_sql(for_segment text, for_tenant text, bands numrange[]) RETURNS text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH tier AS (
        SELECT t.id, t.segment, t.name, t.score, t.tenants, row_number() OVER (ORDER BY t.score) AS place, count(*) OVER () AS tiers,
               range_merge(range_agg(t.score) OVER ()) AS all_scores
          FROM leadroute.tiers t
         WHERE t.segment IS NOT DISTINCT FROM borders_as_sql.for_segment AND (t.tenants IS NULL OR borders_as_sql.for_tenant = ANY (t.tenants))
    ), change AS (
        SELECT t.*, b.band * t.all_scores AS band, format(' WHERE name = %L AND segment %s AND tenants %s;', t.name, coalesce('= ' || quote_literal(t.segment), 'IS NULL'),
                                   coalesce('= ' || quote_literal(t.tenants), 'IS NULL')) AS of_tier
          FROM tier t JOIN unnest(borders_as_sql.bands) WITH ORDINALITY AS b (band, place) ON b.place = t.place
    )
    -- Scores of tiers never overlap, not even on the way: first each gives up what it loses, then takes what it gains.
    SELECT string_agg(format('UPDATE tiers SET score = %L', s.score) || s.of_tier, E'\n' ORDER BY s.step, s.place)
      FROM (SELECT 1 AS step, c.score * c.band AS score, c.of_tier, c.place FROM change c WHERE c.score * c.band <> c.score
            UNION ALL
            SELECT 2, c.band, c.of_tier, c.place FROM change c WHERE c.band <> c.score * c.band) s
    HAVING (SELECT coalesce(bool_and(c.tiers = cardinality(borders_as_sql.bands) AND NOT isempty(c.score * c.band)), false) FROM change c);
END;
COMMENT ON FUNCTION leadroute_internal.borders_as_sql(text, text, numrange[]) IS 'SQL that gives the tiers of a segment, or for all segments, these scores, from the lowest on, as far as they reach; NULL where there are not as many, where one would have none of its own scores, and where nothing would change. Internal.';

CREATE FUNCTION leadroute_internal.scored_leads(since timestamptz, until timestamptz, segment text, tenant text)
    RETURNS TABLE (score numeric, leads bigint, closed bigint, converted bigint)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(l.score, 0), count(*), count(*) FILTER (WHERE leadroute_internal.is_closed(l.status)), count(*) FILTER (WHERE l.status = 'converted')
      FROM leadroute.leads l
     WHERE l.created_at >= scored_leads.since AND l.created_at < scored_leads.until AND l.duplicate_of IS NULL
       AND (scored_leads.tenant IS NULL OR l.tenant = scored_leads.tenant) AND (scored_leads.segment IS NULL OR l.segment = scored_leads.segment)
     GROUP BY coalesce(l.score, 0);
END;
COMMENT ON FUNCTION leadroute_internal.scored_leads(timestamptz, timestamptz, text, text) IS 'Leads of a period by score; a lead without score counts as 0. Internal.';

CREATE FUNCTION leadroute.suggest_score_borders(since timestamptz, until timestamptz, segment text DEFAULT NULL, tenant text DEFAULT NULL)
    RETURNS TABLE (band numrange, leads bigint, closed bigint, converted bigint, percent_converted numeric, low numeric, high numeric, explanation text, sql text)
    -- not inlined: its plan looks dear, and would be compiled for longer than it runs
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off
BEGIN ATOMIC
    WITH scored AS MATERIALIZED (
        SELECT * FROM leadroute_internal.scored_leads(suggest_score_borders.since, suggest_score_borders.until, suggest_score_borders.segment, suggest_score_borders.tenant)
    ), bin AS (
        -- a two-hundredth of the closed leads each, or one score
        SELECT min(s.score) AS score, sum(s.closed)::bigint AS closed, sum(s.converted)::bigint AS converted
          FROM (SELECT c.*, (sum(c.closed) OVER (ORDER BY c.score) - c.closed) * 200 / sum(c.closed) OVER () AS place FROM scored c WHERE c.closed > 0) s
         GROUP BY floor(s.place)
    ), separate AS (
        SELECT x.begins FROM (SELECT array_agg(b.score ORDER BY b.score) AS scores, array_agg(b.closed ORDER BY b.score) AS closed, array_agg(b.converted ORDER BY b.score) AS converted FROM bin b) a
         CROSS JOIN LATERAL leadroute_internal.separate_bands(a.scores, a.closed, a.converted) x
    ), banded AS (
        SELECT numrange(CASE WHEN u.place > 1 THEN u.begins END, s.begins[u.place + 1]) AS band
          FROM separate s CROSS JOIN LATERAL unnest(coalesce(nullif(s.begins, '{}'), '{0}'::numeric[])) WITH ORDINALITY AS u (begins, place)
         WHERE leadroute_internal.is_period(suggest_score_borders.since, suggest_score_borders.until)
    ), counted AS (
        SELECT b.band, coalesce(sum(c.leads), 0)::bigint AS leads, coalesce(sum(c.closed), 0)::bigint AS closed, coalesce(sum(c.converted), 0)::bigint AS converted
          FROM banded b LEFT JOIN scored c ON b.band @> c.score GROUP BY b.band
    ), judged AS (
        SELECT c.*, w.low, w.high, w.is_too_few, leadroute_internal.percent(c.converted, c.closed) AS percent, count(*) OVER () AS bands,
               lag(w.high) OVER (ORDER BY c.band) AS high_below, array_agg(c.band) OVER (ORDER BY c.band ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS all_bands
          FROM counted c CROSS JOIN LATERAL leadroute_internal.wilson(c.converted, c.closed) w
    )
    SELECT j.band, j.leads, j.closed, j.converted, j.percent, j.low, j.high,
           CASE WHEN j.bands = 1 AND j.is_too_few THEN format('too few leads: %s closed; 30 are needed at least, and an interval of at most 30 points', j.closed)
                WHEN j.bands = 1 THEN format('no border tells these leads apart: whatever the score, %s %% of %s closed converted (%s to %s %% with a confidence of 95 %%)', j.percent, j.closed, j.low, j.high)
                ELSE format('%s: %s %% of %s closed converted (%s to %s %% with a confidence of 95 %%)%s',
                            CASE WHEN lower_inf(j.band) THEN format('scores below %s', upper(j.band)) WHEN upper_inf(j.band) THEN format('scores from %s on', lower(j.band))
                                 ELSE format('scores from %s to below %s', lower(j.band), upper(j.band)) END,
                            j.percent, j.closed, j.low, j.high, CASE WHEN j.high_below IS NOT NULL THEN format(', those below at most %s %%', j.high_below) ELSE '' END) END,
           CASE WHEN j.bands > 1 THEN leadroute_internal.borders_as_sql(suggest_score_borders.segment, suggest_score_borders.tenant, j.all_bands) END
      FROM judged j ORDER BY j.band;
END;
COMMENT ON FUNCTION leadroute.suggest_score_borders(timestamptz, timestamptz, text, text) IS 'Borders of scores that tell leads of a period, of one segment or of all, apart by conversion: isotonic regression, then neighbours joined as long as the 95 % intervals of Wilson overlap, or say too little (fewer than 30 closed, or wider than 30 points). A row for each band, with its expected conversion, in words, too. sql, the same in each row, is for propose_change(): it gives the tiers of the segment, or those for all segments, the new borders; NULL where there are not as many tiers as bands, or nothing would change.';
