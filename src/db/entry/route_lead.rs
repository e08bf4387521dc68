//! Leads by function call: `route_lead`, `preview_route`, `explain_decision`.

use crate::db::indexes::EXTERNAL_IDS;
use crate::db::lead::json::{object, read_fields, Fields};
use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::jsonb;
use crate::db::pg::locks::{self, Class};
use crate::db::pg::security::{may_insert, AsOwner};
use crate::db::pg::spi::text;
use crate::db::pg::time::written;
use crate::db::pg::wait::Patience;
use crate::db::routing::answer::answer;
use crate::db::routing::batch::Batch;
use crate::db::routing::open_statements::{self, Origin};
use crate::db::routing::pending_decision::{Pending, Wanted};
use crate::db::state::moment::Moment;
use crate::db::{errors, queries};
use leadroute_engine::decision::cause::Cause;
use leadroute_engine::decision::stored::{full, Trace};
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use serde_json::json;
use std::rc::Rc;

sql_function! {
    /// `leadroute.route_lead(jsonb)`
    leadroute_route_lead, pg_finfo_leadroute_route_lead, route_lead
}

sql_function! {
    /// `leadroute.preview_route(jsonb, timestamptz)`
    leadroute_preview_route, pg_finfo_leadroute_preview_route, preview_route
}

sql_function! {
    /// `leadroute.explain_decision(bigint)`
    leadroute_explain_decision, pg_finfo_leadroute_explain_decision, explain_decision
}

unsafe fn route_lead(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL.
    let lead = unsafe { object(argument(fcinfo, 0), "route_lead") };
    let may_name_owner = may_insert("leads", c"owner_id");
    let _owner = AsOwner::begin();
    catalog::lock_for_inserting();
    let fields = read_fields(lead, may_name_owner);
    let mut patience = Patience::fresh();
    if let Some(id) =
        fields.external_id.as_deref().and_then(|key| submitted(key, &fields.tenant, &mut patience))
    {
        return answer(id, false);
    }
    let Fields { columns, consumed, odd, external_id, tenant } = fields;
    open_statements::announce(Some(Origin { cause: Cause::RouteLead, odd, patience }));
    let arguments = [jsonb::from_text(&columns), Some(lead), consumed.into_datum()];
    let ids = queries::LEAD_INSERT.returning(&arguments, |row| row.get::<i64>(1));
    open_statements::announce(None);
    if let Some(key) = &external_id {
        // By now others see by the row itself that the id is in flight.
        locks::unlock(Class::External, locks::key_of(key));
    }
    match ids.first().copied().flatten() {
        Some(id) => answer(id, true),
        // another transaction has inserted it meanwhile
        None => match external_id.and_then(|key| by_external_id(&key, &tenant)) {
            Some(id) => answer(id, false),
            None => errors::row_was_dropped(),
        },
    }
}

/// The lead with an external id; `None` if it can be inserted without waiting, with the id locked; an error if
/// another transaction has inserted it and stays open.
fn submitted(external_id: &str, tenant: &str, patience: &mut Patience) -> Option<i64> {
    let key = locks::key_of(external_id);
    let found = patience.wait(|| {
        if let Some(id) = by_external_id(external_id, tenant) {
            return Some(Some(id));
        }
        if !locks::try_lock(Class::External, key) {
            return None;
        }
        if !EXTERNAL_IDS.is_in_flight(external_id) {
            return Some(None);
        }
        locks::unlock(Class::External, key);
        None
    });
    found.unwrap_or_else(|| errors::submit_in_flight(external_id))
}

/// An error if the lead belongs to another tenant, who must not see it.
fn by_external_id(external_id: &str, tenant: &str) -> Option<i64> {
    let found = queries::BY_EXTERNAL_ID.first(&[text(Some(external_id))], |row| {
        Some((row.get::<i64>(1)?, row.get::<String>(2).unwrap_or_default()))
    });
    let (id, of) = found.flatten()?;
    if of != tenant {
        errors::external_id_of_another_tenant(external_id);
    }
    Some(id)
}

