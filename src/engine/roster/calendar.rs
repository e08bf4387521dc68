//! Open time: when a rep works, and when so much of it has passed.
//!
//! A calendar is read on the rep's own wall clock. Between two changes of the zone's offset the wall clock
//! is UTC and a constant, so each such stretch is cut by itself: an hour that the clock skips is in no
//! stretch, an hour that it shows twice is in two.

use crate::roster::{Block, Rep, Roster};
use crate::time_zone::Zones;
use crate::{Micros, SECOND};
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike};
use rustc_hash::FxHashMap;
use std::iter;
use std::ops::Range;

/// How far ahead open time is looked for: 400 days, so that what comes once a year is found.
pub const HORIZON: Micros = 400 * DAY;

const MINUTE: Micros = 60 * SECOND;
/// The longest stretch that counts as having one offset if both its ends have it: no zone changes its
/// offset and changes it back within a day.
const DAY: Micros = 24 * 60 * MINUTE;
/// Minutes of a day.
const MIDNIGHT: u32 = 24 * 60;

/// The working hours and holidays of a rep.
///
/// A rep without schedule is always open, and so is one whose time zone nobody knows. A night shift belongs
/// to the day on which it opens. A holiday is closed from midnight to midnight on the rep's clock, and no
/// shift starts on it.
#[derive(Clone, Copy)]
pub struct Calendar<'a> {
    zone: &'a str,
    hours: Option<Hours<'a>>,
    zones: &'a dyn Zones,
}

#[derive(Clone, Copy)]
struct Hours<'a> {
    blocks: &'a [Block],
    holidays: Option<&'a FxHashMap<NaiveDate, String>>,
}

impl<'a> Calendar<'a> {
    /// The calendar of a rep; closed for good if the schedule has no hours.
    pub fn of(rep: &'a Rep, roster: &'a Roster, zones: &'a dyn Zones) -> Self {
        let hours = rep.schedule.as_ref().map(|schedule| Hours {
            blocks: roster.schedules.get(schedule).map_or(&[][..], Vec::as_slice),
            holidays: roster.holidays.get(schedule),
        });
        Self { zone: &rep.time_zone, hours, zones }
    }

    /// Whether the rep is on duty at `at`.
    pub fn is_open(&self, at: Micros) -> bool {
        let Some((hours, local)) = self.hours.zip(self.zones.local(self.zone, at)) else {
            return true;
        };
        let minute = local.hour() * 60 + local.minute();
        hours.windows(local.date()).any(|window| window.contains(&minute))
    }

    /// Name of the holiday on the rep's clock at `at`.
    pub fn holiday(&self, at: Micros) -> Option<&'a str> {
        let local = self.zones.local(self.zone, at)?;
        self.hours?.holidays?.get(&local.date()).map(String::as_str)
    }

    /// The first open instant at or after `from`; `None` if there is none within [`HORIZON`].
    pub fn opens_at(&self, from: Micros) -> Option<Micros> {
        self.due(from, 0)
    }

    /// The instant at which `work` microseconds of open time have passed since `start`, exactly.
    ///
    /// What comes outside hours counts from the next opening. Work that is done when the rep closes is due
    /// at that closing, not at the next opening; no work (or less) is due at [`Self::opens_at`].
    /// `None` if there is not so much open time within [`HORIZON`] of `start`.
    pub fn due(&self, start: Micros, work: Micros) -> Option<Micros> {
        let mut left = work.max(0);
        let Some((hours, _)) = self.hours.zip(self.zones.local(self.zone, start)) else {
            return Some(start.saturating_add(left));
        };
        for open in self.stretches(hours, start) {
            let length = open.end - open.start;
            if left <= length {
                return Some(open.start + left);
            }
            left -= length;
        }
        None
    }

    /// The open stretches from `from` to the horizon, in order. They may touch, but do not overlap.
    fn stretches<'b>(&'b self, hours: Hours<'b>, from: Micros) -> impl Iterator<Item = Range<Micros>> + 'b {
        let horizon = if hours.blocks.is_empty() { 0 } else { HORIZON };
        let (mut at, end) = (from, from.saturating_add(horizon));
        let days = iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let offset = self.offset(at)?;
            let steady = at..self.steady_until(at..end.min(at + DAY), offset);
            at = steady.end;
            Some(hours.open(steady, offset))
        });
        days.flatten()
    }

    /// The wall clock less UTC. Zones change on whole seconds, and PostgreSQL's clocks show no less.
    fn offset(&self, at: Micros) -> Option<Micros> {
        let second = whole_second(at);
        let local = self.zones.local(self.zone, second)?;
        Some(local.and_utc().timestamp_micros() - second)
    }

    /// The end of the span, or where the offset ceases to be `offset` before that, by bisection.
    fn steady_until(&self, span: Range<Micros>, offset: Micros) -> Micros {
        if self.offset(span.end) == Some(offset) {
            return span.end;
        }
        let (mut same, mut other) = (span.start, span.end);
        while other - same > SECOND {
            let middle = same + (other - same) / 2;
            match self.offset(middle) == Some(offset) {
                true => same = middle,
                false => other = middle,
            }
        }
        whole_second(other)
    }
}

impl<'a> Hours<'a> {
    fn is_holiday(&self, day: NaiveDate) -> bool {
        self.holidays.is_some_and(|days| days.contains_key(&day))
    }

    /// The open minutes of a day; they may overlap and are in no order.
    fn windows(self, day: NaiveDate) -> impl Iterator<Item = Range<u32>> + 'a {
        let weekday = |day: NaiveDate| day.weekday().number_from_monday();
        let today = Some(day).filter(|day| !self.is_holiday(*day)).map(weekday);
        let yesterday = day.pred_opt().filter(|day| !self.is_holiday(*day)).map(weekday);
        let blocks = if today.is_some() { self.blocks } else { &[] };
        blocks.iter().flat_map(move |block| {
            let over_midnight = block.closes <= block.opens;
            let closes = block.closes.min(MIDNIGHT);
            let until = if over_midnight { MIDNIGHT } else { closes };
            let begun = (today == Some(block.weekday)).then_some(block.opens..until);
            let rest = (over_midnight && yesterday == Some(block.weekday)).then_some(0..closes);
            begun.into_iter().chain(rest)
        })
    }

    /// The open stretches within a span of one offset, in order and merged.
    fn open(self, span: Range<Micros>, offset: Micros) -> Vec<Range<Micros>> {
        let day_of = |at: Micros| DateTime::from_timestamp_micros(at + offset).map(|at| at.date_naive());
        let (first, last) = (day_of(span.start), day_of(span.end - 1));
        let days = first.into_iter().flat_map(|day| day.iter_days()).take_while(|day| Some(*day) <= last);
        let mut open: Vec<Range<Micros>> = Vec::new();
        for day in days {
            let midnight = day.and_time(NaiveTime::MIN).and_utc().timestamp_micros() - offset;
            let minute = |minute: u32| midnight + Micros::from(minute) * MINUTE;
            let cut =
                |window: Range<u32>| minute(window.start).max(span.start)..minute(window.end).min(span.end);
            let mut windows: Vec<_> = self.windows(day).map(cut).filter(|cut| cut.start < cut.end).collect();
            windows.sort_unstable_by_key(|window| window.start);
            for window in windows {
                match open.last_mut().filter(|last| window.start <= last.end) {
                    Some(last) => last.end = last.end.max(window.end),
                    None => open.push(window),
                }
            }
        }
        open
    }
}

fn whole_second(at: Micros) -> Micros {
    at.saturating_sub(at.rem_euclid(SECOND))
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests;
