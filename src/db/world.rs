//! The engine's view of the world, answered by PostgreSQL.

use super::ledger::{Entry, Ledgers};
use super::locks::{self, Class};
use super::rawjson::{Document, Path};
use super::row::{from_postgres_epoch, LeadRow};
use super::spi::{text, Row};
use super::{queries, settings};
use chrono::NaiveDateTime;
use leadroute_engine::account::{Account, AccountKind, AccountMatch, MatchedBy};
use leadroute_engine::config::{DomainKind, Pool};
use leadroute_engine::decision::CleanLead;
use leadroute_engine::rotation::Share;
use leadroute_engine::state::{
    AccountKeys, DomainFacts, Earlier, EarlierLead, MailDomain, Person, State, Turn, Zones,
};
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::CStr;

thread_local! {
    /// Compiled conditions by text; emptied when it has grown large.
    static PATHS: RefCell<HashMap<String, Option<Path>>> = RefCell::default();
}

/// Persons that one transaction keeps locked at most, so that a bulk load does not fill the lock table.
const MOST_PERSONS: u32 = 1000;

/// What one lead is routed with.
pub struct Live<'a> {
    /// The row, for conditions.
    pub row: &'a LeadRow,
    /// Turns of the statement.
    pub ledgers: &'a mut Ledgers,
    /// False for a preview: no lock, no turn.
    pub effect: bool,
    /// Persons that are locked so far.
    pub persons: &'a mut u32,
    /// The turn that was taken.
    pub entry: Option<Entry>,
    /// The lead as jsonb, once a condition asked for it.
    pub document: Option<Document>,
}

impl Zones for Live<'_> {
    fn local(&self, zone: &str, at: Micros) -> Option<NaiveDateTime> {
        super::zones::local(zone, at)
    }
}

impl State for Live<'_> {
    fn domain(&mut self, names: &[String]) -> DomainFacts {
        let mut facts = DomainFacts::default();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let rows = queries::DOMAIN.read(&[names.into_datum()], |row| {
            let (domain, kind) = (row.get::<String>(1), row.get::<String>(2));
            (domain.unwrap_or_default(), kind.unwrap_or_default(), row.get::<String>(3), row.get::<bool>(4))
        });
        for (domain, kind, queue, is_rule) in rows {
            if is_rule == Some(true) {
                let longer = facts.rule.as_ref().is_none_or(|(best, ..)| best.len() < domain.len());
                if let (true, Some(kind)) = (longer, domain_kind(&kind)) {
                    facts.rule = Some((domain, kind, queue));
                }
            } else if facts.listed != Some(MailDomain::Disposable) {
                let disposable = kind == "disposable";
                facts.listed = Some(if disposable { MailDomain::Disposable } else { MailDomain::Personal });
            }
        }
        facts
    }

    fn earlier_lead(&mut self, person: &Person, this: Option<i64>) -> Earlier {
        let key = person.key();
        let mut waited_in_vain = false;
        if self.effect && *self.persons < MOST_PERSONS {
            *self.persons += 1;
            let wait = settings::DUPLICATE_WAIT.get();
            waited_in_vain = !locks::lock_within(Class::Person, locks::key_of(key), wait);
        }
        let arguments = [text(Some(key)), Some(Datum::from(this.unwrap_or(0)))];
        let found = queries::EARLIER_LEAD.first(&arguments, |row| EarlierLead {
            id: row.get(1).unwrap_or_default(),
            owner_id: row.get(2),
            queue: row.get(3),
        });
        match found {
            Some(lead) => Earlier::Lead(lead),
            None if waited_in_vain => Earlier::InFlight,
            None => Earlier::Unknown,
        }
    }

    fn account(&mut self, keys: AccountKeys<'_>) -> Option<AccountMatch> {
        if keys.email.is_none() && keys.crm_account_id.is_none() && keys.domains.is_empty() {
            return None;
        }
        let domains: Vec<&str> = keys.domains.iter().map(String::as_str).collect();
        let arguments = [text(keys.email), text(keys.crm_account_id), domains.into_datum()];
        queries::ACCOUNT.first(&arguments, account_match).flatten()
    }

    fn condition(&mut self, clean: &CleanLead, jsonpath: &str) -> bool {
        if self.document.is_none() {
            self.document = document(self.row, clean);
        }
        let Some(document) = &self.document else {
            return false;
        };
        PATHS.with_borrow_mut(|paths| {
            if paths.len() > 100_000 {
                paths.clear();
            }
            if !paths.contains_key(jsonpath) {
                paths.insert(jsonpath.to_owned(), Path::new(jsonpath));
            }
            let path = paths.get(jsonpath).and_then(Option::as_ref);
            // SAFETY: the document is a jsonb.
            path.is_some_and(|path| unsafe { path.holds(document.datum()) })
        })
    }

    fn take_turn(&mut self, pool: &Pool, shares: &[Share]) -> Option<Turn> {
        let entry = self.ledgers.take(pool.pool_no, shares, self.effect)?;
        let turn = Turn { pool_no: pool.pool_no, seat: entry.seat() };
        self.entry = Some(entry);
        Some(turn)
    }
}

