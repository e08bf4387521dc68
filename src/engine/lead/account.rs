//! Accounts as the look-ups hand them to the layers.

use crate::Micros;
use serde::{Deserialize, Serialize};
use std::fmt;

/// `accounts.kind`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// Not yet bought.
    #[default]
    Prospect,
    /// Buys.
    Customer,
    /// Bought once.
    Churned,
    /// Sells with us.
    Partner,
    /// Was judged not worth pursuing.
    Disqualified,
}

/// One row of `accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Key of the account.
    pub id: String,
    /// What the account is to us.
    pub kind: AccountKind,
    /// A named account: its owner takes every lead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub named: bool,
    /// Rep who owns the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// Customer success manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csm_id: Option<String>,
    /// Home country, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Division that the account stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    /// Why it was disqualified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disqualified_reason: Option<String>,
    /// When it was disqualified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disqualified_at: Option<Micros>,
}

/// How a lead was tied to its account; the order is the order of trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// The e-mail address is a known contact.
    Contact,
    /// The app gave the CRM account id.
    CrmId,
    /// The company domain belongs to the account.
    Domain,
    /// Nothing but its name is like that of the lead's company.
    Name,
}

/// The company that a lead comes from, where a pool keeps the leads of a company together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Company {
    /// `accounts.id`
    Account(String),
    /// Its domain, without sub-domains.
    Domain(String),
}

impl fmt::Display for Company {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account {id}"),
            Self::Domain(domain) => write!(f, "{domain}"),
        }
    }
}

/// An account with the way it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountMatch {
    /// The account that was found.
    pub account: Account,
    /// The account above it, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Account>,
    /// The account above all others, if that is not the parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ultimate: Option<Account>,
    /// How it was found.
    pub by: MatchedBy,
    /// The domain that matched, for [`MatchedBy::Domain`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The division of that domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
}

impl AccountMatch {
    /// The account and those above it, in the order in which they are asked for owners.
    pub fn family(&self) -> impl Iterator<Item = &Account> {
        [Some(&self.account), self.parent.as_ref(), self.ultimate.as_ref()].into_iter().flatten()
    }
}

/// An account whose name is like that of the lead's company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Namesake {
    /// The account.
    pub found: AccountMatch,
    /// Its name.
    pub name: String,
    /// From 0 to 1, in thousandths.
    pub similarity: f64,
}
