//! Everything in memory, for the tests of this crate: rules and roster from JSON, look-ups from maps.

use crate::context::{Context, Routing};
use crate::decision::reason::Reason;
use crate::decision::{Decision, Layer};
use crate::lead::account::{Account, AccountKind, AccountMatch, Company, MatchedBy, Namesake};
use crate::lead::{company_name, CleanLead, Lead, Person};
use crate::lookups::{AccountKeys, DomainFacts, Earlier, EarlierLead, Lookups, WantedName};
use crate::roster::load::{Day, Load};
use crate::roster::rotation::{OpenPool, Share, Turn};
use crate::roster::unavailable::Ineligible;
use crate::roster::{Roster, RosterTables};
use crate::routing::namesakes;
use crate::routing::pipeline::through_layers;
use crate::rules::tables::{Criterion, DomainKind, MailDomain, Pool, RuleTables};
use crate::rules::Rules;
use crate::time_zone::Zones;
use crate::{Micros, SECOND};
use chrono::{DateTime, NaiveDateTime};
use serde_json::{json, Value};
use std::collections::BTreeMap;

pub const MINUTE: Micros = 60 * SECOND;
pub const HOUR: Micros = 60 * MINUTE;
pub const DAY: Micros = 24 * HOUR;

/// An instant written as `2026-03-04 10:00`, in UTC.
pub fn at(text: &str) -> Micros {
    let parsed = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    parsed.and_utc().timestamp_micros()
}

/// The moment of the tests: a Wednesday.
pub fn now() -> Micros {
    at("2026-03-04 10:00")
}

/// Answers every look-up from maps, so that a clone gives the same answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory {
    /// Number of the pool whose turn is being chosen.
    open_pool: i32,
    domain_rules: BTreeMap<String, (DomainKind, Option<String>)>,
    listed: BTreeMap<String, MailDomain>,
    earlier: BTreeMap<String, Earlier>,
    accounts: BTreeMap<String, Account>,
    parents: BTreeMap<String, String>,
    contacts: BTreeMap<String, String>,
    /// Accounts by name.
    pub names: BTreeMap<String, String>,
    domains: BTreeMap<String, (String, Option<String>)>,
    conditions: BTreeMap<String, bool>,
    /// Who owns the open lead of a company.
    pub company_owners: BTreeMap<Company, String>,
    /// Credit by pool and seat.
    ledger: BTreeMap<i32, BTreeMap<i32, i64>>,
    offsets: BTreeMap<String, Micros>,
    /// Leads by number of the rep.
    pub loads: BTreeMap<i32, Load>,
    /// Reps whose count another transaction holds.
    pub counted: Vec<i32>,
}

impl Memory {
    pub fn domain_rule(&mut self, domain: &str, kind: DomainKind, queue: Option<&str>) {
        let queue = queue.map(str::to_owned);
        self.domain_rules.insert(domain.into(), (kind, queue));
    }

    pub fn listed(&mut self, domain: &str, list: MailDomain) {
        self.listed.insert(domain.into(), list);
    }

    /// A lead of the person that is already there.
    pub fn earlier(&mut self, key: &str, id: i64, owner: Option<&str>, queue: Option<&str>) {
        let (owner_id, queue) = (owner.map(str::to_owned), queue.map(str::to_owned));
        let first = EarlierLead { id, owner_id, queue, ..EarlierLead::default() };
        self.earlier.insert(key.into(), Earlier::Lead(first));
    }

    /// The same, with more said of it.
    pub fn earlier_lead(&mut self, key: &str, first: EarlierLead) {
        self.earlier.insert(key.into(), Earlier::Lead(first));
    }

    pub fn in_flight(&mut self, key: &str) {
        self.earlier.insert(key.into(), Earlier::InFlight);
    }

    pub fn account(&mut self, account: Account) {
        self.accounts.insert(account.id.clone(), account);
    }

    pub fn parent(&mut self, child: &str, parent: &str) {
        self.parents.insert(child.into(), parent.into());
    }

    pub fn contact(&mut self, email: &str, account: &str) {
        self.contacts.insert(email.into(), account.into());
    }

    pub fn account_domain(&mut self, domain: &str, account: &str, division: Option<&str>) {
        let division = division.map(str::to_owned);
        self.domains.insert(domain.into(), (account.into(), division));
    }

    pub fn condition_is(&mut self, jsonpath: &str, holds: bool) {
        self.conditions.insert(jsonpath.into(), holds);
    }

    /// A zone that is always this far east of UTC.
    pub fn zone(&mut self, name: &str, east: Micros) {
        self.offsets.insert(name.into(), east);
    }

