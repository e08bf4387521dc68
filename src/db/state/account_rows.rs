//! Accounts, contacts and domains, looked up in their tables; in a preview rows that the previewed change has written come first.

mod by_name;

use crate::db::indexes::{ACCOUNTS, ACCOUNT_DOMAINS, CONTACTS, DOMAIN_RULES, MAIL_DOMAINS};
use crate::db::pg::spi::{Query, Row};
use crate::db::pg::time::from_postgres_epoch;
use crate::db::queries;
use leadroute_engine::lead::account::{Account, AccountKind, AccountMatch, Company, MatchedBy};
use leadroute_engine::rules::tables::{DomainKind, MailDomain};
use pgrx::pg_sys::Datum;
use rustc_hash::FxHashMap;

/// Levels of accounts above an account that are looked at; parents in a circle are looked at once.
const MOST_LEVELS: usize = 20;

/// Two columns of a key, in the order of the index.
type Key = (String, String);

/// An account with the key of its parent.
type WithParent = (Account, Option<String>);

/// The account of a domain, and the division.
type OfDomain = (String, Option<String>);

/// Kind and queue.
type Rule = (DomainKind, Option<String>);

/// Rows that a change has written, by their keys, as it leaves them; `None` are those that it deletes.
///
/// The change is undone before leads are routed by them, so that whoever edits the same rows need not wait for that.
#[derive(Default)]
pub struct ChangedRows {
    accounts: FxHashMap<Key, Option<WithParent>>,
    /// Names of accounts that are there, tenant first.
    names: FxHashMap<Key, String>,
    account_domains: FxHashMap<Key, Option<OfDomain>>,
    /// Account by email and tenant.
    contacts: FxHashMap<Key, Option<String>>,
    /// Emails by person and tenant.
    emails: FxHashMap<Key, Vec<String>>,
    domain_rules: FxHashMap<Key, Option<Rule>>,
    mail_domains: FxHashMap<String, Option<MailDomain>>,
    /// Accounts by their new keys, tenant first: the ids that leads have.
    former: FxHashMap<Key, String>,
}

impl ChangedRows {
    /// Those of a change that was just made.
    pub fn of(change: Datum) -> Self {
        let key = |row: &Row| Some((row.get::<String>(1)?, row.get::<String>(2).unwrap_or_default()));
        let mut emails: FxHashMap<Key, Vec<String>> = FxHashMap::default();
        let contacts = rows(&queries::CHANGED_CONTACTS, change, |row| {
            let (email, tenant) = key(&row)?;
            if let Some(person) = row.get::<String>(4) {
                emails.entry((person, tenant.clone())).or_default().push(email.clone());
            }
            Some(((email, tenant), row.get(3)))
        });
        let mut former: FxHashMap<Key, String> = FxHashMap::default();
        let renames =
            queries::RENAMED_ACCOUNTS.read(&[Some(change)], |row| Some((key(&row)?, row.get::<String>(3)?)));
        for ((tenant, id), renamed) in renames.into_iter().flatten() {
            let first = former.remove(&(tenant.clone(), id.clone())).unwrap_or(id);
            former.insert((tenant, renamed), first);
        }
        let mut names: FxHashMap<Key, String> = FxHashMap::default();
        let accounts = rows(&queries::CHANGED_ACCOUNTS, change, |row| {
            let key: Key = (row.get(12)?, row.get(13)?);
            names.extend(row.get::<String>(2).map(|name| (key.clone(), name)));
            Some((key, account_of(&row)))
        });
        Self {
            accounts,
            names,
            account_domains: rows(&queries::CHANGED_ACCOUNT_DOMAINS, change, |row| {
                Some((key(&row)?, row.get::<String>(3).map(|id| (id, row.get(4)))))
            }),
            contacts,
            emails,
            domain_rules: rows(&queries::CHANGED_DOMAIN_RULES, change, |row| {
                let kind = row.get::<String>(3).and_then(|kind| domain_kind(&kind));
                Some((key(&row)?, kind.map(|kind| (kind, row.get(4)))))
            }),
            mail_domains: rows(&queries::CHANGED_MAIL_DOMAINS, change, |row| {
                Some((row.get(1)?, row.get::<String>(2).map(|kind| mail_domain(&kind))))
            }),
            former,
        }
    }

    /// The company as leads from before the change name it.
    pub fn former(&self, tenant: &str, company: &Company) -> Company {
        let Company::Account(id) = company else {
            return company.clone();
        };
        let former = self.former.get(&(tenant.to_owned(), id.clone()));
        Company::Account(former.unwrap_or(id).clone())
    }
}

/// What a query says of a change.
fn rows<K: std::hash::Hash + Eq, T>(
    query: &Query,
    change: Datum,
    each: impl FnMut(Row) -> Option<(K, T)>,
) -> FxHashMap<K, T> {
    query.read(&[Some(change)], each).into_iter().flatten().collect()
}

/// Where accounts, contacts and domains are looked up.
#[derive(Clone, Copy, Default)]
pub struct AccountRows<'a>(Option<&'a ChangedRows>);

impl<'a> AccountRows<'a> {
    /// In the tables, but for rows that a change has written.
    pub const fn changed(rows: &'a ChangedRows) -> Self {
        Self(Some(rows))
    }

