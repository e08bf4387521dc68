-- Who is known: accounts, domains, contacts, and how names are read.

CREATE TABLE leadroute.accounts (
    id text NOT NULL CHECK (leadroute_internal.must(id <> '', 'accounts.id', id, 'any id that is not empty')),
    name text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT 'prospect'
        CHECK (kind IN ('prospect', 'customer', 'churned', 'partner', 'disqualified')),
    named boolean NOT NULL DEFAULT false,
    owner_id text,
    csm_id text,
    parent_id text,
    country text CHECK (country ~ '^[A-Z]{2}$'),
    division text,
    disqualified_reason text,
    disqualified_at timestamptz CHECK (leadroute_internal.must(isfinite(disqualified_at), 'accounts.disqualified_at', disqualified_at::text, 'a time that is not infinite')),
    has_open_opportunity boolean NOT NULL DEFAULT false,
    last_activity_at timestamptz,
    tenant text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, id),
    CONSTRAINT accounts_parent_is_another CHECK (leadroute_internal.must(parent_id <> id, 'accounts.parent_id', parent_id, 'the id of another account'))
);
CREATE INDEX accounts_owner_id_idx ON leadroute.accounts (owner_id);
CREATE INDEX accounts_csm_id_idx ON leadroute.accounts (csm_id);
CREATE INDEX accounts_parent_id_idx ON leadroute.accounts (parent_id);
COMMENT ON TABLE leadroute.accounts IS 'Companies that are known.';
COMMENT ON COLUMN leadroute.accounts.id IS 'Key in its tenant; may be the account id of the CRM.';
COMMENT ON COLUMN leadroute.accounts.name IS 'Name for people.';
COMMENT ON COLUMN leadroute.accounts.kind IS 'prospect, customer, churned, partner or disqualified.';
COMMENT ON COLUMN leadroute.accounts.named IS 'Its leads go to the owner.';
COMMENT ON COLUMN leadroute.accounts.owner_id IS 'Account owner.';
COMMENT ON COLUMN leadroute.accounts.csm_id IS 'Customer success manager; comes before the owner for customers.';
COMMENT ON COLUMN leadroute.accounts.parent_id IS 'Account above it.';
COMMENT ON COLUMN leadroute.accounts.country IS 'ISO 3166-1 alpha-2 code of the home country.';
COMMENT ON COLUMN leadroute.accounts.division IS 'Division that the account stands for.';
COMMENT ON COLUMN leadroute.accounts.disqualified_reason IS 'Why, for kind disqualified; looked up in recycle_rules.';
COMMENT ON COLUMN leadroute.accounts.disqualified_at IS 'When.';
COMMENT ON COLUMN leadroute.accounts.has_open_opportunity IS 'Somebody is working on a deal.';
COMMENT ON COLUMN leadroute.accounts.last_activity_at IS 'Last activity in the CRM.';
COMMENT ON COLUMN leadroute.accounts.tenant IS 'The organisation that knows the account. Others do not.';

-- The tenant comes last in keys that every lead is looked up by: where all have one, comparing it first costs 6 % of a lead.
CREATE TABLE leadroute.account_domains (
    domain text COLLATE "C" NOT NULL CHECK (domain = lower(domain COLLATE "default") AND domain LIKE '%_.__%'),
    account_id text NOT NULL,
    division text,
    tenant text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (domain, tenant)
);
CREATE INDEX account_domains_account_id_idx ON leadroute.account_domains (account_id);
COMMENT ON TABLE leadroute.account_domains IS 'Domains of accounts. A sub-domain that is listed comes before the domain above it.';
COMMENT ON COLUMN leadroute.account_domains.domain IS 'Key in its tenant: lower case, in ASCII form.';
COMMENT ON COLUMN leadroute.account_domains.account_id IS 'The account.';
COMMENT ON COLUMN leadroute.account_domains.division IS 'Division that uses it.';
COMMENT ON COLUMN leadroute.account_domains.tenant IS 'The tenant of the account.';

