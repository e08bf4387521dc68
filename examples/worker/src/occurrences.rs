//! When the events of a calendar take place: recurrences, changed instances and time zones (RFC 5545).
//!
//! The parser expands recurrence rules without a time zone; zones, UNTIL, EXDATE, RDATE and changed instances are
//! put on top of that here, for each UID on its own.

use calcard::common::timezone::Tz;
use calcard::common::PartialDateTime;
use calcard::icalendar::timezone::TzResolver;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarParameterName,
    ICalendarPeriod, ICalendarProperty, ICalendarRecurrenceRule, ICalendarValue,
};
use chrono::{DateTime, Datelike, Duration, NaiveDateTime, TimeZone, Timelike, Utc};
use std::collections::{HashMap, HashSet};

/// More instances of one event than that are refused: every minute for a month.
const MOST: usize = 50_000;

/// No event lasts longer: dates could not be reckoned with.
const LONGEST: Duration = Duration::days(36_525);

/// From when to when.
pub type Period = (DateTime<Utc>, DateTime<Utc>);

/// An instance of an event.
pub struct Occurrence<'a> {
    /// What says of it whether somebody is busy.
    pub event: &'a ICalendarComponent,
    /// Its start as the rule has it, where the event recurs; also of an instance that was moved.
    pub instance: Option<DateTime<Utc>>,
    /// When it is.
    pub period: Period,
    /// Whether it has no time of day.
    pub all_day: bool,
}

type Zones<'a> = TzResolver<&'a str>;

/// Of one UID: the event, and its instances that were changed.
#[derive(Default)]
struct Series<'a> {
    masters: Vec<&'a ICalendarComponent>,
    changed: Vec<&'a ICalendarComponent>,
}

/// All instances that touch the period. `zone` is that of times without one.
pub fn occurrences<'a>(
    calendar: &'a ICalendar,
    zone: Tz,
    period: Period,
) -> Result<Vec<Occurrence<'a>>, String> {
    let zones = calendar.build_tz_resolver().with_default(zone);
    let mut all: HashMap<&str, Series<'_>> = HashMap::new();
    let events = calendar.components.iter().filter(|c| c.component_type == ICalendarComponentType::VEvent);
    for event in events {
        let series = all.entry(event.uid().unwrap_or_default()).or_default();
        if event.has_property(&ICalendarProperty::RecurrenceId) {
            series.changed.push(event);
        } else {
            series.masters.push(event);
        }
    }
    let mut found = Vec::new();
    for (uid, series) in all {
        series
            .occurrences(&zones, period, &mut found)
            .map_err(|problem| format!("event {uid}: {problem}"))?;
    }
    found.retain(|o| o.period.0 < period.1 && o.period.1 > period.0);
    Ok(found)
}

impl<'a> Series<'a> {
    fn occurrences(
        &self,
        zones: &Zones<'_>,
        period: Period,
        found: &mut Vec<Occurrence<'a>>,
    ) -> Result<(), String> {
        let changes = Changes::read(&self.changed, zones)?;
        for master in &self.masters {
            let times = Times::read(master, zones)?.ok_or("DTSTART is missing")?;
            if changes.is_empty() && !master.is_recurrent() {
                found.push(times.occurrence(master, times.start, None));
                continue;
            }
            for start in times.starts(master, zones, period)? {
                let instance = times.instant(start);
                if changes.moved.contains_key(&instance) {
                    continue;
                }
                // an instance and all later ones may have been changed together
                match changes.later.iter().rev().find(|(from, _)| *from <= instance) {
                    Some((from, event)) => {
                        let later = Times::read(event, zones)?.ok_or("DTSTART is missing")?;
                        let moved = later.start + (start - times.local(*from));
                        found.push(later.occurrence(event, moved, Some(instance)));
                    }
                    None => found.push(times.occurrence(master, start, Some(instance))),
                }
            }
        }
        for (instance, event) in &changes.moved {
            let times = Times::read(event, zones)?.ok_or("DTSTART is missing")?;
            found.push(times.occurrence(event, times.start, Some(*instance)));
        }
        Ok(())
    }
}