unsafe fn preview_route(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL.
    let lead = unsafe { object(argument(fcinfo, 0), "preview_route") };
    let may_name_owner = may_insert("leads", c"owner_id");
    let _owner = AsOwner::begin();
    let Fields { columns, consumed, odd, .. } = read_fields(lead, may_name_owner);
    // SAFETY: as declared in SQL: timestamptz.
    let at = unsafe { argument(fcinfo, 1).and_then(|datum| i64::from_datum(datum, false)) };
    if at.is_some_and(|at| at == i64::MIN || at == i64::MAX) {
        errors::infinite_moment("preview_route");
    }
    let moment = at.and_then(Moment::unless_now).map(Rc::new);
    let mut batch = Batch::open_as_of(moment, Cause::RouteLead, odd);
    let arguments = [jsonb::from_text(&columns), Some(lead), consumed.into_datum()];
    let pending = queries::LEAD_ROW.first(&arguments, |row| {
        // SAFETY: the query returns rows of leads, valid during the callback.
        let row = unsafe { LeadRow::new(row.tuple, row.desc) };
        batch.name_owner(row.get("owner_id"));
        batch.decide(&row, false, Wanted::Route).pending
    });
    let json = pending.flatten().map(|pending| preview(&pending).to_string());
    let datum = json.as_deref().and_then(jsonb::from_text);
    datum.unwrap_or(Datum::from(0))
}

/// The same keys as `route_lead` answers where they make sense, and the trace.
fn preview(pending: &Pending) -> serde_json::Value {
    let decision = &pending.decision;
    let outcome = &decision.outcome;
    json!({
        "outcome": outcome.name(), "status": outcome.status().name(), "layer": decision.layer.name(),
        "owner_id": outcome.owner(), "queue": outcome.queue(), "duplicate_of": outcome.duplicate_of(),
        "account_id": decision.account_id, "segment": decision.segment, "territory": decision.territory,
        "tier": decision.tier, "pool": decision.pool, "playbook": decision.playbook,
        "expansion": decision.expansion, "reason": decision.reason(),
        "policy": decision.clock.as_ref().map(|clock| &clock.policy),
        "sla_due_at": decision.clock.as_ref().and_then(|clock| written(clock.due_at)), "trace": full(json!(decision.trace)),
    })
}

unsafe fn explain_decision(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, bigint.
    let id = unsafe { argument(fcinfo, 0).and_then(|datum| i64::from_datum(datum, false)) };
    let Some(id) = id else {
        // SAFETY: the call info is valid.
        return unsafe { null(fcinfo) };
    };
    let _owner = AsOwner::begin();
    let text = queries::DECISION.first(&[Some(Datum::from(id))], |row| {
        let column = |n| row.get::<String>(n);
        let who = column(9).or(column(10)).map(|who| format!(" ({who})")).unwrap_or_default();
        let to = match (column(5), column(6)) {
            (Some(rep), _) => format!("rep {rep}"),
            (None, Some(queue)) => format!("queue {queue}"),
            (None, None) => column(4).unwrap_or_default(),
        };
        let lead = row.get::<i64>(1).unwrap_or_default();
        let (at, cause) = (column(2).unwrap_or_default(), column(3).unwrap_or_default());
        let reason = column(7).unwrap_or_default();
        let Trace(trace) = serde_json::from_str(&column(8).unwrap_or_default()).unwrap_or_default();
        let steps = leadroute_engine::decision::explain::full(&trace);
        let text = format!("Lead {lead}{who} went to {to} on {at} ({cause}): {reason}.\n{steps}");
        text.trim_end().to_owned()
    });
    match text {
        Some(text) => text.into_datum().unwrap_or(Datum::from(0)),
        None => errors::no_such_decision(id),
    }
}
