-- Dice and words from which everybody and everything is made. Lives in pg_temp: nothing of it stays.
--
-- The seed is the text 'brightwater' in dice(). Rows depend on it and on nothing else: md5() gives the same on every
-- machine and in every version of PostgreSQL, which random() with setseed() does not promise.

-- A number from 0 to sides - 1; the same question gets the same answer.
CREATE OR REPLACE FUNCTION pg_temp.dice(what text, n integer, sides integer) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$
    SELECT (('x' || substr(md5('brightwater' || ':' || what || ':' || n), 1, 8))::bit(32)::bigint % sides)::integer $$;

CREATE OR REPLACE FUNCTION pg_temp.pick(what text, n integer, choices text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT choices[1 + pg_temp.dice(what, n, cardinality(choices))] $$;

CREATE OR REPLACE FUNCTION pg_temp.account_id(n integer) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT 'A-' || lpad(n::text, 5, '0') $$;

-- Territories. Reps bear the last names 1 to 8, buyers 9 to 16.
DROP TABLE IF EXISTS pg_temp.place;
CREATE TEMP TABLE place (
    no integer PRIMARY KEY, territory text, area text, zone text, countries text[], tlds text[], regions text[],
    languages text[], phone text, firsts text[], lasts text[]);

INSERT INTO place VALUES
(1, 'us-east', 'americas', 'America/New_York', '{US}', '{com}', '{NY,MA,NJ,PA,FL,GA,VA,NC}', '{en,es}', '+1 212 555',
 '{Abigail,Caleb,Dana,Elliot,Grace,Isaac,Naomi,Wesley}',
 '{Ashcroft,Barlow,Delgado,Hollis,Kessler,Lindqvist,Prescott,Tolliver,Abbott,Brandt,Crane,Dunmore,Fairley,Hadley,Locke,Marlow}'),
(2, 'us-central', 'americas', 'America/Chicago', '{US}', '{com}', '{TX,IL,MN,OH,MO,CO,MI,WI}', '{en,es}', '+1 312 555',
 '{Audrey,Blake,Cora,Dustin,Faith,Hank,Joanna,Travis}',
 '{Beckett,Calloway,Dorsey,Eastman,Garza,Haskell,Jessup,Norwood,Ambrose,Bledsoe,Cantrell,Dillard,Embry,Frost,Goddard,Hale}'),
(3, 'us-west', 'americas', 'America/Los_Angeles', '{US}', '{com}', '{CA,WA,OR,NV,AZ,UT}', '{en,es}', '+1 415 555',
 '{Aiko,Brandon,Celeste,Derek,Iris,Jasper,Marisol,Tyler}',
 '{Alvarado,Bautista,Chang,Ferris,Ishikawa,Larkin,Okafor,Sandoval,Avila,Boyd,Castro,Devine,Espinoza,Fong,Gallo,Hwang}'),
(4, 'canada', 'americas', 'America/Toronto', '{CA}', '{ca}', '{ON,QC,BC,AB}', '{en,fr}', '+1 416 555',
 '{Amelie,Benoit,Claire,Duncan,Fiona,Gavin,Helene,Scott}',
 '{Beauchamp,Campbell,Desrosiers,Fraser,Gagnon,Lavoie,MacLeod,Tremblay,Archambault,Bouchard,Cardinal,Dube,Gillis,Levesque,McBride,Ouellet}'),
(5, 'latam', 'americas', 'America/Sao_Paulo', '{BR,MX,AR,CL,CO}', '{com.br,com.mx,com.ar,cl,com.co}', NULL, '{es,pt}', '+55 11 5550',
 '{Ana,Bruno,Camila,Diego,Fernanda,Gustavo,Lucia,Rafael}',
 '{Almeida,Barrios,Cardoso,Esquivel,Figueroa,Monteiro,Quiroga,Teixeira,Aguirre,Brito,Carvalho,Duarte,Fonseca,Godoy,Herrera,Macedo}'),
(6, 'uk-ireland', 'emea', 'Europe/London', '{GB,IE}', '{co.uk,ie}', NULL, '{en}', '+44 20 8555',
 '{Aoife,Callum,Eleanor,Declan,Imogen,Hamish,Niamh,Rhys}',
 '{Ainsworth,Brennan,Cartwright,Doyle,Fenwick,Gallagher,Pritchard,Wetherby,Alcott,Byrne,Colby,Devlin,Elwood,Farrell,Griffiths,Hartley}'),
(7, 'dach', 'emea', 'Europe/Berlin', '{DE,AT,CH}', '{de,at,ch}', NULL, '{de}', '+49 30 5550',
 '{Anja,Bernd,Carla,Dieter,Franziska,Jonas,Katrin,Stefan}',
 '{Achleitner,Baumgart,Dornbusch,Eichhorn,Hofstetter,Lindner,Rosenthal,Zumwald,Adler,Brandl,Drexler,Fassbender,Gruber,Hartwig,Imhof,Kappeler}'),
(8, 'france', 'emea', 'Europe/Paris', '{FR,LU}', '{fr,lu}', NULL, '{fr}', '+33 1 5550',
 '{Aurelie,Bastien,Chloe,Damien,Elodie,Fabrice,Juliette,Thierry}',
 '{Aubertin,Blanchet,Chevallier,Delacourt,Fontanel,Marchand,Perrault,Vasseur,Arnoux,Boisvert,Charrier,Delmas,Faucher,Guerin,Lacombe,Moulin}'),
(9, 'nordics-benelux', 'emea', 'Europe/Stockholm', '{SE,NO,DK,FI,NL,BE}', '{se,no,dk,fi,nl,be}', NULL, '{sv,nl}', '+46 8 555',
 '{Astrid,Bram,Freja,Henrik,Ingrid,Lars,Maaike,Sven}',
 '{Ahlgren,Bakker,Dahlberg,Ekstrand,Haugen,Mulder,Nyberg,Verhoeven,Aalto,Bergstrom,Claes,Dijkstra,Engberg,Falk,Granholm,Hoekstra}'),
(10, 'south-europe', 'emea', 'Europe/Rome', '{IT,ES,PT,GR}', '{it,es,pt,gr}', NULL, '{it,es}', '+39 06 5550',
 '{Alessia,Beatriz,Carlo,Davide,Elena,Nuno,Paola,Sergio}',
 '{Arrighi,Benedetti,Calvino,Echeverria,Fiorentino,Lombardo,Navarrete,Salgado,Albani,Bellini,Coppola,Donati,Ferrante,Gallardo,Iglesias,Lucchesi}'),
(11, 'asia-pacific', 'apac', 'Asia/Singapore', '{AU,JP,SG,IN,NZ}', '{com.au,co.jp,com.sg,in,co.nz}', NULL, '{ja}', '+65 6555',
 '{Akira,Bindi,Deepa,Haruka,Kiran,Mei,Oliver,Ravi}',
 '{Anand,Bannerjee,Fujimoto,Hargreaves,Kulkarni,Nakagawa,Tanaka,Whitlam,Asano,Bhatt,Chua,Dutta,Endo,Goh,Hayashi,Iyer}'),
(12, 'middle-east-africa', 'emea', 'Asia/Dubai', '{AE,ZA,SA,KE,EG}', '{ae,co.za,com.sa,co.ke,com.eg}', NULL, '{ar}', '+971 4 555',
 '{Amina,Bongani,Farid,Hala,Jabu,Layla,Omar,Thandi}',
 '{Abadi,Barakat,Dlamini,Farouk,Haddad,Khumalo,Mansour,Wanjiru,Ameen,Botha,Darwish,Eltahir,Gamal,Hamdan,Jomo,Kariuki}');

-- Trades name the industry of a company; the alias is what people type into forms.
DROP TABLE IF EXISTS pg_temp.trade;
CREATE TEMP TABLE trade (no integer PRIMARY KEY, word text, industry text, alias text);

INSERT INTO trade VALUES
    (0, 'Foundry', 'Manufacturing', 'mfg'), (1, 'Freight', 'Logistics', 'transport & logistics'),
    (2, 'Systems', 'Software', 'saas'), (3, 'Savings', 'Financial Services', 'fintech'),
    (4, 'Clinics', 'Healthcare', 'health care'), (5, 'Press', 'Media', 'publishing'),
    (6, 'Stores', 'Retail', 'e-commerce'), (7, 'Energy', 'Energy', 'utilities'),
    (8, 'Mutual', 'Insurance', 'insurtech'), (9, 'Council', 'Government', 'public sector');

-- 25 x 25 x 10 names; the multiplier is coprime to 6,250, so that no name comes twice. Three words joined by hyphens
-- are unlikely to be the domain of anybody. 1 to 5,000 are the accounts of 03_accounts.sql, the rest is unknown.
DROP TABLE IF EXISTS pg_temp.company;
CREATE TEMP TABLE company AS
WITH word AS (
    SELECT '{Amber,Autumn,Birch,Bright,Cedar,Cobalt,Copper,Coral,Crimson,Dapple,Ember,Fallow,Gilded,
             Granite,Hazel,Indigo,Juniper,Linden,Maple,Northern,Opal,Quiet,Russet,Silver,Umber}'::text[] AS first,
           '{Badger,Bittern,Curlew,Dormouse,Egret,Finch,Gannet,Heron,Ibex,Jackdaw,Kestrel,Lapwing,Marten,
             Nuthatch,Osprey,Plover,Quail,Redstart,Siskin,Tern,Urial,Vole,Wagtail,Wren,Yaffle}'::text[] AS second
), named AS (
    SELECT n, 1 + n % 12 AS place_no,
           first[1 + n * 2741 % 6250 % 25] AS a, second[1 + n * 2741 % 6250 / 25 % 25] AS b,
           n * 2741 % 6250 / 625 AS trade_no
      FROM generate_series(1, 6250) n, word
)
SELECT n, place_no, a || ' ' || b || ' ' || t.word AS name, lower(a || '-' || b || '-' || t.word) AS stem,
       t.industry, t.alias AS industry_alias, p.countries[c] AS country,
       lower(a || '-' || b || '-' || t.word) || '.' || p.tlds[c] AS domain,
       CASE WHEN pg_temp.dice('size', n, 100) < 50 THEN 1 + pg_temp.dice('employees', n, 199)
            WHEN pg_temp.dice('size', n, 100) < 80 THEN 200 + pg_temp.dice('employees', n, 800)
            ELSE 1000 + pg_temp.dice('employees', n, 20000) END AS employees
  FROM named
  JOIN place p ON p.no = place_no
  JOIN trade t ON t.no = trade_no
 CROSS JOIN LATERAL (SELECT 1 + pg_temp.dice('country', n, cardinality(p.countries)) AS c) home;
ALTER TABLE company ADD PRIMARY KEY (n);
ANALYZE company;
