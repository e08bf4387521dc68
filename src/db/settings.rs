//! Settings, all with the reserved prefix `leadroute`.

use leadroute_engine::Micros;
use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};
use pgrx::pg_sys;
use std::ffi::{c_char, c_void, CStr, CString};

/// The tables of rules, and what is checked after a change: the word `rules` in `leadroute.require_change_request`.
pub const RULES: [&str; 24] = [
    "account_matching",
    "account_policies",
    "alarm_thresholds",
    "country_aliases",
    "domain_rules",
    "enrichment_rules",
    "escalation_steps",
    "event_types",
    "golden_leads",
    "holidays",
    "industry_aliases",
    "mail_domains",
    "playbooks",
    "pools",
    "providers",
    "queues",
    "recycle_rules",
    "schedule_hours",
    "schedules",
    "score_criteria",
    "segments",
    "sla_policies",
    "territories",
    "tiers",
];

/// The other tables of routing, which managers and other systems change daily.
pub const NOT_RULES: [&str; 7] =
    ["absences", "account_domains", "accounts", "contacts", "pool_members", "reason_codes", "reps"];

/// What to do when routing itself fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PostgresGucEnum)]
#[allow(non_camel_case_types)]
pub enum OnError {
    /// Keep the lead in the catch-all queue, with the error in its decision.
    fallback,
    /// Let the insert fail.
    raise,
}

/// `leadroute.enabled`
pub static ENABLED: GucSetting<bool> = GucSetting::<bool>::new(true);
/// `leadroute.on_error`
pub static ON_ERROR: GucSetting<OnError> = GucSetting::<OnError>::new(OnError::fallback);
/// `leadroute.turn_wait`, in milliseconds
pub static TURN_WAIT: GucSetting<i32> = GucSetting::<i32>::new(50);
/// `leadroute.duplicate_wait`, in milliseconds
pub static DUPLICATE_WAIT: GucSetting<i32> = GucSetting::<i32>::new(1000);

/// `leadroute.max_reroutes`
pub static MAX_REROUTES: GucSetting<i32> = GucSetting::<i32>::new(1);
/// `leadroute.late_data`, in seconds
pub static LATE_DATA: GucSetting<i32> = GucSetting::<i32>::new(24 * 60 * 60);
/// `leadroute.notify`
pub static NOTIFY: GucSetting<bool> = GucSetting::<bool>::new(true);
/// `leadroute.alarm_share`
pub static ALARM_SHARE: GucSetting<f64> = GucSetting::<f64>::new(0.2);

/// `leadroute.why`, read by the trigger that writes history
static WHY: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// `leadroute.presence_ttl`, in seconds; 0 is for ever
pub static PRESENCE_TTL: GucSetting<i32> = GucSetting::<i32>::new(DEFAULT_PRESENCE_TTL);
const DEFAULT_PRESENCE_TTL: i32 = 16 * 60 * 60;

/// `leadroute.require_change_request`
pub static REQUIRE_CHANGE_REQUEST: GucSetting<Option<CString>> =
    GucSetting::<Option<CString>>::new(Some(c"rules_after_first_change"));
const AFTER_FIRST_CHANGE: &str = "rules_after_first_change";
const STAND_FOR_RULES: [&str; 2] = ["rules", AFTER_FIRST_CHANGE];

/// Since when rows of a routing table are changed by change requests only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeRequired {
    /// They are not.
    Never,
    /// Since the first change request was applied, for all who are no superusers.
    AfterFirst,
    /// Since it was set, for everybody.
    Always,
}

/// Whether rows of a routing table are changed by change requests only.
pub fn needs_change_request(table: &str) -> ChangeRequired {
    let Some(named) = REQUIRE_CHANGE_REQUEST.get().filter(|named| !named.is_empty()) else {
        return ChangeRequired::Never;
    };
    let words = words(&named.to_string_lossy());
    let is_named = |name: &str| words.iter().any(|word| word == name);
    let is_rule = RULES.contains(&table);
    match () {
        () if is_named(table) || is_rule && is_named("rules") => ChangeRequired::Always,
        () if is_rule && is_named(AFTER_FIRST_CHANGE) => ChangeRequired::AfterFirst,
        () => ChangeRequired::Never,
    }
}

/// The names in a list with commas.
fn words(list: &str) -> Vec<String> {
    list.split(',').map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty()).collect()
}

/// How long a reported presence counts; `None` is for ever.
pub fn presence_ttl() -> Option<Micros> {
    let seconds = Micros::from(PRESENCE_TTL.get());
    (seconds > 0).then_some(seconds * leadroute_engine::SECOND)
}

/// The default of it.
pub const fn default_presence_ttl() -> Option<Micros> {
    Some(DEFAULT_PRESENCE_TTL as Micros * leadroute_engine::SECOND)
}

/// The same if it is not the default; 0 is for ever.
pub fn presence_ttl_unless_default() -> Option<Micros> {
    (PRESENCE_TTL.get() != DEFAULT_PRESENCE_TTL).then(|| presence_ttl().unwrap_or_default())
}

