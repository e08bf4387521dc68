-- 200 reps: 16 in each of 12 territories, and 8 who work for all.

-- Hours of the managers only. They are in no pool with a weight, own no account and take over by the SLA ladder at any
-- hour, so that what the sample shows does not depend on the time of day.
INSERT INTO leadroute.schedules (name) VALUES ('office-americas'), ('office-europe'), ('round-the-world');

INSERT INTO leadroute.schedule_hours (schedule, weekday, opens, closes)
SELECT 'office-americas', weekday, '08:30'::time, '17:30'::time FROM generate_series(1, 5) weekday
UNION ALL
SELECT 'office-europe', weekday, block.opens, block.closes
  FROM generate_series(1, 5) weekday, (VALUES ('09:00'::time, '12:30'::time), ('13:30', '18:00')) block (opens, closes)
UNION ALL
-- A night shift ends on the day after.
SELECT 'round-the-world', weekday, '20:00'::time, '06:00'::time FROM generate_series(1, 7) weekday;

INSERT INTO leadroute.holidays (schedule, day, name) VALUES
    ('office-americas', '2030-07-04', 'Independence Day'), ('office-americas', '2030-11-28', 'Thanksgiving'),
    ('office-europe', '2030-05-01', 'Labour Day'), ('office-europe', '2030-12-25', 'Christmas Day'),
    ('office-europe', '2030-12-26', 'Second day of Christmas'), ('round-the-world', '2030-01-01', 'New Year');

-- Who sits where; the files that follow find their reps here.
DROP TABLE IF EXISTS pg_temp.seat;
CREATE TEMP TABLE seat AS
SELECT p.no AS place_no, p.territory, p.area, t.team, t.rank,
       p.firsts[1 + (k - 1) % 8] || ' ' || p.lasts[1 + (k - 1) % 4 + (k - 1) / 8 * 4] AS name,
       lower(p.firsts[1 + (k - 1) % 8] || '.' || p.lasts[1 + (k - 1) % 4 + (k - 1) / 8 * 4]) AS rep_id
  FROM place p, generate_series(1, 16) k
 CROSS JOIN LATERAL (
    SELECT CASE WHEN k = 1 THEN 'manager' WHEN k <= 5 THEN 'enterprise' WHEN k <= 9 THEN 'mid-market'
                WHEN k <= 13 THEN 'smb' WHEN k <= 15 THEN 'success' ELSE 'public sector' END AS team,
           CASE WHEN k = 1 THEN 1 WHEN k <= 13 THEN 1 + (k - 2) % 4 WHEN k <= 15 THEN k - 13 ELSE 1 END AS rank) t
UNION ALL
SELECT 0, NULL, NULL, team, rank, name, lower(replace(name, ' ', '.'))
  FROM (VALUES ('head of sales', 1, 'Margaret Oakes'), ('head of success', 1, 'Tobias Winterfeld'),
               ('head of partners', 1, 'Priya Raman'), ('head of public sector', 1, 'Martin Elsegood'),
               ('partner desk', 1, 'Clara Bonnet'), ('partner desk', 2, 'Hugo Stenmark'),
               ('partner desk', 3, 'Yasmin Kaplan'), ('partner desk', 4, 'Peter Novotny')) head (team, rank, name);

CREATE OR REPLACE FUNCTION pg_temp.rep(territory text, team text, rank integer) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT rep_id FROM pg_temp.seat s
     WHERE s.territory IS NOT DISTINCT FROM $1 AND s.team = $2 AND s.rank = $3 $$;

INSERT INTO leadroute.reps (id, name, email, role, manager_id, time_zone, schedule, languages, products, skills,
                            backup_id)
SELECT s.rep_id, s.name, s.rep_id || '@brightwater-loom.com',
       CASE WHEN s.team = 'manager' OR s.team LIKE 'head of %' THEN 'manager' WHEN s.team = 'smb' THEN 'SDR'
            WHEN s.team = 'success' THEN 'CSM' ELSE 'AE' END,
       -- The managers are reps too, and answer to the head of sales.
       CASE s.team WHEN 'head of sales' THEN NULL
                   WHEN 'success' THEN pg_temp.rep(NULL, 'head of success', 1)
                   WHEN 'public sector' THEN pg_temp.rep(NULL, 'head of public sector', 1)
                   WHEN 'partner desk' THEN pg_temp.rep(NULL, 'head of partners', 1)
                   WHEN 'enterprise' THEN m.rep_id WHEN 'mid-market' THEN m.rep_id WHEN 'smb' THEN m.rep_id
                   ELSE pg_temp.rep(NULL, 'head of sales', 1) END,
       coalesce(p.zone, 'UTC'),
       CASE WHEN s.team <> 'manager' THEN NULL WHEN s.area = 'americas' THEN 'office-americas'
            WHEN s.area = 'emea' THEN 'office-europe' ELSE 'round-the-world' END,
       -- Everybody speaks English; the fourth of a team nothing else, the third only the first language of the place.
       CASE WHEN p.no IS NOT NULL THEN ARRAY(
            SELECT DISTINCT unnest(ARRAY['en'] || CASE s.rank WHEN 4 THEN '{}' WHEN 3 THEN p.languages[1:1]
                                                              ELSE p.languages END)
             ORDER BY 1) END,
       -- NULL sells everything: managers, CSMs and desks.
       CASE WHEN s.team IN ('enterprise', 'mid-market', 'smb') THEN
            CASE s.rank WHEN 2 THEN '{analytics,automation}'::text[] WHEN 3 THEN '{analytics,platform}'
                        ELSE '{analytics,automation,platform}' END END,
       -- The one in France is still in training.
       CASE WHEN s.team = 'public sector' AND s.territory <> 'france' THEN ARRAY['public-procurement']
            WHEN s.area = 'apac' AND s.team = 'enterprise' AND s.rank <= 2 THEN ARRAY['public-procurement']
            WHEN s.team = 'enterprise' THEN ARRAY['security-review'] END,
       CASE WHEN s.team IN ('enterprise', 'mid-market', 'smb', 'partner desk')
            THEN pg_temp.rep(s.territory, s.team, 1 + s.rank % 4)
            WHEN s.team = 'success' THEN pg_temp.rep(s.territory, s.team, 3 - s.rank)
            WHEN s.team = 'public sector' THEN pg_temp.rep(s.territory, 'enterprise', 1)
            WHEN s.team = 'head of sales' THEN NULL
            ELSE pg_temp.rep(NULL, 'head of sales', 1) END
  FROM pg_temp.seat s
  LEFT JOIN place p ON p.no = s.place_no
  LEFT JOIN pg_temp.seat m ON m.territory = s.territory AND m.team = 'manager'
 ORDER BY s.place_no, s.rep_id COLLATE "C";

