-- Whom routing asks for what is missing of a lead.

CREATE TABLE leadroute.providers (
    name text PRIMARY KEY CHECK (leadroute_internal.must(name <> '', 'providers.name', name, 'any name that is not empty')),
    kind text NOT NULL CHECK (kind IN ('qualify', 'enrich', 'sequence')),
    fields leadroute.names CHECK (leadroute_internal.must(cardinality(fields) > 0 AND fields::text[] <@ ARRAY['email', 'first_name', 'last_name', 'phone', 'title', 'department',
            'company', 'website', 'crm_account_id', 'country', 'region', 'city', 'postal_code', 'industry', 'employees', 'annual_revenue', 'product', 'language', 'score'],
        'providers.fields', fields::text, 'columns of leads that say who the buyer is and for which company; NULL is those that a provider of its kind mostly knows')),
    timeout interval NOT NULL DEFAULT '15 minutes' CHECK (leadroute_internal.must(timeout > interval '0' AND timeout <= interval '1 year', 'providers.timeout', timeout::text, 'more than 0, up to a year')),
    enabled boolean NOT NULL DEFAULT true,
    tenants leadroute.names,
    db_role text CHECK (leadroute_internal.must(db_role <> '', 'providers.db_role', db_role, 'the name of a role; NULL is any that may'))
);
COMMENT ON TABLE leadroute.providers IS 'Whom routing asks for what is missing of a new lead, by a notification that a worker takes and delivers. Nobody is waited for: the lead has its owner at once. Empty is nobody.';
COMMENT ON COLUMN leadroute.providers.name IS 'Key; the source that its answers name.';
COMMENT ON COLUMN leadroute.providers.kind IS 'qualify: it gives a score, by apply_qualification(). enrich: it knows fields, by apply_enrichment(). sequence: it is told of each new lead that a rep has, with its playbook, and has answered once the request is acknowledged.';
COMMENT ON COLUMN leadroute.providers.fields IS 'It is asked where one of these is missing; NULL is score for qualify, and company, country, industry and employees for enrich. Means nothing for sequence.';
COMMENT ON COLUMN leadroute.providers.timeout IS 'An answer that has not come by then is noted as late; it counts all the same when it comes.';
COMMENT ON COLUMN leadroute.providers.enabled IS 'False asks it no more.';
COMMENT ON COLUMN leadroute.providers.tenants IS 'Organisations whose leads it is asked about; NULL is any.';
COMMENT ON COLUMN leadroute.providers.db_role IS 'The role of the database that takes its requests and answers them, with its members: nobody else may, whatever was granted. NULL is any role that may call take_requests() and answer_request().';
