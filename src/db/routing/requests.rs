//! What providers are asked about new leads: written with their decisions, and delivered by whoever takes the notifications.

use crate::db::lead::row::LeadRow;
use crate::db::queries;
use crate::db::routing::outbox;
use crate::db::routing::pending_decision::Pending;
use leadroute_engine::follow_up::requests::requests;
use leadroute_engine::rules::Rules;
use pgrx::IntoDatum;

/// Notes whom to ask about a row that was decided.
pub fn ask(pending: &mut Pending, row: &LeadRow, rules: &Rules) {
    if !rules.providers.is_empty() {
        let score = pending.decision.clean.lead.score;
        let has = |field: &str| row.has(field) || field == "score" && score.is_some();
        pending.requests = requests(rules, &pending.decision, has);
    }
}

/// Asks about leads that were inserted.
pub fn write(leads: &[Pending]) {
    let asked: Vec<_> = leads
        .iter()
        .flat_map(|lead| {
            let tenant = &lead.decision.clean.lead.tenant;
            lead.requests.iter().map(move |request| (lead.lead_id, lead.decision_id, tenant, request))
        })
        .collect();
    if asked.is_empty() {
        return;
    }
    let numbers = |of: fn(&(i64, i64)) -> i64| {
        asked.iter().map(|(lead, decision, ..)| of(&(*lead, *decision))).collect::<Vec<i64>>().into_datum()
    };
    let tenants: Vec<String> = asked.iter().map(|(_, _, tenant, _)| (*tenant).clone()).collect();
    let providers: Vec<String> = asked.iter().map(|(.., request)| request.provider.clone()).collect();
    let missing: Vec<String> = asked.iter().map(|(.., request)| request.missing.join(",")).collect();
    queries::ASK_PROVIDERS.returning(
        &[
            numbers(|ids| ids.0),
            numbers(|ids| ids.1),
            tenants.into_datum(),
            providers.into_datum(),
            missing.into_datum(),
        ],
        |_| (),
    );
    outbox::written();
}