-- Left the company.
UPDATE leadroute.reps SET active = false
 WHERE id IN (pg_temp.rep('us-west', 'smb', 4), pg_temp.rep('france', 'smb', 3), pg_temp.rep('latam', 'mid-market', 3),
              pg_temp.rep('nordics-benelux', 'enterprise', 4));

-- Not at their desks; presence_at is a fixed moment like every other.
UPDATE leadroute.reps SET presence = v.presence, presence_at = '2025-06-02 08:00+00'
  FROM (VALUES (pg_temp.rep('uk-ireland', 'enterprise', 2), 'away'), (pg_temp.rep('us-east', 'mid-market', 1), 'away'),
               (pg_temp.rep('dach', 'smb', 1), 'offline'), (pg_temp.rep('asia-pacific', 'mid-market', 4), 'offline'),
               (pg_temp.rep('south-europe', 'success', 1), 'offline')) v (rep_id, presence)
 WHERE id = v.rep_id;

-- Away whenever you load this: from a past that is over to a future that is far.
INSERT INTO leadroute.absences (rep_id, during, kind, backup_id, source, external_id)
SELECT pg_temp.rep(v.territory, v.team, v.rank), v.during::tstzrange, v.kind,
       CASE WHEN v.backup_rank IS NOT NULL THEN pg_temp.rep(v.territory, v.team, v.backup_rank) END, 'hr',
       'leave-' || row_number() OVER ()
  FROM (VALUES
    ('us-east', 'enterprise', 2, '[2024-01-01 00:00+00, 2099-01-01 00:00+00)', 'pto', 4),
    ('us-central', 'smb', 3, '[2024-02-01 00:00+00, 2099-01-01 00:00+00)', 'pto', NULL),
    ('uk-ireland', 'mid-market', 2, '[2024-05-01 00:00+00, 2099-01-01 00:00+00)', 'other', NULL),
    ('dach', 'enterprise', 3, '[2024-03-04 00:00+00, 2099-01-01 00:00+00)', 'pto', NULL),
    ('dach', 'mid-market', 2, '[2024-03-04 00:00+00, 2099-01-01 00:00+00)', 'pto', NULL),
    ('france', 'success', 2, '[2024-06-01 00:00+00, 2099-01-01 00:00+00)', 'meeting', NULL),
    -- Sick leave without a known end.
    ('us-central', 'enterprise', 1, '[2024-09-02 00:00+00,)', 'sick', NULL),
    ('asia-pacific', 'smb', 2, '[2024-09-02 00:00+00,)', 'sick', NULL),
    -- Two who stand in for each other are both away: their leads go on to the segment.
    ('canada', 'success', 1, '[2024-07-01 00:00+00,)', 'sick', NULL),
    ('canada', 'success', 2, '[2024-07-01 00:00+00, 2099-01-01 00:00+00)', 'pto', 1),
    -- A whole team of enterprise reps is at a fair.
    ('middle-east-africa', 'enterprise', 1, '[2024-08-01 00:00+00, 2099-01-01 00:00+00)', 'meeting', NULL),
    ('middle-east-africa', 'enterprise', 2, '[2024-08-01 00:00+00, 2099-01-01 00:00+00)', 'meeting', NULL),
    ('middle-east-africa', 'enterprise', 3, '[2024-08-01 00:00+00, 2099-01-01 00:00+00)', 'meeting', NULL),
    ('middle-east-africa', 'enterprise', 4, '[2024-08-01 00:00+00, 2099-01-01 00:00+00)', 'meeting', NULL)
  ) v (territory, team, rank, during, kind, backup_rank);

-- Over, or not yet begun: these keep nobody from work.
INSERT INTO leadroute.absences (rep_id, during, kind, source, external_id)
SELECT rep_id, during::tstzrange, 'pto', 'calendar', 'calendar-' || summer || '-' || rep_id
  FROM pg_temp.seat, (VALUES (2023, '[2023-07-03 00:00+00, 2023-07-17 00:00+00)'),
                             (2098, '[2098-07-07 00:00+00, 2098-07-21 00:00+00)')) v (summer, during)
 WHERE team = 'smb' AND rank <= 2
 ORDER BY place_no, rank, summer;
