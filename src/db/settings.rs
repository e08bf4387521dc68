//! Settings, all with the reserved prefix `leadroute`.

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};

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

/// Defines the settings. Those that change who gets a lead are for superusers.
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
    GucRegistry::define_int_guc(
        c"leadroute.turn_wait",
        c"Longest wait for a turn while open transactions hold one of every rep in the pool.",
        c"After it the lead is assigned by what is committed.",
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
    reserve_prefix();
}

#[cfg(not(feature = "pg14"))]
fn reserve_prefix() {
    // SAFETY: called from _PG_init, with a string that lives for ever.
    unsafe { pgrx::pg_sys::MarkGUCPrefixReserved(c"leadroute".as_ptr()) }
}

#[cfg(feature = "pg14")]
fn reserve_prefix() {
    // SAFETY: called from _PG_init, with a string that lives for ever.
    unsafe { pgrx::pg_sys::EmitWarningsOnPlaceholders(c"leadroute".as_ptr()) }
}
