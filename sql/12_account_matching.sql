-- How accounts are found by the name of a company, where nothing tells more. Empty is not at all.

CREATE TABLE leadroute.account_matching (
    name text PRIMARY KEY CHECK (leadroute_internal.must(name <> '', 'account_matching.name', name, 'any name that is not empty')),
    enabled boolean NOT NULL DEFAULT false,
    threshold numeric NOT NULL DEFAULT 0.82
        CHECK (leadroute_internal.must(threshold BETWEEN 0.6 AND 1, 'account_matching.threshold', threshold::text, '0.6 to 1')),
    margin numeric NOT NULL DEFAULT 0.05
        CHECK (leadroute_internal.must(margin BETWEEN 0 AND 1, 'account_matching.margin', margin::text, '0 to 1')),
    max_candidates integer NOT NULL DEFAULT 5
        CHECK (leadroute_internal.must(max_candidates BETWEEN 2 AND 20, 'account_matching.max_candidates', max_candidates::text, '2 to 20')),
    review_queue text,
    legal_forms leadroute.names,
    tenants leadroute.names,
    CONSTRAINT account_matching_tenants_key EXCLUDE USING gist (leadroute_internal.tenant_ranges(tenants) WITH &&)
);
CREATE INDEX account_matching_review_queue_idx ON leadroute.account_matching (review_queue);
COMMENT ON TABLE leadroute.account_matching IS 'How the account of a lead is found by the name of its company: only where the lead has no company domain, no crm_account_id and no known contact. While a tenant has a row, enabled or not, the names of its accounts are kept ready in account_names.';
COMMENT ON COLUMN leadroute.account_matching.name IS 'Key.';
COMMENT ON COLUMN leadroute.account_matching.enabled IS 'True looks for names; false only keeps them ready.';
COMMENT ON COLUMN leadroute.account_matching.threshold IS 'How alike names must be, from 0.6 to 1: one less the edits for each letter of the longer one. 1 is the same but for case, accents, punctuation and legal form.';
COMMENT ON COLUMN leadroute.account_matching.margin IS 'The lead is ambiguous if the second name is alike enough and less than so much worse than the first, unless legal form or country tell them apart, or both accounts have the same people. 0 never is.';
COMMENT ON COLUMN leadroute.account_matching.max_candidates IS 'How many accounts stand in the trace.';
COMMENT ON COLUMN leadroute.account_matching.review_queue IS 'Where ambiguous leads go; NULL lets them go on as if they had no account.';
COMMENT ON COLUMN leadroute.account_matching.legal_forms IS 'More legal forms that do not count at the end of a name, beside those that are known.';
COMMENT ON COLUMN leadroute.account_matching.tenants IS 'Organisations whose accounts it is for; NULL is any. One row for each tenant, and one for all others.';

CREATE TABLE leadroute.account_names (
    key text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    folded text COLLATE "C" NOT NULL,
    PRIMARY KEY (key, tenant, account_id)
);
COMMENT ON TABLE leadroute.account_names IS 'The names of accounts as they are looked for, kept by triggers while account_matching has a row for their tenant: up to four rows for each account.';
COMMENT ON COLUMN leadroute.account_names.key IS 'The name, or one of its parts with its number of letters and the number of the part.';
COMMENT ON COLUMN leadroute.account_names.tenant IS 'The organisation that knows the account.';
COMMENT ON COLUMN leadroute.account_names.account_id IS 'The account.';
COMMENT ON COLUMN leadroute.account_names.folded IS 'Its name without case, accents, punctuation, blanks and legal form.';