CREATE FUNCTION leadroute_internal.person_of(email text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'leadroute_person_of';
COMMENT ON FUNCTION leadroute_internal.person_of(text) IS 'The person whom an address stands for, as leads.person_key; the address where it is none. Internal.';

CREATE TABLE leadroute.contacts (
    email text COLLATE "C" NOT NULL CHECK (email = lower(email COLLATE "default") AND email LIKE '%_@_%'),
    account_id text NOT NULL,
    name text,
    tenant text COLLATE "C" NOT NULL DEFAULT '',
    person text COLLATE "C" GENERATED ALWAYS AS (leadroute_internal.person_of(email)) STORED,
    PRIMARY KEY (email, tenant)
);
CREATE INDEX contacts_person_idx ON leadroute.contacts (person, tenant);
CREATE INDEX contacts_account_id_idx ON leadroute.contacts (account_id);
COMMENT ON TABLE leadroute.contacts IS 'People of accounts.';
COMMENT ON COLUMN leadroute.contacts.email IS 'Key in its tenant: lower case.';
COMMENT ON COLUMN leadroute.contacts.person IS 'Who that is: the address without its plus-tag. Leads are found by it.';
COMMENT ON COLUMN leadroute.contacts.account_id IS 'The account.';
COMMENT ON COLUMN leadroute.contacts.name IS 'Name for people.';
COMMENT ON COLUMN leadroute.contacts.tenant IS 'The tenant of the account.';

CREATE TABLE leadroute.domain_rules (
    domain text COLLATE "C" NOT NULL CHECK (domain = lower(domain COLLATE "default") AND domain LIKE '%_.__%'),
    kind text NOT NULL CHECK (kind IN ('partner', 'competitor', 'internal', 'blocked', 'personal', 'company')),
    queue text,
    tenant text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (domain, tenant),
    CONSTRAINT domain_rules_queue_fits_kind CHECK (leadroute_internal.must((queue IS NULL) = (kind IN ('personal', 'company')), 'domain_rules.kind', kind, 'personal or company without a queue, or another kind with one'))
);
CREATE INDEX domain_rules_queue_idx ON leadroute.domain_rules (queue);
COMMENT ON TABLE leadroute.domain_rules IS 'Domains that need no rep, and corrections of the free-mail lists. A rule covers sub-domains; the longest name wins.';
COMMENT ON COLUMN leadroute.domain_rules.domain IS 'Key in its tenant: lower case, in ASCII form.';
COMMENT ON COLUMN leadroute.domain_rules.kind IS 'partner, competitor, internal and blocked go to the queue; personal and company overrule mail_domains.';
COMMENT ON COLUMN leadroute.domain_rules.queue IS 'Where such leads go; filled in by kind when left out.';
COMMENT ON COLUMN leadroute.domain_rules.tenant IS 'The organisation whose rule it is; those of '''' hold for all that have none for the domain.';

CREATE TABLE leadroute.mail_domains (
    domain text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('personal', 'disposable')),
    source text NOT NULL DEFAULT 'added by hand',
    shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE leadroute.mail_domains IS 'Mail providers that say nothing of a company, from public lists and by hand; single ones can also be overruled in domain_rules.';
COMMENT ON COLUMN leadroute.mail_domains.domain IS 'Key.';
COMMENT ON COLUMN leadroute.mail_domains.kind IS 'personal: anybody gets an address there; disposable: addresses that live for minutes.';
COMMENT ON COLUMN leadroute.mail_domains.source IS 'List and version that it comes from.';
COMMENT ON COLUMN leadroute.mail_domains.shipped IS 'A default of the extension that nobody has edited.';

CREATE TABLE leadroute.industry_aliases (
    alias text PRIMARY KEY CHECK (alias = lower(alias) AND alias <> ''),
    canonical text NOT NULL CHECK (canonical <> '')
);
COMMENT ON TABLE leadroute.industry_aliases IS 'Other names and misspellings of industries.';
COMMENT ON COLUMN leadroute.industry_aliases.alias IS 'Key: lower case.';
COMMENT ON COLUMN leadroute.industry_aliases.canonical IS 'The name that is stored in leads.industry.';

CREATE TABLE leadroute.country_aliases (
    alias text PRIMARY KEY CHECK (alias = lower(alias) AND alias <> ''),
    canonical text NOT NULL CHECK (canonical ~ '^[A-Z]{2}$'),
    shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE leadroute.country_aliases IS 'Everyday names of countries that ISO 3166-1 does not list.';
COMMENT ON COLUMN leadroute.country_aliases.alias IS 'Key: lower case.';
COMMENT ON COLUMN leadroute.country_aliases.canonical IS 'ISO 3166-1 alpha-2 code.';
COMMENT ON COLUMN leadroute.country_aliases.shipped IS 'A default of the extension that nobody has edited.';

CREATE TABLE leadroute.country_names (
    name text COLLATE "C" PRIMARY KEY,
    country text NOT NULL
);
COMMENT ON TABLE leadroute.country_names IS 'Names of countries in many languages, from public lists; country_aliases takes further ones. Comes with the extension and is not dumped.';
COMMENT ON COLUMN leadroute.country_names.name IS 'Key: folded, without "the" in front.';
COMMENT ON COLUMN leadroute.country_names.country IS 'ISO 3166-1 alpha-2 code.';