/// The row as jsonb, with the cleaned values over the given ones.
fn document(row: &LeadRow, clean: &CleanLead) -> Option<Document> {
    let mut over = serde_json::Map::new();
    let stored = [("email", &clean.email), ("industry", &clean.industry), ("country", &clean.lead.country)];
    for (column, value) in stored {
        if let Some(value) = value {
            over.insert(column.to_owned(), value.as_str().into());
        }
    }
    let clean = serde_json::Value::Object(over);
    let clean = super::rawjson::from_text(&clean.to_string());
    let (composite, type_id) = row.composite();
    let sql = c"SELECT pg_catalog.to_jsonb($1) OPERATOR(pg_catalog.||) $2";
    // SAFETY: the parameter types are those of the values; SPI is closed after the copy.
    unsafe { one_value(sql, &mut [type_id, pg_sys::JSONBOID], &mut [composite, clean?]) }
}

/// Runs a query whose parameter types are only known now.
unsafe fn one_value(sql: &CStr, types: &mut [pg_sys::Oid], values: &mut [Datum]) -> Option<Document> {
    // SAFETY: as in `spi`; the caller vouches for types and values.
    unsafe {
        pg_sys::SPI_connect();
        let (count, types, values) = (types.len() as i32, types.as_mut_ptr(), values.as_mut_ptr());
        pg_sys::SPI_execute_with_args(sql.as_ptr(), count, types, values, std::ptr::null(), true, 1);
        let table = &*pg_sys::SPI_tuptable;
        let row = Row { tuple: *table.vals, desc: table.tupdesc };
        let document = row.get::<Document>(1);
        pg_sys::SPI_finish();
        document
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

fn account_match(row: Row) -> Option<AccountMatch> {
    let by = match row.get::<i32>(1)? {
        1 => MatchedBy::Contact,
        2 => MatchedBy::CrmId,
        _ => MatchedBy::Domain,
    };
    Some(AccountMatch {
        account: account(row, 4)?,
        parent: account(row, 13),
        by,
        domain: row.get(2),
        division: row.get(3),
    })
}

/// An account in nine columns from `first` on.
fn account(row: Row, first: i32) -> Option<Account> {
    let kind = row.get::<String>(first + 1)?;
    Some(Account {
        id: row.get(first)?,
        kind: match kind.as_str() {
            "customer" => AccountKind::Customer,
            "churned" => AccountKind::Churned,
            "partner" => AccountKind::Partner,
            "disqualified" => AccountKind::Disqualified,
            _ => AccountKind::Prospect,
        },
        named: row.get(first + 2).unwrap_or(false),
        owner_id: row.get(first + 3),
        csm_id: row.get(first + 4),
        country: row.get(first + 5),
        division: row.get(first + 6),
        disqualified_reason: row.get(first + 7),
        disqualified_at: row.get::<i64>(first + 8).map(from_postgres_epoch),
    })
}