/// Changed instances by the start that the rule gives them.
#[derive(Default)]
struct Changes<'a> {
    moved: HashMap<DateTime<Utc>, &'a ICalendarComponent>,
    later: Vec<(DateTime<Utc>, &'a ICalendarComponent)>,
}

impl<'a> Changes<'a> {
    fn read(changed: &[&'a ICalendarComponent], zones: &Zones<'_>) -> Result<Self, String> {
        let mut changes = Self::default();
        for event in changed {
            let entry = event.property(&ICalendarProperty::RecurrenceId).ok_or("RECURRENCE-ID is missing")?;
            let (at, zone) = moment(entry, zones).ok_or("RECURRENCE-ID is no time")?;
            let instance = instant(at, zone);
            if entry.has_parameter(&ICalendarParameterName::Range) {
                changes.later.push((instance, event));
            } else {
                changes.moved.insert(instance, event);
            }
        }
        changes.later.sort_by_key(|(from, _)| *from);
        Ok(changes)
    }

    fn is_empty(&self) -> bool {
        self.moved.is_empty() && self.later.is_empty()
    }
}

/// Start and length of an event on the clock of its time zone.
struct Times {
    start: NaiveDateTime,
    zone: Tz,
    length: Length,
    all_day: bool,
}

/// How long an event lasts: days on the clock, also where it changes, or exact time.
enum Length {
    OnTheClock(Duration),
    Exact(Duration),
}

impl Times {
    fn read(event: &ICalendarComponent, zones: &Zones<'_>) -> Result<Option<Self>, String> {
        let Some(entry) = event.property(&ICalendarProperty::Dtstart) else {
            return Ok(None);
        };
        let (start, zone) = moment(entry, zones).ok_or("DTSTART is no time")?;
        let all_day = entry
            .values
            .first()
            .and_then(ICalendarValue::as_partial_date_time)
            .is_some_and(|t| t.hour.is_none());
        let duration = event.property(&ICalendarProperty::Duration).and_then(|e| e.values.first());
        let length = if let Some(entry) = event.property(&ICalendarProperty::Dtend) {
            let (end, end_zone) = moment(entry, zones).ok_or("DTEND is no time")?;
            if all_day {
                Length::OnTheClock(end - start)
            } else {
                Length::Exact(instant(end, end_zone) - instant(start, zone))
            }
        } else if let Some(ICalendarValue::Duration(duration)) = duration {
            let is_sane = |duration: &Duration| duration.abs() <= LONGEST;
            let duration = duration.to_time_delta().filter(is_sane).ok_or("DURATION is too long")?;
            if all_day {
                Length::OnTheClock(duration)
            } else {
                Length::Exact(duration)
            }
        } else {
            Length::OnTheClock(if all_day { Duration::days(1) } else { Duration::zero() })
        };
        Ok(Some(Self { start, zone, length, all_day }))
    }

    fn instant(&self, at: NaiveDateTime) -> DateTime<Utc> {
        instant(at, self.zone)
    }

    fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.zone).naive_local()
    }

    fn occurrence<'a>(
        &self,
        event: &'a ICalendarComponent,
        start: NaiveDateTime,
        instance: Option<DateTime<Utc>>,
    ) -> Occurrence<'a> {
        let end = match self.length {
            Length::OnTheClock(length) => self.instant(start + length),
            Length::Exact(length) => self.instant(start) + length,
        };
        Occurrence { event, instance, period: (self.instant(start), end), all_day: self.all_day }
    }

    /// The starts of an event that recurs, on its clock, up to the end of the period.
    fn starts(
        &self,
        event: &ICalendarComponent,
        zones: &Zones<'_>,
        period: Period,
    ) -> Result<Vec<NaiveDateTime>, String> {
        let last = self.local(period.1);
        let mut starts = vec![self.start];
        for entry in event.properties(&ICalendarProperty::Rrule) {
            let Some(ICalendarValue::RecurrenceRule(rule)) = entry.values.first() else {
                return Err("RRULE cannot be read".to_owned());
            };
            starts.extend(expand(self.start, &self.clipped(rule, last))?);
        }
        for entry in event.properties(&ICalendarProperty::Rdate) {
            starts.extend(moments(entry, zones).into_iter().map(|(at, zone)| self.local(instant(at, zone))));
        }
        let left_out: HashSet<NaiveDateTime> = event
            .properties(&ICalendarProperty::Exdate)
            .flat_map(|entry| moments(entry, zones))
            .map(|(at, zone)| self.local(instant(at, zone)))
            .collect();
        starts.sort_unstable();
        starts.dedup();
        starts.retain(|start| *start <= last && !left_out.contains(start));
        Ok(starts)
    }

    /// The rule without instances after `last`, and with UNTIL on the clock of the event.
    fn clipped(&self, rule: &ICalendarRecurrenceRule, last: NaiveDateTime) -> ICalendarRecurrenceRule {
        let mut rule = rule.clone();
        if let Some(until) = rule.until.as_ref() {
            let at = until.to_date_time().map_or(last, |at| match at.offset {
                Some(offset) => self.local((at.date_time - offset).and_utc()),
                None if until.hour.is_none() => at.date_time + Duration::days(1) - Duration::seconds(1),
                None => at.date_time,
            });
            rule.until = Some(partial(at.min(last)));
        } else if rule.count.is_none() {
            rule.until = Some(partial(last));
        }
        rule
    }
}

