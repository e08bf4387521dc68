//! The load of each rep: leads given on a day and in a week, and leads that are open. Every way in which a
//! lead gets or loses an owner, or is closed, ends here.

use crate::db::pg::locks::Class;
use crate::db::pg::spi::Row;
use crate::db::pg::time::TimeZones;
use crate::db::state::shared_sum::{Book, Sum};
use chrono::{Days, NaiveDate};
use leadroute_engine::roster::load::{Day, Load};
use leadroute_engine::roster::Rep;
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;

/// The loads by `reps.rep_no`.
pub static LOADS: Book<Added> = Book::new("loads", "loads_pkey", Class::Load);

/// What was added to a load. The counts of a day or week only hold for that day or week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    day: Day,
    load: Load,
}

impl Added {
    /// A lead that a rep gets.
    pub fn lead(day: Day) -> Self {
        Self { day, load: Load { today: 1, this_week: 1, open: 1 } }
    }

    /// Leads that a rep gets on a day, and open leads that come or go.
    pub fn change(day: Day, given: i64, open: i64) -> Self {
        Self { day, load: Load { today: given, this_week: given, open } }
    }

    /// The opposite.
    pub fn taken_back(self) -> Self {
        let Load { today, this_week, open } = self.load;
        Self {
            day: self.day,
            load: Load {
                today: today.saturating_neg(),
                this_week: this_week.saturating_neg(),
                open: open.saturating_neg(),
            },
        }
    }

    /// Whether it changes nothing.
    pub fn is_nothing(&self) -> bool {
        self.load == Load::default()
    }

    /// The day for which the counts are.
    pub const fn day(&self) -> Day {
        self.day
    }

    /// The load on a day; a count for a later day (a clock that was set back) holds as well.
    pub fn on(&self, day: Day) -> Load {
        let today = if self.day.date < day.date { 0 } else { self.load.today };
        let this_week = if self.day.week < day.week { 0 } else { self.load.this_week };
        Load { today, this_week, open: self.load.open }
    }
}

impl Sum for Added {
    fn add_row(&mut self, row: &Row) {
        let date = row.get::<i32>(5).map(from_postgres_date).unwrap_or_default();
        let count = |n: i32| row.get::<i64>(n).unwrap_or_default();
        let load = Load { today: count(6), this_week: count(7), open: count(8) };
        self.add(&Self { day: Day::from(date), load });
    }

    fn add(&mut self, other: &Self) {
        let later = self.day.max(other.day);
        let (mine, theirs) = (self.on(later), other.on(later));
        self.day = later;
        self.load = Load {
            today: mine.today.saturating_add(theirs.today),
            this_week: mine.this_week.saturating_add(theirs.this_week),
            open: mine.open.saturating_add(theirs.open),
        };
    }

    fn subtract(&mut self, other: &Self) {
        self.add(&other.taken_back());
    }

    const TYPES: &'static [pg_sys::Oid] =
        &[pg_sys::DATEOID, pg_sys::INT8OID, pg_sys::INT8OID, pg_sys::INT8OID];

    fn columns(&self) -> Vec<Option<Datum>> {
        let Load { today, this_week, open } = self.load;
        let date = to_postgres_date(self.day.date).into_datum();
        vec![date, today.into_datum(), this_week.into_datum(), open.into_datum()]
    }
}

/// PostgreSQL's first day.
const EPOCH: Option<NaiveDate> = NaiveDate::from_ymd_opt(2000, 1, 1);

fn to_postgres_date(date: NaiveDate) -> i32 {
    let days = date.signed_duration_since(EPOCH.unwrap_or_default()).num_days();
    i32::try_from(days).unwrap_or_default()
}

fn from_postgres_date(days: i32) -> NaiveDate {
    let (epoch, length) = (EPOCH.unwrap_or_default(), Days::new(u64::from(days.unsigned_abs())));
    let date = if days < 0 { epoch.checked_sub_days(length) } else { epoch.checked_add_days(length) };
    date.unwrap_or_default()
}

/// The day on a rep's clock.
pub fn day(rep: &Rep, at: Micros) -> Day {
    Day::of(at, &rep.time_zone, &TimeZones)
}
