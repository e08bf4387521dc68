//! The account of a lead by nothing but the name of its company: off until somebody switches it on, and never where there is
//! a company domain, an account id or a known contact.
//!
//! Ties are broken in one order, that of [`TieBreaker`]: how alike the names are; the same legal form; the country; customers;
//! named accounts; the id. Only the first three tell which company it is: where they do not, and it matters who is taken, the
//! lead is ambiguous.

use crate::context::Routing;
use crate::decision::reason::{NameCandidate, Reason, TieBreaker};
use crate::lead::account::{Account, AccountKind, AccountMatch, Namesake};
use crate::lead::{company_name, normalize};
use crate::lookups::WantedName;
use crate::rules::tables::AccountMatching;
use std::cmp::Ordering;

/// How much less alike than the threshold a name may be to stand in the trace.
const NEAR: f64 = 0.1;

/// Whether a name is worth telling.
pub fn is_near(similarity: f64, policy: &AccountMatching) -> bool {
    similarity >= policy.threshold - NEAR
}

/// What one account has over another, by what is asked in order.
struct Compared<'a> {
    by: TieBreaker,
    order: Ordering,
    one: &'a Namesake,
}

/// How the first stands to the second: less comes first. The last tie-breaker is a unique key.
fn compare<'a>(one: &'a Namesake, other: &Namesake, wanted: WantedName<'_>) -> Compared<'a> {
    let words = company_name::words(wanted.company);
    let has_form = |row: &Namesake| company_name::words(&row.name) == words;
    let at_home = |row: &Namesake| match (wanted.country, row.found.account.country.as_deref()) {
        (Some(lead), Some(account)) if lead == account => 2,
        (Some(_), Some(_)) => 0,
        _ => 1,
    };
    let is_customer = |row: &Namesake| row.found.account.kind == AccountKind::Customer;
    let id = |row: &'_ Namesake| row.found.account.id.clone();
    let asked = [
        (TieBreaker::Similarity, other.similarity.total_cmp(&one.similarity)),
        (TieBreaker::LegalForm, has_form(other).cmp(&has_form(one))),
        (TieBreaker::Country, at_home(other).cmp(&at_home(one))),
        (TieBreaker::Customer, is_customer(other).cmp(&is_customer(one))),
        (TieBreaker::Named, other.found.account.named.cmp(&one.found.account.named)),
        (TieBreaker::Id, id(one).cmp(&id(other))),
    ];
    let told = asked.into_iter().find(|(_, order)| order.is_ne());
    let (by, order) = told.unwrap_or((TieBreaker::Id, Ordering::Equal));
    Compared { by, order, one }
}

/// Puts candidates into the one order in which they are taken.
pub fn rank(candidates: &mut [Namesake], wanted: WantedName<'_>) {
    candidates.sort_by(|one, other| compare(one, other, wanted).order);
}

/// Whether it makes no difference to which of two accounts a lead belongs.
fn go_to_the_same(one: &AccountMatch, other: &AccountMatch) -> bool {
    let team = |account: &Account| {
        let Account { kind, named, owner_id, csm_id, .. } = account.clone();
        (kind, named, owner_id, csm_id)
    };
    let teams = |found: &AccountMatch| found.family().map(team).collect::<Vec<_>>();
    one.account.kind != AccountKind::Disqualified && teams(one) == teams(other)
}

/// Whether names, countries and policy leave open which of two accounts it is.
fn is_ambiguous(first: &Compared<'_>, second: &Namesake, policy: &AccountMatching) -> bool {
    let one = first.one;
    let gap = one.similarity - second.similarity;
    let tells = match first.by {
        // nothing is more alike than the same name
        TieBreaker::Similarity => one.similarity >= 1.0 || gap + 1e-9 >= policy.margin,
        TieBreaker::LegalForm | TieBreaker::Country => true,
        TieBreaker::Customer | TieBreaker::Named | TieBreaker::Id => policy.margin <= 0.0,
    };
    !tells && !go_to_the_same(&one.found, &second.found)
}

/// What a look-up by name finds.
pub enum ByName {
    /// One account, or none.
    Account(Option<Box<AccountMatch>>),
    /// Several that are too much alike.
    Ambiguous(Reason),
}

/// The name of the lead's company and how it is looked for, where there is nothing better to go by and the tenant wants that.
fn wanted<'a>(routing: &Routing<'a>) -> Option<(&'a AccountMatching, String)> {
    let clean = &routing.clean;
    let policy =
        routing.context.rules.account_matching(&clean.lead.tenant).filter(|policy| policy.enabled)?;
    let has_better =
        !clean.company_names.is_empty() || clean.lead.crm_account_id.is_some() || clean.lead.given.adopted;
    let company = clean.lead.company.clone().filter(|_| !has_better)?;
    Some((policy, company))
}

/// Looks the account up by name, if that is all there is; what was found goes into the trace.
pub fn find(routing: &mut Routing<'_>) -> ByName {
    let Some((policy, company)) = wanted(routing) else {
        return ByName::Account(None);
    };
    let folded = policy.folded(&company);
    if folded.is_empty() {
        return ByName::Account(None);
    }
    let lead = &routing.clean.lead;
    let country = lead.country.as_deref().filter(|country| normalize::country_code(country).is_some());
    let wanted = WantedName { tenant: &lead.tenant, company: &company, folded: &folded, country, policy };
    let candidates = routing.lookups.namesakes(wanted);
    let mut alike = candidates.iter().filter(|row| row.similarity >= policy.threshold);
    let (first, second) = (alike.next(), alike.next());
    let compared = first.zip(second).map(|(first, second)| (compare(first, second, wanted), second));
    let ambiguous = compared.as_ref().filter(|(first, second)| is_ambiguous(first, second, policy));
    let answer = match ambiguous {
        Some((first, second)) => {
            let accounts = [first.one, *second].map(|row| row.found.account.id.clone()).to_vec();
            ByName::Ambiguous(Reason::Ambiguous { accounts, queue: policy.review_queue.clone() })
        }
        None => ByName::Account(first.map(|row| Box::new(row.found.clone()))),
    };
    let decided_by = compared.map(|(first, _)| first.by);
    let candidate = |row: &Namesake| NameCandidate {
        account: row.found.account.id.clone(),
        name: row.name.clone(),
        similarity: row.similarity,
    };
    let candidates = candidates.iter().map(candidate).collect();
    routing.by_name =
        Some(Reason::Namesakes { company, threshold: policy.threshold, candidates, decided_by });
    answer
}

#[cfg(test)]
mod tests;
