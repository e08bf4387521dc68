//! What the engine looks up, answered by PostgreSQL.

use crate::db::indexes::{COUNTRY_NAMES, LEADS, LEADS_OF_ACCOUNT, LEADS_OF_DOMAIN, PERSONS};
use crate::db::lead::row::{cleaned_texts, LeadRow};
use crate::db::pg::jsonb::{self, Document, Path};
use crate::db::pg::locks::{self, Class};
use crate::db::pg::spi;
use crate::db::pg::time::now;
use crate::db::pg::wait::Patience;
use crate::db::settings::TURN_WAIT;
use crate::db::state::account_rows::AccountRows;
use crate::db::state::silenced::Silenced;
use crate::db::state::turns::Ledgers;
use crate::db::state::{assignee_lock, config};
use chrono::NaiveDateTime;
use leadroute_engine::lead::account::{AccountMatch, Company, MatchedBy, Namesake};
use leadroute_engine::lead::status::Status;
use leadroute_engine::lead::{CleanLead, Person};
use leadroute_engine::lookups::{AccountKeys, DomainFacts, Earlier, EarlierLead, Lookups, WantedName};
use leadroute_engine::roster::load::{Day, Load};
use leadroute_engine::roster::rotation::{OpenPool, Share, Turn};
use leadroute_engine::roster::unavailable::Ineligible;
use leadroute_engine::routing::layers::intake;
use leadroute_engine::rules::tables::{Criterion, MailDomain, Pool};
use leadroute_engine::rules::Rules;
use leadroute_engine::time_zone::Zones;
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

thread_local! {
    /// Compiled conditions by text; emptied when it has grown large.
    static PATHS: RefCell<FxHashMap<String, Option<Path>>> = RefCell::default();
}

/// Persons that one transaction keeps locked at most, so that a bulk load does not fill the lock table.
const MOST_PERSONS: u32 = 100;

/// Columns of which a document is made by name: PostgreSQL's functions take 100 arguments.
const MOST_COLUMNS: usize = 50;

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
    /// How long the statement still waits for them.
    pub patience: &'a mut Patience,
    /// Whether not to merge into a lead of the same person.
    pub apart: bool,
    /// Who has got leads of a tenant's company in this statement.
    pub companies: &'a FxHashMap<(String, Company), (String, i64)>,
    /// The lead as jsonb, once a condition asked for it, and whether the score that criteria gave is in it.
    pub document: Option<(Document, bool)>,
    /// Criteria that have failed for it.
    pub silenced: &'a Silenced,
    /// The rules and roster by which it is routed.
    pub config: &'a config::Config,
    /// Where accounts and domains are looked up.
    pub rows: AccountRows<'a>,
}

impl Zones for Live<'_> {
    fn local(&self, zone: &str, at: Micros) -> Option<NaiveDateTime> {
        crate::db::pg::time::local(zone, at)
    }
}

impl OpenPool for Live<'_> {
    fn credit(&self, seat: i32) -> i64 {
        self.ledgers.credit(seat)
    }

    fn open_leads(&mut self, rep_no: i32) -> i64 {
        self.ledgers.load(rep_no, Day::default()).open
    }

    fn reserve(&mut self, share: &Share) -> Result<(), Ineligible> {
        self.ledgers.reserve(share, self.effect)
    }
}

/// The ISO code of a country by one of its names.
pub fn country(name: &str) -> Option<String> {
    COUNTRY_NAMES.text(name, |row| row.get::<String>(2))
}

/// The values of a row, cleaned.
pub fn cleaned(row: &LeadRow, rules: &Rules) -> CleanLead {
    let mut clean = CleanLead { lead: row.lead(), ..CleanLead::default() };
    intake::clean(&mut clean, rules, now(), &mut country);
    clean
}