    /// Writes turns down.
    pub fn book(&mut self, turns: &[Turn]) {
        for turn in turns {
            let credits = self.ledger.entry(turn.pool_no).or_default();
            for (seat, delta) in &turn.credit {
                *credits.entry(*seat).or_default() += delta;
            }
        }
    }

    fn found(&self, id: &str, by: MatchedBy) -> Option<AccountMatch> {
        let account = self.accounts.get(id)?.clone();
        let above = |id: &str| self.parents.get(id).and_then(|id| self.accounts.get(id)).cloned();
        let parent = above(id);
        let ultimate = parent.as_ref().and_then(|parent| above(&parent.id));
        Some(AccountMatch { account, parent, ultimate, by, domain: None, division: None })
    }
}

impl Zones for Memory {
    fn local(&self, zone: &str, at: Micros) -> Option<NaiveDateTime> {
        let east = match (zone, self.offsets.get(zone)) {
            ("UTC", _) => 0,
            (_, Some(east)) => *east,
            _ => return Jiff.local(zone, at),
        };
        Some(DateTime::from_timestamp_micros(at + east)?.naive_utc())
    }
}

/// The zones of the tz database, with their history.
#[derive(Debug, Clone, Copy)]
pub struct Jiff;

impl Zones for Jiff {
    fn local(&self, zone: &str, at: Micros) -> Option<NaiveDateTime> {
        let zone = jiff::tz::TimeZone::get(zone).ok()?;
        let offset = zone.to_offset(jiff::Timestamp::from_microsecond(at).ok()?);
        let second = at.div_euclid(SECOND) + i64::from(offset.seconds());
        Some(DateTime::from_timestamp(second, 0)?.naive_utc())
    }
}

impl Lookups for Memory {
    fn country(&mut self, name: &str) -> Option<String> {
        [("germany", "DE"), ("japan", "JP"), ("netherlands", "NL")]
            .iter()
            .find(|row| row.0 == name)
            .map(|row| row.1.to_owned())
    }

    fn domain(&mut self, _tenant: &str, names: &[String], suffixes: &[String]) -> DomainFacts {
        let rule = |name: &String| {
            let (kind, queue) = self.domain_rules.get(name)?.clone();
            Some((name.clone(), kind, queue))
        };
        DomainFacts {
            rule: names.iter().chain(suffixes).find_map(rule),
            listed: names.iter().find_map(|name| self.listed.get(name).copied()),
        }
    }

    fn earlier_lead(&mut self, _tenant: &str, person: &Person, this: Option<i64>) -> Earlier {
        match self.earlier.get(person.key()) {
            Some(Earlier::Lead(first)) if Some(first.id) == this => Earlier::Unknown,
            Some(earlier) => earlier.clone(),
            None => Earlier::Unknown,
        }
    }

    fn account(&mut self, keys: AccountKeys<'_>) -> Option<AccountMatch> {
        let contact = keys.person.and_then(|person| self.contacts.get(person));
        let by_contact = contact.and_then(|id| self.found(id, MatchedBy::Contact));
        let by_id = || self.found(keys.crm_account_id?, MatchedBy::CrmId);
        let by_domain = || {
            let known = |name: &&String| self.domains.contains_key(*name);
            let domain = keys.domains.iter().find(known)?;
            let (id, division) = self.domains.get(domain)?;
            let mut found = self.found(id, MatchedBy::Domain)?;
            found.domain = Some(domain.clone());
            found.division.clone_from(division);
            Some(found)
        };
        by_contact.or_else(by_id).or_else(by_domain)
    }

    fn namesakes(&mut self, wanted: WantedName<'_>) -> Vec<Namesake> {
        let like = |(name, id): (&String, &String)| {
            let similarity = company_name::similarity(&wanted.policy.folded(name), wanted.folded);
            let found = self.found(id, MatchedBy::Name)?;
            Some(Namesake { found, name: name.clone(), similarity })
                .filter(|row| namesakes::is_near(row.similarity, wanted.policy))
        };
        let mut found: Vec<Namesake> = self.names.iter().filter_map(like).collect();
        namesakes::rank(&mut found, wanted);
        found.truncate(wanted.policy.max_candidates);
        found
    }

    fn company_owner(&mut self, _tenant: &str, company: &Company) -> Option<String> {
        self.company_owners.get(company).cloned()
    }

    fn condition(&mut self, _lead: &CleanLead, jsonpath: &str) -> bool {
        self.conditions[jsonpath]
    }

    fn criterion(&mut self, _lead: &CleanLead, criterion: &Criterion) -> Result<bool, String> {
        let condition = criterion.condition.as_deref().unwrap_or_default();
        self.conditions.get(condition).copied().ok_or_else(|| format!("nobody knows {condition}"))
    }

