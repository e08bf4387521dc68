//! Instants between PostgreSQL and the engine, and time zones by PostgreSQL's own database.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat};
use leadroute_engine::time_zone::Zones;
use leadroute_engine::Micros;
use pgrx::pg_sys;
use rustc_hash::FxHashSet;
use std::cell::OnceCell;
use std::ffi::CString;

/// PostgreSQL counts from 2000-01-01, the engine from 1970-01-01.
const EPOCH_SHIFT: i64 = 946_684_800_000_000;

/// `-infinity`
pub const NEVER: i64 = i64::MIN;

/// `infinity`
pub const FOREVER: i64 = i64::MAX;

/// Microseconds since 2000 from those since 1970.
pub const fn to_postgres_epoch(micros: Micros) -> i64 {
    micros.saturating_sub(EPOCH_SHIFT)
}

/// Microseconds since 1970 from those since 2000; infinities stay at the ends.
pub const fn from_postgres_epoch(timestamp: i64) -> Micros {
    match timestamp {
        NEVER => NEVER,
        _ => timestamp.saturating_add(EPOCH_SHIFT),
    }
}

/// An instant as JSON has it, in UTC.
pub fn written(at: Micros) -> Option<String> {
    DateTime::from_timestamp_micros(at).map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, false))
}

/// The time of day, now.
pub fn now() -> Micros {
    // SAFETY: reads the clock.
    from_postgres_epoch(unsafe { pg_sys::GetCurrentTimestamp() })
}

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
pub struct TimeZones;

impl Zones for TimeZones {
    fn local(&self, zone: &str, at: Micros) -> Option<NaiveDateTime> {
        local(zone, at)
    }
}

thread_local! {
    /// The names of time zones, in lower case; the files of a server do not change while a session runs.
    static NAMES: OnceCell<FxHashSet<String>> = const { OnceCell::new() };
}

/// Whether there is a time zone of that name in the IANA database. What POSIX would make of a text, such as `XYZ-3`, has
/// no summer time that anybody keeps up to date.
pub fn is_known(name: &str) -> bool {
    let is_place = name.contains('/') && !name.contains([',', '<', ';']);
    let is_copy = ["posix/", "right/"].iter().any(|copy| name.to_ascii_lowercase().starts_with(copy));
    // reading all names takes some milliseconds
    if name == "UTC" || is_place && !is_copy {
        return zone(name).is_some();
    }
    NAMES.with(|names| names.get_or_init(all_names).contains(&name.to_ascii_lowercase()))
}

/// All names, without other copies of the same files, and what is no place.
fn all_names() -> FxHashSet<String> {
    let mut names = FxHashSet::default();
    // SAFETY: the listing is ended; names live as long as it.
    unsafe {
        let listing = pg_sys::pg_tzenumerate_start();
        loop {
            let zone = pg_sys::pg_tzenumerate_next(listing);
            if zone.is_null() {
                break;
            }
            let name =
                std::ffi::CStr::from_ptr(pg_sys::pg_get_timezone_name(zone)).to_string_lossy().to_lowercase();
            let is_other = ["posix/", "right/", "localtime", "posixrules", "factory"];
            if !is_other.iter().any(|other| name.starts_with(other)) {
                names.insert(name);
            }
        }
        pg_sys::pg_tzenumerate_end(listing);
    }
    names
}