impl Lookups for Live<'_> {
    fn country(&mut self, name: &str) -> Option<String> {
        country(name)
    }

    fn domain(&mut self, tenant: &str, names: &[String], suffixes: &[String]) -> DomainFacts {
        let rows = self.rows;
        let mut facts = DomainFacts {
            rule: names.iter().chain(suffixes).find_map(|name| rows.domain_rule(tenant, name)),
            ..DomainFacts::default()
        };
        for name in names {
            if facts.listed != Some(MailDomain::Disposable) {
                facts.listed = rows.mail_domain(name).or(facts.listed);
            }
        }
        facts
    }

    fn earlier_lead(&mut self, tenant: &str, person: &Person, this: Option<i64>) -> Earlier {
        let key = person.key();
        let mut waited_in_vain = false;
        if self.effect && *self.persons < MOST_PERSONS {
            *self.persons += 1;
            waited_in_vain = !self.patience.lock(Class::Person, person_lock(tenant, key));
        }
        let mut found: Option<EarlierLead> = None;
        PERSONS.texts([key, tenant], |row| {
            // SAFETY: a row of leads, valid during the callback.
            let row = unsafe { LeadRow::new(row.tuple, row.desc) };
            let status = row.get::<String>("status").and_then(|status| Status::named(&status));
            let open = status.is_none_or(|status| !status.is_closed());
            let lead = earlier(&row);
            let first = found.as_ref().is_none_or(|best| rank(&lead) < rank(best));
            if open && first && Some(lead.id) != this {
                found = Some(lead);
            }
            None::<()>
        });
        match found {
            Some(_) if self.apart => Earlier::InFlight,
            Some(lead) => Earlier::Lead(lead),
            None if waited_in_vain => Earlier::InFlight,
            None => Earlier::Unknown,
        }
    }

    fn account(&mut self, keys: AccountKeys<'_>) -> Option<AccountMatch> {
        let (tenant, rows) = (keys.tenant, self.rows);
        let found = |id: &str, by| rows.family(tenant, id, by);
        let contact = keys.person.and_then(|person| rows.contact(person, tenant, keys.email));
        let contact = contact.and_then(|id| found(&id, MatchedBy::Contact));
        let by_id = || found(keys.crm_account_id?, MatchedBy::CrmId);
        let by_domain = || {
            let of_domain = |name: &String| Some((name.clone(), rows.account_domain(tenant, name)?));
            let (name, (id, division)) = keys.domains.iter().find_map(of_domain)?;
            Some(AccountMatch { domain: Some(name), division, ..found(&id, MatchedBy::Domain)? })
        };
        contact.or_else(by_id).or_else(by_domain)
    }

    fn namesakes(&mut self, wanted: WantedName<'_>) -> Vec<Namesake> {
        self.rows.namesakes(wanted)
    }

    fn company_owner(&mut self, tenant: &str, company: &Company) -> Option<String> {
        if self.effect && *self.persons < MOST_PERSONS {
            *self.persons += 1;
            // a colleague who is being submitted elsewhere is a stranger: not waited for longer than for a turn
            let key = person_lock(tenant, &format!("company {company}"));
            locks::lock_within(Class::Person, key, TURN_WAIT.get());
        }
        if let Some((owner, _)) = self.companies.get(&(tenant.to_owned(), company.clone())) {
            return Some(owner.clone());
        }
        leads_of(tenant, company).into_iter().find_map(owner_of_open)
    }

    fn condition(&mut self, clean: &CleanLead, jsonpath: &str) -> bool {
        let Some(document) = self.document(clean) else {
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
            path.is_some_and(|path| unsafe { path.holds(document) })
        })
    }

    fn criterion(&mut self, clean: &CleanLead, criterion: &Criterion) -> Result<bool, String> {
        let condition = criterion.condition.as_deref().unwrap_or_default();
        self.silenced.ask(criterion.place, || self.condition(clean, condition))
    }

    fn load(&mut self, rep_no: i32, day: Day) -> Load {
        self.ledgers.load(rep_no, day)
    }

    fn open_pool(&mut self, pool: &Pool) {
        if self.effect {
            assignee_lock::pool(pool, self.config);
        }
        self.ledgers.open_pool(pool.pool_no, self.effect);
    }

    fn close_pool(&mut self, turn: Option<&Turn>) {
        self.ledgers.close_pool(turn.is_some(), self.effect);
    }
}

impl Live<'_> {
    /// The lead as jsonb, with the score that criteria gave once there is one; valid as long as nothing else is asked.
    fn document(&mut self, clean: &CleanLead) -> Option<Datum> {
        if self.document.is_none() {
            let asked = self.config.rules.asked.as_deref().filter(|asked| asked.len() <= MOST_COLUMNS);
            let document = match asked {
                Some(asked) => columns(self.row, clean, asked),
                None => document(self.row, clean, &[]),
            };
            self.document = document.map(|document| (document, false));
        }
        let (document, has_score) = self.document.as_mut()?;
        if let Some(score) = clean.scored.filter(|_| !*has_score) {
            let score = jsonb::from_text(&format!("{{\"score\": {score}}}"))?;
            // SAFETY: both are jsonb.
            *document = unsafe { Document::copy_of(jsonb::joined(document.datum(), score)?) };
            *has_score = true;
        }
        Some(document.datum())
    }
}