    fn load(&mut self, rep_no: i32, _day: Day) -> Load {
        self.loads.get(&rep_no).copied().unwrap_or_default()
    }

    fn open_pool(&mut self, pool: &Pool) {
        self.open_pool = pool.pool_no;
    }

    fn close_pool(&mut self, turn: Option<&Turn>) {
        turn.into_iter().for_each(|turn| self.book(std::slice::from_ref(turn)));
    }
}

impl OpenPool for Memory {
    fn credit(&self, seat: i32) -> i64 {
        self.ledger.get(&self.open_pool).and_then(|credits| credits.get(&seat)).copied().unwrap_or(0)
    }

    fn open_leads(&mut self, rep_no: i32) -> i64 {
        self.load(rep_no, Day::default()).open
    }

    fn reserve(&mut self, share: &Share) -> Result<(), Ineligible> {
        if self.counted.contains(&share.rep_no) {
            return Err(Ineligible::Counted);
        }
        let load = self.loads.entry(share.rep_no).or_default();
        if let Some(why) = share.limits.and_then(|(caps, _)| caps.reached(load)) {
            return Err(why);
        }
        *load = Load { today: load.today + 1, this_week: load.this_week + 1, open: load.open + 1 };
        Ok(())
    }
}

/// Rules as the tables hold them, in the order in which they are tried.
pub fn rules(tables: Value) -> Rules {
    let tables: RuleTables = serde_json::from_value(tables).unwrap();
    tables.into()
}

/// The roster; what a row leaves out gets the defaults of the table: an active, present rep without
/// hours, a member of weight 1.
pub fn roster(mut tables: Value) -> Roster {
    let rep = |place| json!({"rep_no": place, "active": true, "presence": "online", "time_zone": "UTC"});
    fill(&mut tables, "reps", rep);
    let member = |place| json!({"seat": place, "weight": 1000});
    fill(&mut tables, "members", member);
    fill(&mut tables, "absences", |_| json!({"kind": "pto"}));
    let tables: RosterTables = serde_json::from_value(tables).unwrap();
    tables.into()
}

fn fill(tables: &mut Value, list: &str, defaults: impl Fn(usize) -> Value) {
    let rows = tables.get_mut(list).and_then(Value::as_array_mut);
    for (place, row) in rows.into_iter().flatten().enumerate() {
        let Value::Object(missing) = defaults(place) else {
            panic!("defaults of {list} are no object");
        };
        for (key, value) in missing {
            let row = row.as_object_mut().unwrap();
            row.entry(key).or_insert(value);
        }
    }
}

/// An account that nobody owns.
pub fn account(id: &str, kind: AccountKind) -> Account {
    Account {
        id: id.into(),
        kind,
        named: false,
        owner_id: None,
        csm_id: None,
        country: None,
        division: None,
        disqualified_reason: None,
        disqualified_at: None,
    }
}

/// A lead of whom only the address is known.
pub fn lead(email: &str) -> Lead {
    Lead { email: Some(email.into()), ..Lead::default() }
}

/// Rules, roster, look-ups and clock in one place.
#[derive(Debug)]
pub struct Setup {
    pub rules: Rules,
    pub roster: Roster,
    pub lookups: Memory,
    pub now: Micros,
}

impl Setup {
    pub fn new(rule_tables: Value, roster_tables: Value) -> Self {
        Self {
            rules: rules(rule_tables),
            roster: roster(roster_tables),
            lookups: Memory::default(),
            now: now(),
        }
    }

    pub fn route(&mut self, lead: Lead) -> Decision {
        self.route_again(lead, &[])
    }

    /// Routes a lead that some reps have had already.
    pub fn route_again(&mut self, lead: Lead, tried: &[&str]) -> Decision {
        let tried: Vec<String> = tried.iter().map(|&rep| rep.into()).collect();
        let context = Context {
            rules: &self.rules,
            roster: &self.roster,
            now: self.now,
            presence_ttl: None,
            tenant: None,
        };
        let clean = CleanLead { lead, ..CleanLead::default() };
        through_layers(Routing { tried: &tried, ..Routing::new(clean, context, &mut self.lookups) })
    }
}

/// What a layer answered; fails where it was not asked.
pub fn said(decision: &Decision, layer: Layer) -> &Reason {
    let mut steps = decision.trace.iter().filter(|step| step.layer == layer);
    &steps.next().unwrap().reason
}

/// The queue of a decision; fails where it is no queue.
pub fn queue(decision: &Decision) -> &str {
    assert_eq!(decision.outcome.name(), "queue");
    decision.outcome.queue().unwrap()
}

/// The owner of a decision; fails where it is no owner.
pub fn owner(decision: &Decision) -> &str {
    assert_eq!(decision.outcome.name(), "owner");
    decision.outcome.owner().unwrap()
}
