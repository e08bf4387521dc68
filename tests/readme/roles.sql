-- The table of roles in docs/operations.md, from what grant_role() grants.
WITH words AS (
    SELECT row_number() OVER () AS n, recipe, privileges,
           replace(replace(regexp_replace(objects, 'TABLE leadroute.reps.*leadroute.playbooks', 'the routing tables'), 'TABLE ', ''),
                   'leadroute.', '') AS what
      FROM leadroute.role_recipes
)
SELECT format('| `%s` | %s | %s |', recipe,
           coalesce(string_agg(CASE WHEN recipe = 'app' THEN 'of all leads key, status, owner, queue, country and times' WHEN what LIKE 'ALL%' THEN 'everything'
                                    ELSE what END, ', ' ORDER BY n) FILTER (WHERE privileges LIKE '%SELECT%'), 'nothing'),
           concat_ws('; ', CASE recipe WHEN 'app' THEN 'inserts leads' WHEN 'editor' THEN 'writes the routing tables' END,
               'calls ' || string_agg(regexp_replace(regexp_replace(what, '(FUNCTION|PROCEDURE) |\([^)]*\)', '', 'g'), '(\w+), \1\M', '\1', 'g'), ', ' ORDER BY n)
                              FILTER (WHERE privileges = 'EXECUTE')))
  FROM words GROUP BY recipe ORDER BY recipe;
