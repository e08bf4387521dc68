//! Time zones, by PostgreSQL's own database.

use super::function::{argument, sql_function};
use chrono::{NaiveDate, NaiveDateTime};
use leadroute_engine::state::Zones;
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;
use std::ffi::CString;

/// The zone of that name; `None` for abbreviations and unknown names.
fn zone(name: &str) -> Option<*mut pg_sys::pg_tz> {
    let name = CString::new(name).ok()?;
    // SAFETY: answers NULL for unknown zones; known ones are cached for the life of the process.
    let zone = unsafe { pg_sys::pg_tzset(name.as_ptr()) };
    (!zone.is_null()).then_some(zone)
}

/// Wall-clock time in a zone.
pub fn local(name: &str, at: Micros) -> Option<NaiveDateTime> {
    let seconds: pg_sys::pg_time_t = at.div_euclid(1_000_000);
    // SAFETY: the zone is valid; the result is read at once.
    let time = unsafe { pg_sys::pg_localtime(&seconds, zone(name)?).as_ref()? };
    let part = |value: i32| u32::try_from(value).ok();
    NaiveDate::from_ymd_opt(time.tm_year + 1900, part(time.tm_mon + 1)?, part(time.tm_mday)?)?.and_hms_opt(
        part(time.tm_hour)?,
        part(time.tm_min)?,
        part(time.tm_sec)?,
    )
}

/// The zones of PostgreSQL, for the engine.
pub struct Clock;

impl Zones for Clock {
    fn local(&self, zone: &str, at: Micros) -> Option<NaiveDateTime> {
        local(zone, at)
    }
}

sql_function! {
    /// `leadroute.is_time_zone(text)`
    leadroute_is_time_zone, pg_finfo_leadroute_is_time_zone, is_time_zone
}

unsafe fn is_time_zone(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, text.
    let name = unsafe { argument(fcinfo, 0).and_then(|datum| String::from_datum(datum, false)) };
    Datum::from(name.and_then(|name| zone(&name)).is_some())
}
