//! From a calendar to absences: which events keep somebody from taking leads.

use crate::occurrences::{occurrences, Occurrence, Period};
use crate::settings::Calendar;
use calcard::common::timezone::Tz;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarParameterName, ICalendarParameterValue,
    ICalendarParticipationStatus, ICalendarProperty, ICalendarStatus, ICalendarTransparency, ICalendarValue,
};
use calcard::{Entry, Parser};
use chrono::{Duration, SecondsFormat};
use serde::Serialize;
use std::str::FromStr;

/// An absence as `sync_absences` takes it.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Absence {
    starts: String,
    ends: String,
    kind: &'static str,
    external_id: String,
}

/// What a calendar says of a period, or why it cannot be read as a whole: then nothing of it is used.
pub fn absences(text: &str, settings: &Calendar, period: Period) -> Result<Vec<Absence>, String> {
    let zone = match &settings.time_zone {
        Some(name) => Tz::from_str(name).map_err(|()| format!("time_zone {name:?} is unknown"))?,
        None => Tz::UTC,
    };
    let calendar = read(text)?;
    let found = occurrences(&calendar, zone, period)?;
    let mut absences: Vec<Absence> = found.iter().filter_map(|o| absence(o, settings)).collect();
    absences.sort();
    // events without a UID that say the same
    absences.dedup();
    Ok(absences)
}

/// One that was cut off is no calendar: what is missing would be removed.
fn read(text: &str) -> Result<ICalendar, String> {
    let mut parser = Parser::new(text.trim());
    let calendar = match parser.entry() {
        Entry::ICalendar(calendar) => calendar,
        other => return Err(format!("is no iCalendar: {other:?}").chars().take(200).collect()),
    };
    match parser.entry() {
        Entry::Eof if text.trim_end().to_ascii_uppercase().ends_with("END:VCALENDAR") => Ok(calendar),
        _ => Err("is cut off, or goes on after END:VCALENDAR".to_owned()),
    }
}

fn absence(occurrence: &Occurrence<'_>, settings: &Calendar) -> Option<Absence> {
    let kind = kind(occurrence, settings)?;
    let text = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    // an event must have one, and some have none
    let uid = occurrence.event.uid().filter(|uid| !uid.is_empty()).map_or_else(
        || format!("without-uid/{}/{}", text(occurrence.period.0), text(occurrence.period.1)),
        str::to_owned,
    );
    Some(Absence {
        starts: text(occurrence.period.0),
        ends: text(occurrence.period.1),
        kind,
        external_id: match occurrence.instance {
            Some(instance) => format!("{uid}/{}", text(instance)),
            None => uid,
        },
    })
}

/// Free, tentative, cancelled, declined and short ones are no absence.
fn kind(occurrence: &Occurrence<'_>, settings: &Calendar) -> Option<&'static str> {
    let event = occurrence.event;
    let length = occurrence.period.1 - occurrence.period.0;
    let busy = text_of(occurrence, &ICalendarProperty::Other("X-MICROSOFT-CDO-BUSYSTATUS".to_owned()));
    let summary = text_of(occurrence, &ICalendarProperty::Summary).to_lowercase();
    let is_off = busy.eq_ignore_ascii_case("OOF")
        || settings.out_of_office.iter().any(|word| summary.contains(&word.to_lowercase()));
    let is_off_the_table =
        matches!(event.status(), Some(ICalendarStatus::Cancelled)) || declined(event, settings);
    if is_off_the_table || length <= Duration::zero() {
        None
    } else if is_off {
        Some("pto")
    } else if matches!(event.transparency(), Some(ICalendarTransparency::Transparent))
        || matches!(event.status(), Some(ICalendarStatus::Tentative))
        || ["FREE", "TENTATIVE", "WORKINGELSEWHERE"].iter().any(|free| busy.eq_ignore_ascii_case(free))
    {
        None
    } else if occurrence.all_day {
        Some("other")
    } else {
        (length >= Duration::minutes(settings.shortest_minutes)).then_some("meeting")
    }
}

/// Whether the rep has declined an invitation, which calendars keep.
fn declined(event: &ICalendarComponent, settings: &Calendar) -> bool {
    let Some(email) = &settings.email else {
        return false;
    };
    let declines = ICalendarParameterValue::Partstat(ICalendarParticipationStatus::Declined);
    event.properties(&ICalendarProperty::Attendee).any(|attendee| {
        attendee.calendar_address().is_some_and(|address| address.eq_ignore_ascii_case(email))
            && attendee.parameter(&ICalendarParameterName::Partstat) == Some(&declines)
    })
}

fn text_of<'a>(occurrence: &Occurrence<'a>, property: &ICalendarProperty) -> &'a str {
    let value = occurrence.event.property(property).and_then(|entry| entry.values.first());
    value.and_then(ICalendarValue::as_text).unwrap_or_default()
}
