-- Which source may write what into a lead that is there.

CREATE FUNCTION leadroute_internal.column_named(key text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'leadroute_column_named';
COMMENT ON FUNCTION leadroute_internal.column_named(text) IS 'The column of leads that a key of JSON stands for, however it is written; NULL if there is none. Internal.';

CREATE TABLE leadroute.enrichment_rules (
    name text PRIMARY KEY CHECK (leadroute_internal.must(name <> '', 'enrichment_rules.name', name, 'any name that is not empty')),
    source text CHECK (leadroute_internal.must(btrim(source) <> '', 'enrichment_rules.source', source, 'any name that is not empty; NULL is any source')),
    field text CHECK (leadroute_internal.must(btrim(field) <> '', 'enrichment_rules.field', field, 'any name that is not empty; NULL is any field')),
    overwrites text NOT NULL DEFAULT 'own' CHECK (overwrites IN ('refused', 'nothing', 'own', 'providers', 'everything')),
    min_confidence numeric CHECK (leadroute_internal.must(min_confidence BETWEEN 0 AND 1, 'enrichment_rules.min_confidence', min_confidence::text, '0 up to 1; NULL is any')),
    tenants leadroute.names,
    CONSTRAINT enrichment_rules_key EXCLUDE USING gist
        ((coalesce(lower(btrim(source)), '')) WITH =, (coalesce(leadroute_internal.column_named(btrim(field)), btrim(field), '')) WITH =, leadroute_internal.tenant_ranges(tenants) WITH &&)
);
COMMENT ON TABLE leadroute.enrichment_rules IS 'Which source may write which field of a lead, and over whose value. Of the rules that match one counts: those for a tenant come before those for all, then the one that names source and field, then source, then field. Without a rule a source fills what is empty and renews what it has written itself; a score that apply_qualification() brings replaces any other.';
COMMENT ON COLUMN leadroute.enrichment_rules.name IS 'Key.';
COMMENT ON COLUMN leadroute.enrichment_rules.source IS 'Who says so, as in apply_enrichment() and apply_qualification(), whatever its case; NULL is any.';
COMMENT ON COLUMN leadroute.enrichment_rules.field IS 'Column of leads, however it is written, or key of its attributes; NULL is any.';
COMMENT ON COLUMN leadroute.enrichment_rules.overwrites IS 'refused: it may write nothing at all. nothing: it fills what is empty. own: it also renews what it has written itself. providers: also what other sources have written. everything: also what came with the lead, or a person has typed.';
COMMENT ON COLUMN leadroute.enrichment_rules.min_confidence IS 'Values with less confidence, or without one, are not taken.';
COMMENT ON COLUMN leadroute.enrichment_rules.tenants IS 'Organisations whose leads it is for; NULL is any.';