/// The instances of a rule, as if there were no time zones.
fn expand(start: NaiveDateTime, rule: &ICalendarRecurrenceRule) -> Result<Vec<NaiveDateTime>, String> {
    let until = rule.until.as_ref().and_then(PartialDateTime::to_date_time);
    if until.is_some_and(|until| until.date_time < start) {
        return Ok(Vec::new());
    }
    let entry = |name, value| ICalendarEntry { name, params: Vec::new(), values: vec![value] };
    let event = ICalendarComponent {
        component_type: ICalendarComponentType::VEvent,
        entries: vec![
            entry(ICalendarProperty::Dtstart, ICalendarValue::PartialDateTime(Box::new(partial(start)))),
            entry(ICalendarProperty::Rrule, ICalendarValue::RecurrenceRule(Box::new(rule.clone()))),
        ],
        component_ids: Vec::new(),
    };
    let expanded = ICalendar { components: vec![event] }.expand_dates(Tz::UTC, MOST);
    if let Some(error) = expanded.errors.first() {
        return Err(error.error.to_string());
    }
    if expanded.events.len() >= MOST {
        return Err(format!("RRULE has {MOST} instances or more"));
    }
    Ok(expanded.events.iter().map(|event| event.start.naive_utc()).collect())
}

/// The first time of a property, and its zone.
fn moment(entry: &ICalendarEntry, zones: &Zones<'_>) -> Option<(NaiveDateTime, Tz)> {
    moments(entry, zones).into_iter().next()
}

/// The times of a property on their clocks, and their zones; of a period its start.
fn moments(entry: &ICalendarEntry, zones: &Zones<'_>) -> Vec<(NaiveDateTime, Tz)> {
    let times = entry.values.iter().filter_map(|value| match value {
        ICalendarValue::PartialDateTime(at) => Some(&**at),
        ICalendarValue::Period(
            ICalendarPeriod::Range { start, .. } | ICalendarPeriod::Duration { start, .. },
        ) => Some(start),
        _ => None,
    });
    let zoned = times.filter_map(|at| {
        let read = at.to_date_time()?;
        Some((read.date_time, read.tz().unwrap_or_else(|| zones.resolve_or_default(entry.tz_id()))))
    });
    zoned.collect()
}

/// The moment at which a clock shows a time: the first, if it does so twice, and an hour later where it is set forward.
fn instant(at: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let found = zone.from_local_datetime(&at).earliest();
    let found = found.or_else(|| zone.from_local_datetime(&(at + Duration::hours(1))).earliest());
    found.map_or_else(|| at.and_utc(), |found| found.with_timezone(&Utc))
}

fn partial(at: NaiveDateTime) -> PartialDateTime {
    let small = |number: u32| u8::try_from(number).ok();
    PartialDateTime {
        year: u16::try_from(at.year()).ok(),
        month: small(at.month()),
        day: small(at.day()),
        hour: small(at.hour()),
        minute: small(at.minute()),
        second: small(at.second()),
        ..Default::default()
    }
}