/// Defines the settings. All but `why` are for superusers.
pub fn register() {
    GucRegistry::define_bool_guc(
        c"leadroute.enabled",
        c"Routes leads when they are inserted.",
        c"While it is off, rows are inserted with status 'new' and nobody is assigned; reroute_lead routes them later.",
        &ENABLED,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_enum_guc(
        c"leadroute.on_error",
        c"What happens to a lead when routing it fails.",
        c"'fallback' keeps it in the catch-all queue with the error in its decision; 'raise' lets the insert fail.",
        &ON_ERROR,
        GucContext::Suset,
        GucFlags::default(),
    );
    register_waits();
    GucRegistry::define_int_guc(
        c"leadroute.max_reroutes",
        c"How often a lead may be routed again by itself because what it was routed by has been corrected.",
        c"0 is never. Leads that somebody has answered, or given to a rep by hand, stay where they are in any case.",
        &MAX_REROUTES,
        0,
        100,
        GucContext::Suset,
        GucFlags::default(),
    );
    register_late_data();
    register_presence();
    register_outbox();
    register_change_requests();
    register_why();
    reserve_prefix();
}

fn register_late_data() {
    GucRegistry::define_int_guc(
        c"leadroute.late_data",
        c"How long after a lead has come scores and data that become known may route it again.",
        c"0 is never: they are only noted. What is corrected in an attached table has no such time.",
        &LATE_DATA,
        0,
        31_536_000,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
}

fn register_presence() {
    GucRegistry::define_int_guc(
        c"leadroute.presence_ttl",
        c"How long a presence that was reported by set_presence counts.",
        c"After it hours and absences alone decide; 0 is for ever.",
        &PRESENCE_TTL,
        0,
        31_536_000,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
}

fn register_waits() {
    GucRegistry::define_int_guc(
        c"leadroute.turn_wait",
        c"Longest wait for the turns of a pool or the load of a rep, which others hold for microseconds.",
        c"After it a lead is assigned by what can be seen, and who has caps to keep is passed over.",
        &TURN_WAIT,
        0,
        60_000,
        GucContext::Suset,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"leadroute.duplicate_wait",
        c"Longest wait of a statement for other transactions that submit the same persons.",
        c"After it leads are let in; route_lead raises an error where the external_id is the same.",
        &DUPLICATE_WAIT,
        0,
        600_000,
        GucContext::Suset,
        GucFlags::UNIT_MS,
    );
}

fn register_outbox() {
    GucRegistry::define_bool_guc(
        c"leadroute.notify",
        c"Wakes listeners that sleep when a transaction has written notifications.",
        c"While it is off, notifications are written all the same, and a listener finds them when its wait times out.",
        &NOTIFY,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_float_guc(
        c"leadroute.alarm_share",
        c"Share of the leads of the last hour that may fall back before the manager of the catch-all queue is told.",
        c"1 is never.",
        &ALARM_SHARE,
        0.0,
        1.0,
        GucContext::Suset,
        GucFlags::default(),
    );
}

fn register_change_requests() {
    // SAFETY: the hook is guarded against panics.
    unsafe {
        GucRegistry::define_string_guc_with_hooks(
            c"leadroute.require_change_request",
            c"Routing tables whose rows are changed by applied change requests only.",
            c"Names with commas; 'rules' stands for all tables of rules, and 'rules_after_first_change' for the same once a change request was applied, but not for superusers. Empty is none.",
            &REQUIRE_CHANGE_REQUEST,
            GucContext::Suset,
            GucFlags::default(),
            Some(are_routing_tables),
            None,
            None,
        );
    }
}

/// Check hook: a name that is misspelt would protect nothing.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn are_routing_tables(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: PostgreSQL passes a text that ends with a zero, or none; the detail lives until the error is reported.
    unsafe {
        if (*value).is_null() {
            return true;
        }
        let list = CStr::from_ptr(*value).to_string_lossy().into_owned();
        let known = |word: &str| {
            STAND_FOR_RULES.contains(&word) || RULES.contains(&word) || NOT_RULES.contains(&word)
        };
        let Some(unknown) = words(&list).into_iter().find(|word| !known(word)) else {
            return true;
        };
        let allowed =
            STAND_FOR_RULES.iter().chain(&NOT_RULES).chain(&RULES).copied().collect::<Vec<_>>().join(", ");
        let detail = format!("\"{unknown}\" is no routing table. Allowed are {allowed}.");
        let detail = CString::new(detail).unwrap_or_default();
        pg_sys::GUC_check_errdetail_string =
            pg_sys::MemoryContextStrdup(pg_sys::ErrorContext, detail.as_ptr());
        false
    }
}

fn register_why() {
    GucRegistry::define_string_guc(
        c"leadroute.why",
        c"Why the session changes routing tables: a note in config_history.",
        c"Empty is no note.",
        &WHY,
        GucContext::Userset,
        GucFlags::default(),
    );
}

#[cfg(not(feature = "pg14"))]
fn reserve_prefix() {
    // SAFETY: called from _PG_init, with a string that lives for ever.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"leadroute".as_ptr()) }
}

#[cfg(feature = "pg14")]
fn reserve_prefix() {
    // SAFETY: called from _PG_init, with a string that lives for ever.
    unsafe { pg_sys::EmitWarningsOnPlaceholders(c"leadroute".as_ptr()) }
}
