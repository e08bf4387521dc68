//! What the engine finds in rules and roster, for the views that show it. Documents of JSON, since views join them.

use crate::db::lead::row::LeadRow;
use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::security::AsOwner;
use crate::db::pg::time::{now, TimeZones};
use crate::db::pg::wait::Patience;
use crate::db::queries;
use crate::db::state::account_rows::AccountRows;
use crate::db::state::config;
use crate::db::state::lookups::{self, Live};
use crate::db::state::silenced::Silenced;
use crate::db::state::turns::Ledgers;
use leadroute_engine::lint::superseded::superseded;
use leadroute_engine::lint::unreachable::idle_tiers as tiers_without_leads;
use leadroute_engine::lint::Survey;
use leadroute_engine::roster::{stand_in, Rep};
use leadroute_engine::routing::availability;
use leadroute_engine::rules::overlaps::overlaps;
use leadroute_engine::rules::shadows::shadows;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use rustc_hash::FxHashMap;
use serde::Serialize;

/// Overlaps that are listed at most.
const MOST_OVERLAPS: usize = 10_000;

/// Leads that are read at once.
const LEADS_AT_ONCE: i64 = 1000;

sql_function! {
    /// `leadroute_internal.segment_shadows()`
    leadroute_segment_shadows, pg_finfo_leadroute_segment_shadows, segment_shadows
}

sql_function! {
    /// `leadroute_internal.rule_overlaps()`
    leadroute_rule_overlaps, pg_finfo_leadroute_rule_overlaps, rule_overlaps
}

sql_function! {
    /// `leadroute_internal.idle_tiers()`
    leadroute_idle_tiers, pg_finfo_leadroute_idle_tiers, idle_tiers
}

sql_function! {
    /// `leadroute_internal.superseded_rules()`
    leadroute_superseded_rules, pg_finfo_leadroute_superseded_rules, superseded_rules
}

sql_function! {
    /// `leadroute_internal.rule_survey(timestamptz, bigint)`
    leadroute_rule_survey, pg_finfo_leadroute_rule_survey, rule_survey
}

sql_function! {
    /// `leadroute_internal.rep_cover()`
    leadroute_rep_cover, pg_finfo_leadroute_rep_cover, rep_cover
}

sql_function! {
    /// `leadroute_internal.ways_out_json()`
    leadroute_ways_out, pg_finfo_leadroute_ways_out, ways_out
}

sql_function! {
    /// `leadroute_internal.reps_away_json()`
    leadroute_reps_away, pg_finfo_leadroute_reps_away, reps_away
}

/// A rep who gets no leads now.
#[derive(Serialize)]
struct RepAway {
    rep_id: String,
    why: String,
    /// Whether they need not be there, either.
    is_off_duty: bool,
}

unsafe fn segment_shadows(_: pg_sys::FunctionCallInfo) -> Datum {
    let _owner = AsOwner::begin();
    document(&shadows(&config::load().rules.segments, now()))
}

unsafe fn rule_overlaps(_: pg_sys::FunctionCallInfo) -> Datum {
    let _owner = AsOwner::begin();
    let rules = config::load().rules;
    let shadows = shadows(&rules.segments, now());
    let shadowed = shadows.iter().map(|shadow| shadow.segment).collect();
    document(&overlaps(&rules, &shadowed, now(), MOST_OVERLAPS))
}

unsafe fn idle_tiers(_: pg_sys::FunctionCallInfo) -> Datum {
    let _owner = AsOwner::begin();
    let config::Config { rules, roster, .. } = config::load();
    document(&tiers_without_leads(&rules, &roster, &shadows(&rules.segments, now()), now()))
}

unsafe fn superseded_rules(_: pg_sys::FunctionCallInfo) -> Datum {
    let _owner = AsOwner::begin();
    document(&superseded(&config::load().rules))
}

unsafe fn rule_survey(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: timestamptz, bigint.
    let (since, most) = unsafe {
        let most = argument(fcinfo, 1).and_then(|datum| i64::from_datum(datum, false));
        (argument(fcinfo, 0), most.unwrap_or(i64::MAX))
    };
    let _owner = AsOwner::begin();
    let config = config::load();
    let mut survey = Survey::new(config::context(&config.rules, &config.roster, now(), None));
    count_leads(&mut survey, &config, since, most);
    document(&serde_json::json!({"gaps": survey.gaps(), "conditions": survey.idle_conditions()}))
}

/// Shows the last leads since a moment to the survey, newest first; `most` at most.
fn count_leads(survey: &mut Survey<'_>, config: &config::Config, since: Option<Datum>, most: i64) {
    let (mut ledgers, mut patience, companies) = (Ledgers::default(), Patience::none(), FxHashMap::default());
    let (mut persons, mut places, silenced) = (0, None, Silenced::default());
    let (mut before, mut left) = (i64::MAX, most);
    while left > 0 {
        let at_once = left.min(LEADS_AT_ONCE);
        let arguments = [since, Some(Datum::from(before)), Some(Datum::from(at_once))];
        let ids = queries::LEADS_BEFORE.read(&arguments, |found| {
            // SAFETY: the query returns rows of leads, valid during the callback.
            let row = unsafe { LeadRow::of_query(found.tuple, found.desc, &mut places) };
            let (persons, patience) = (&mut persons, &mut patience);
            let mut live = Live {
                row: &row,
                ledgers: &mut ledgers,
                effect: false,
                persons,
                patience,
                apart: false,
                companies: &companies,
                document: None,
                silenced: &silenced,
                config,
                rows: AccountRows::default(),
            };
            survey.count(lookups::cleaned(&row, &config.rules), &mut live);
            row.get::<i64>("id").unwrap_or_default()
        });
        left = left.saturating_sub(at_once);
        match ids.last() {
            Some(last) if ids.len() as i64 == at_once => before = *last,
            _ => break,
        }
    }
}

unsafe fn rep_cover(_: pg_sys::FunctionCallInfo) -> Datum {
    let _owner = AsOwner::begin();
    document(&stand_in::covers(&config::load().roster, now()))
}

unsafe fn reps_away(_: pg_sys::FunctionCallInfo) -> Datum {
    let _owner = AsOwner::begin();
    let config::Config { rules, roster, .. } = config::load();
    let context = config::context(&rules, &roster, now(), None);
    let row = |rep: &Rep| {
        let why = availability::away(rep, context, &TimeZones)?.to_string();
        let is_off_duty = availability::off_duty(rep, context, &TimeZones).is_some();
        Some(RepAway { rep_id: rep.id.clone(), why, is_off_duty })
    };
    document(&roster.reps.values().filter_map(row).collect::<Vec<_>>())
}

unsafe fn ways_out(_: pg_sys::FunctionCallInfo) -> Datum {
    let _owner = AsOwner::begin();
    document(&config::load().rules.ways_out())
}

/// A json.
fn document(rows: &impl Serialize) -> Datum {
    let json = serde_json::to_string(rows).unwrap_or_else(|_| "[]".to_owned());
    json.into_datum().unwrap_or(Datum::from(0))
}