    /// The row of a key, if the change has written it.
    fn written<T: Clone + 'a>(
        self,
        rows: impl FnOnce(&'a ChangedRows) -> &'a FxHashMap<Key, T>,
        key: [&str; 2],
    ) -> Option<T> {
        let rows = rows(self.0?);
        let [first, second] = key.map(str::to_owned);
        rows.get(&(first, second)).cloned()
    }

    /// An account with the key of its parent.
    pub fn account(self, tenant: &str, id: &str) -> Option<WithParent> {
        let stored = || ACCOUNTS.texts([tenant, id], |row| account_of(&row));
        self.written(|rows| &rows.accounts, [tenant, id]).unwrap_or_else(stored)
    }

    /// An account with those above it.
    pub fn family(self, tenant: &str, id: &str, by: MatchedBy) -> Option<AccountMatch> {
        let (account, parent_id) = self.account(tenant, id)?;
        let mut seen = vec![account.id.clone()];
        let mut above = |next: Option<String>| {
            let id = next.filter(|id| !seen.contains(id) && seen.len() < MOST_LEVELS)?;
            seen.push(id.clone());
            self.account(tenant, &id)
        };
        let (parent, mut next) = above(parent_id).unzip();
        let mut ultimate = None;
        while let Some((account, parent_id)) = above(next.flatten()) {
            (ultimate, next) = (Some(account), Some(parent_id));
        }
        Some(AccountMatch { account, parent, ultimate, by, domain: None, division: None })
    }

    /// The account of a domain, and the division.
    pub fn account_domain(self, tenant: &str, name: &str) -> Option<OfDomain> {
        let stored = || {
            let account = |row: Row| Some((row.get::<String>(2)?, row.get::<String>(3)));
            ACCOUNT_DOMAINS.texts([name, tenant], account)
        };
        self.written(|rows| &rows.account_domains, [name, tenant]).unwrap_or_else(stored)
    }

    /// The account of a contact: of several addresses of one person that which the lead has comes first.
    pub fn contact(self, person: &str, tenant: &str, email: Option<&str>) -> Option<String> {
        let mut first = None;
        let exact = CONTACTS.texts([person, tenant], |row| {
            let (address, account) = (row.get::<String>(1)?, row.get::<String>(2)?);
            if self.written(|rows| &rows.contacts, [&address, tenant]).is_some() {
                return None;
            }
            if Some(address.as_str()) == email {
                return Some(account);
            }
            first.get_or_insert(account);
            None
        });
        let changed = || {
            let emails = self.written(|rows| &rows.emails, [person, tenant])?;
            let is_exact = |address: &&String| Some(address.as_str()) == email;
            let address = emails.iter().find(is_exact).or(emails.first().filter(|_| first.is_none()))?;
            self.written(|rows| &rows.contacts, [address, tenant]).flatten()
        };
        exact.or_else(changed).or(first)
    }

    /// The rule for a domain; one of the tenant comes before one for all.
    pub fn domain_rule(self, tenant: &str, name: &str) -> Option<(String, DomainKind, Option<String>)> {
        let rule_of = |tenant| {
            let stored = || {
                let rule = |row: Row| Some((domain_kind(&row.get::<String>(2)?)?, row.get(3)));
                DOMAIN_RULES.texts([name, tenant], rule)
            };
            let rule: Option<Rule> =
                self.written(|rows| &rows.domain_rules, [name, tenant]).unwrap_or_else(stored);
            rule.map(|(kind, queue)| (name.to_owned(), kind, queue))
        };
        let own = if tenant.is_empty() { None } else { rule_of(tenant) };
        own.or_else(|| rule_of(""))
    }

    /// What a domain is listed as.
    pub fn mail_domain(self, name: &str) -> Option<MailDomain> {
        let written = self.0.and_then(|rows| rows.mail_domains.get(name).copied());
        written.unwrap_or_else(|| MAIL_DOMAINS.text(name, |row| Some(mail_domain(&row.get::<String>(2)?))))
    }
}

fn mail_domain(kind: &str) -> MailDomain {
    match kind {
        "disposable" => MailDomain::Disposable,
        _ => MailDomain::Personal,
    }
}

fn domain_kind(kind: &str) -> Option<DomainKind> {
    Some(match kind {
        "partner" => DomainKind::Partner,
        "competitor" => DomainKind::Competitor,
        "internal" => DomainKind::Internal,
        "blocked" => DomainKind::Blocked,
        "personal" => DomainKind::Personal,
        "company" => DomainKind::Company,
        _ => return None,
    })
}

/// Columns of `accounts` by number.
fn account_of(row: &Row) -> Option<WithParent> {
    let account = Account {
        id: row.get(1)?,
        kind: account_kind(&row.get::<String>(3)?),
        named: row.get(4).unwrap_or(false),
        owner_id: row.get(5),
        csm_id: row.get(6),
        country: row.get(8),
        division: row.get(9),
        disqualified_reason: row.get(10),
        disqualified_at: row.get::<i64>(11).map(from_postgres_epoch),
    };
    Some((account, row.get(7)))
}

fn account_kind(kind: &str) -> AccountKind {
    match kind {
        "customer" => AccountKind::Customer,
        "churned" => AccountKind::Churned,
        "partner" => AccountKind::Partner,
        "disqualified" => AccountKind::Disqualified,
        _ => AccountKind::Prospect,
    }
}
