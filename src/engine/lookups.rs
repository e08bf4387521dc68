//! What layers may look up. The extension answers from PostgreSQL, the tests from memory.

use crate::lead::account::{AccountMatch, Company, Namesake};
use crate::lead::{CleanLead, Person};
use crate::roster::load::{Day, Load};
use crate::roster::rotation::{OpenPool, Turn};
use crate::rules::tables::{AccountMatching, Criterion, DomainKind, MailDomain, Pool};
use crate::time_zone::Zones;
use serde::{Deserialize, Serialize};

/// The first lead of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EarlierLead {
    /// Key of that lead.
    pub id: i64,
    /// Who owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// The queue it waits in; neither owner nor queue: marketing keeps it warm, if it was routed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// What the buyer did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Its segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// Whether somebody has answered it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_answered: bool,
    /// It came while routing was off, and has nobody yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_unrouted: bool,
}

impl EarlierLead {
    /// Whether it is in nurture.
    pub const fn is_nurtured(&self) -> bool {
        self.owner_id.is_none() && self.queue.is_none()
    }
}

/// Answer to 'is this person already there?'.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Earlier {
    /// Nobody.
    #[default]
    Unknown,
    /// An open lead of the same person.
    Lead(EarlierLead),
    /// Another transaction is submitting the same person and did not end in time.
    InFlight,
}

/// What is known of a domain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DomainFacts {
    /// The rule with the longest matching name: name, kind, queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<(String, DomainKind, Option<String>)>,
    /// The public list that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<MailDomain>,
}

/// Keys under which an account may be found.
#[derive(Debug, Clone, Copy)]
pub struct AccountKeys<'a> {
    /// The tenant that knows the account.
    pub tenant: &'a str,
    /// Cleaned e-mail address.
    pub email: Option<&'a str>,
    /// Whom it stands for: the same without plus-tag.
    pub person: Option<&'a str>,
    /// `accounts.id`.
    pub crm_account_id: Option<&'a str>,
    /// The company domain, longest first: `eu.acme.com`, `acme.com`.
    pub domains: &'a [String],
}

/// The name under which an account is looked for.
#[derive(Debug, Clone, Copy)]
pub struct WantedName<'a> {
    /// The tenant that knows the account.
    pub tenant: &'a str,
    /// As the lead has it.
    pub company: &'a str,
    /// The same, folded.
    pub folded: &'a str,
    /// ISO code of the country of the lead.
    pub country: Option<&'a str>,
    /// How tenants look for names.
    pub policy: &'a AccountMatching,
}

/// What is looked up outside the engine.
pub trait Lookups: Zones + OpenPool {
    /// Rules of the tenant, else of `''`, and lists that know one of the names (longest first); of the public suffixes
    /// above them only rules.
    fn domain(&mut self, tenant: &str, names: &[String], suffixes: &[String]) -> DomainFacts;
    /// The ISO code of a country by one of its names, as `normalize::country_name` gives them.
    fn country(&mut self, name: &str) -> Option<String>;
    /// The first open lead of the person in the tenant; one that somebody works on comes before nurtured ones. `this` is
    /// the lead being routed.
    fn earlier_lead(&mut self, tenant: &str, person: &Person, this: Option<i64>) -> Earlier;
    /// The best account under any of the keys: contact, then CRM id, then the longest domain.
    fn account(&mut self, keys: AccountKeys<'_>) -> Option<AccountMatch>;
    /// Accounts whose names are like a name, in the order of [`crate::routing::namesakes::rank`], and no more than the policy
    /// says.
    fn namesakes(&mut self, wanted: WantedName<'_>) -> Vec<Namesake>;
    /// Who owns the first open lead of a company that was written down, those of this statement included.
    fn company_owner(&mut self, tenant: &str, company: &Company) -> Option<String>;
    /// Whether the jsonpath holds for the lead: its first result is neither `false` nor `null`.
    fn condition(&mut self, clean: &CleanLead, jsonpath: &str) -> bool;
    /// The same for the condition of a criterion; what is wrong with it if it fails for this lead.
    fn criterion(&mut self, clean: &CleanLead, criterion: &Criterion) -> Result<bool, String>;
    /// Leads of a rep, including those of open transactions.
    fn load(&mut self, rep_no: i32, day: Day) -> Load;
    /// Before a turn of the pool is chosen by [`crate::roster::rotation::take`]: nobody else takes one meanwhile.
    fn open_pool(&mut self, pool: &Pool);
    /// After the choice: whose turn it was, or nobody's.
    fn close_pool(&mut self, turn: Option<&Turn>);
}
