//! How many leads a rep has, and how many the rep may have.

use crate::roster::unavailable::Ineligible;
use crate::roster::Rep;
use crate::time_zone::Zones;
use crate::Micros;
use chrono::{DateTime, Datelike, Days, NaiveDate};

/// Leads of a rep, across all pools.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Given to the rep on the day.
    pub today: i64,
    /// Given to the rep in the ISO week of the day.
    pub this_week: i64,
    /// Owned and not closed.
    pub open: i64,
}

/// `reps.daily_cap`, `weekly_cap` and `max_open_leads`; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Caps {
    pub daily: Option<i64>,
    pub weekly: Option<i64>,
    pub open: Option<i64>,
}

impl Caps {
    /// Whether nothing is limited.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The first cap that leaves no room for another lead.
    pub fn reached(&self, load: &Load) -> Option<Ineligible> {
        let full = |cap: Option<i64>, has: i64| cap.filter(|cap| has >= *cap);
        let daily = full(self.daily, load.today).map(|cap| Ineligible::DailyCap { cap });
        let weekly = || full(self.weekly, load.this_week).map(|cap| Ineligible::WeeklyCap { cap });
        let open = || full(self.open, load.open).map(|cap| Ineligible::OpenLeads { cap });
        daily.or_else(weekly).or_else(open)
    }
}

impl Rep {
    /// What the rep may have.
    pub fn caps(&self) -> Caps {
        Caps { daily: self.daily_cap, weekly: self.weekly_cap, open: self.max_open_leads }
    }
}

/// A day on somebody's clock, with the Monday of its ISO week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub struct Day {
    pub date: NaiveDate,
    pub week: NaiveDate,
}

impl Day {
    /// The day in which an instant lies, on the clock of a zone (UTC where the zone is unknown).
    pub fn of(at: Micros, zone: &str, zones: &dyn Zones) -> Self {
        let utc = || DateTime::from_timestamp_micros(at).unwrap_or_default().naive_utc();
        Self::from(zones.local(zone, at).unwrap_or_else(utc).date())
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Self {
        let since_monday = u64::from(date.weekday().num_days_from_monday());
        let week = date.checked_sub_days(Days::new(since_monday)).unwrap_or(date);
        Self { date, week }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{at, Memory, HOUR};

    fn caps(daily: Option<i64>, weekly: Option<i64>, open: Option<i64>) -> Caps {
        Caps { daily, weekly, open }
    }

    #[test]
    fn a_cap_is_the_number_that_may_be_reached_but_not_passed() {
        let load = Load { today: 2, this_week: 7, open: 40 };
        assert_eq!(caps(Some(3), Some(8), Some(41)).reached(&load), None);
        assert_eq!(caps(Some(2), None, None).reached(&load), Some(Ineligible::DailyCap { cap: 2 }));
        assert_eq!(caps(None, Some(7), None).reached(&load), Some(Ineligible::WeeklyCap { cap: 7 }));
        assert_eq!(caps(None, None, Some(39)).reached(&load), Some(Ineligible::OpenLeads { cap: 39 }));
        assert_eq!(Caps::default().reached(&load), None);
        assert_eq!(
            caps(Some(0), None, None).reached(&Load::default()),
            Some(Ineligible::DailyCap { cap: 0 })
        );
    }

    #[test]
    fn a_day_is_read_on_the_clock_of_the_rep() {
        let mut zones = Memory::default();
        zones.zone("Asia/Tokyo", 9 * HOUR);
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        // Sunday evening in London is Monday morning in Tokyo, and another week
        let sunday = at("2026-03-01 20:00");
        let (here, there) = (Day::of(sunday, "UTC", &zones), Day::of(sunday, "Asia/Tokyo", &zones));
        assert_eq!((here.date, here.week), (date("2026-03-01"), date("2026-02-23")));
        assert_eq!((there.date, there.week), (date("2026-03-02"), date("2026-03-02")));
    }
}