/// The leads of a company that were written down, the oldest first.
pub fn leads_of(tenant: &str, company: &Company) -> Vec<i64> {
    let (index, key) = match company {
        Company::Account(id) => (LEADS_OF_ACCOUNT, id),
        Company::Domain(domain) => (LEADS_OF_DOMAIN, domain),
    };
    let mut leads = Vec::new();
    index.texts([key, tenant], |row| {
        leads.extend(row.get::<i64>(1));
        None::<()>
    });
    leads.sort_unstable();
    leads
}

/// What a row says of a person's first lead.
pub fn earlier(row: &LeadRow) -> EarlierLead {
    let status = row.get::<String>("status").and_then(|status| Status::named(&status));
    let (owner_id, queue) = (row.get::<String>("owner_id"), row.get::<String>("queue"));
    let is_unrouted = status == Some(Status::New) && owner_id.is_none() && queue.is_none();
    EarlierLead {
        id: row.get::<i64>("id").unwrap_or_default(),
        owner_id,
        queue,
        event: row.get("event"),
        segment: row.get("segment"),
        is_answered: row.time("first_response_at").is_some(),
        is_unrouted,
    }
}

/// The order in which leads of one person are its first: one that somebody works on, then by age.
pub fn rank(lead: &EarlierLead) -> (bool, bool, i64) {
    (lead.is_nurtured(), lead.is_unrouted, lead.id)
}

/// Who owns a lead, if it is open and no touch.
fn owner_of_open(lead_id: i64) -> Option<String> {
    LEADS.bigint(lead_id, |row| {
        // SAFETY: a row of leads, valid during the callback.
        let row = unsafe { LeadRow::new(row.tuple, row.desc) };
        let status = row.get::<String>("status").and_then(|status| Status::named(&status))?;
        let is_open = !status.is_closed() && row.get::<i64>("duplicate_of").is_none();
        row.get::<String>("owner_id").filter(|_| is_open)
    })
}

/// The key of the lock of a person, who is somebody else in another tenant.
fn person_lock(tenant: &str, key: &str) -> i32 {
    if tenant.is_empty() {
        return locks::key_of(key);
    }
    locks::key_of(&format!("{tenant}\n{key}"))
}

/// The same as [`document`] of some columns, with names that need no quotes. Names that are no columns are left out.
fn columns(row: &LeadRow, clean: &CleanLead, names: &[String]) -> Option<Document> {
    let (mut members, mut types, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for name in names {
        let (mut value, mut type_id) = row.value(name);
        if type_id == pg_sys::InvalidOid {
            continue;
        }
        if let Some((_, text)) = cleaned_texts(clean).find(|(column, _)| column == name) {
            (value, type_id) = (text.into_datum(), pg_sys::TEXTOID);
        } else if name == "score" && clean.lead.given.is_scored {
            value = None;
        }
        types.push(type_id);
        values.push(value);
        members.push(format!("'{name}', ${}", types.len()));
    }
    let build = format!("SELECT pg_catalog.jsonb_build_object({})", members.join(", "));
    let built = spi::ask((build, types), &values, true, |row| row.get::<Document>(1));
    built.into_iter().next().flatten()
}

/// The row as jsonb, with the cleaned values over the given ones, and over these what is `changed`.
pub fn document(
    row: &LeadRow,
    clean: &CleanLead,
    changed: &[(&'static str, serde_json::Value)],
) -> Option<Document> {
    let mut over = serde_json::Map::new();
    over.extend(cleaned_texts(clean).map(|(column, value)| (column.to_owned(), value.into())));
    if clean.lead.given.is_scored {
        over.insert("score".to_owned(), serde_json::Value::Null);
    }
    over.extend(changed.iter().map(|(column, value)| ((*column).to_owned(), value.clone())));
    let clean = serde_json::Value::Object(over);
    let clean = jsonb::from_text(&clean.to_string());
    let (composite, type_id) = row.composite();
    let merge = "SELECT pg_catalog.to_jsonb($1) OPERATOR(pg_catalog.||) $2".to_owned();
    let types = vec![type_id, pg_sys::JSONBOID];
    let merged =
        spi::ask((merge, types), &[Some(composite), Some(clean?)], true, |row| row.get::<Document>(1));
    merged.into_iter().next().flatten()
}
