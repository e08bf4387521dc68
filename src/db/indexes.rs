//! Indexes by which rows are looked up without the executor.

use crate::db::pg::index_scan::Index;

/// `domain_rules` by domain and tenant; columns: domain, kind, queue.
pub const DOMAIN_RULES: Index = Index { table: "domain_rules", index: "domain_rules_pkey" };
/// `mail_domains` by domain; columns: domain, kind.
pub const MAIL_DOMAINS: Index = Index { table: "mail_domains", index: "mail_domains_pkey" };
/// `country_aliases` by alias; columns: alias, canonical.
pub const COUNTRY_ALIASES: Index = Index { table: "country_aliases", index: "country_aliases_pkey" };
/// `country_names` by name; columns: name, country.
pub const COUNTRY_NAMES: Index = Index { table: "country_names", index: "country_names_pkey" };
/// `contacts` by person and tenant; columns: email, account_id.
pub const CONTACTS: Index = Index { table: "contacts", index: "contacts_person_idx" };
/// `account_domains` by domain and tenant; columns: domain, account_id, division.
pub const ACCOUNT_DOMAINS: Index = Index { table: "account_domains", index: "account_domains_pkey" };
/// `account_names` by key and tenant; columns: key, tenant, account_id, folded.
pub const ACCOUNT_NAMES: Index = Index { table: "account_names", index: "account_names_pkey" };
/// `accounts` by tenant and id.
pub const ACCOUNTS: Index = Index { table: "accounts", index: "accounts_pkey" };
/// `reps` by id; columns: id, rep_no.
pub const REPS: Index = Index { table: "reps", index: "reps_pkey" };
/// `leads` by person and tenant; only first leads are in the index.
pub const PERSONS: Index = Index { table: "leads", index: "leads_person_key_idx" };
/// `leads` by id.
pub const LEADS: Index = Index { table: "leads", index: "leads_pkey" };
/// `leads` by external id.
pub const EXTERNAL_IDS: Index = Index { table: "leads", index: "leads_external_id_key" };
/// `leads` by the first lead that they are touches of.
pub const TOUCHES: Index = Index { table: "leads", index: "leads_duplicate_of_idx" };
/// `leads` by the key of their row in an attached table.
pub const ATTACHED: Index = Index { table: "leads", index: "leads_attached_key_idx" };
/// `company_leads` by account and tenant; columns: lead_id.
pub const LEADS_OF_ACCOUNT: Index = Index { table: "company_leads", index: "company_leads_account_id_idx" };
/// `company_leads` by domain and tenant; columns: lead_id.
pub const LEADS_OF_DOMAIN: Index = Index { table: "company_leads", index: "company_leads_domain_idx" };
/// `decisions` by id; columns: id, lead_id, decided_at, cause.
pub const DECISIONS: Index = Index { table: "decisions", index: "decisions_pkey" };
/// `past_stints` by lead, in order; columns: lead_id, no, rep_no, owner_id, queue, since, until, ended.
pub const PAST_STINTS: Index = Index { table: "past_stints", index: "past_stints_pkey" };
