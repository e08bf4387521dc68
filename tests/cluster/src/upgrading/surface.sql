-- Everything that belongs to the extension, by name, with what it is, who owns it, who may use it and its comment.
-- Nothing is known yet of a database that is new: without MATERIALIZED, all functions could be printed for each member.
WITH member AS MATERIALIZED (
    SELECT d.classid, d.objid, i.identity, i.type
      FROM pg_depend d JOIN pg_extension e ON e.extname = 'leadroute' AND d.refobjid = e.oid
     CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
), rights (classid, objid, owner, acl, what) AS MATERIALIZED (
    SELECT 'pg_class'::regclass::oid, c.oid, c.relowner, coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)),
           concat_ws(E'\n', c.relkind, c.relpersistence, c.relrowsecurity, c.relreplident, c.reloptions, CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END,
               (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(f.adbin, f.adrelid),
                                            (SELECT l.collname FROM pg_collation l WHERE l.oid = a.attcollation), a.attacl, '--', col_description(a.attrelid, a.attnum)), E'\n' ORDER BY a.attnum)
                  FROM pg_attribute a LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'S'),
               (SELECT string_agg(concat_ws(' ', k.conname, pg_get_constraintdef(k.oid), k.convalidated), E'\n' ORDER BY k.conname) FROM pg_constraint k WHERE k.conrelid = c.oid),
               (SELECT string_agg(concat_ws(' ', pg_get_indexdef(x.indexrelid), x.indisvalid), E'\n' ORDER BY x.indexrelid::regclass::text) FROM pg_index x WHERE x.indrelid = c.oid),
               (SELECT string_agg(concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled), E'\n' ORDER BY t.tgname) FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
               (SELECT format('dumped %s', e.extcondition[array_position(e.extconfig, c.oid)]) FROM pg_extension e WHERE e.extname = 'leadroute' AND c.oid = ANY (e.extconfig)))
      FROM pg_class c WHERE c.oid IN (SELECT objid FROM member)
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)),
           CASE WHEN p.prokind = 'a' THEN (SELECT concat_ws(' ', g.aggtransfn, g.aggfinalfn, g.aggtranstype::regtype, g.agginitval) FROM pg_aggregate g WHERE g.aggfnoid = p.oid) ELSE pg_get_functiondef(p.oid) END
      FROM pg_proc p WHERE p.oid IN (SELECT objid FROM member)
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, t.typowner, coalesce(t.typacl, acldefault('T', t.typowner)),
           concat_ws(E'\n', format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault, (SELECT string_agg(pg_get_constraintdef(k.oid), E'\n' ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid))
      FROM pg_type t WHERE t.oid IN (SELECT objid FROM member)
    UNION ALL
    SELECT 'pg_namespace'::regclass, n.oid, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner)), '' FROM pg_namespace n
    UNION ALL
    SELECT 'pg_event_trigger'::regclass, v.oid, v.evtowner, NULL, concat_ws(' ', v.evtevent, v.evtfoid::regproc, v.evtenabled, v.evttags) FROM pg_event_trigger v)
SELECT m.type || ' ' || m.identity,
       concat_ws(E'\n', r.what, 'owner ' || pg_get_userbyid(r.owner),
           (SELECT string_agg(format('grant %s by %s to %s%s', a.privilege_type, pg_get_userbyid(a.grantor), CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END, CASE WHEN a.is_grantable THEN ' *' END), E'\n' ORDER BY a.grantee, a.grantor, a.privilege_type)
              FROM aclexplode(r.acl) a),
           '-- ' || obj_description(m.objid, m.classid::regclass::name))
  FROM member m LEFT JOIN rights r USING (classid, objid) ORDER BY 1
