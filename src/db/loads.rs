//! The load of each rep: leads given on a day and in a week, and leads that are open. Every way in which a
//! lead gets or loses an owner, or is closed, ends here.

use super::book::{Book, Sum};
use super::function::{argument, sql_function};
use super::identity::{only_the_extension, AsOwner};
use super::locks::Class;
use super::row::{from_postgres_epoch, now, LeadRow};
use super::scan::REPS;
use super::spi::Row;
use super::trigger_data::{Call, On, When, UPDATE};
use super::{cache, queries, zones};
use chrono::{Days, NaiveDate};
use leadroute_engine::load::{Day, Load};
use leadroute_engine::roster::Rep;
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};

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
    Day::of(at, &rep.time_zone, &zones::Clock)
}

sql_function! {
    /// `leadroute_internal.add_load(integer, integer, integer, timestamptz)`
    leadroute_add_load, pg_finfo_leadroute_add_load, add_load
}

unsafe fn add_load(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict.
    let (rep_no, given, open, at) = unsafe {
        let integer = |n| argument(fcinfo, n).and_then(|datum| i32::from_datum(datum, false)).unwrap_or(0);
        let at = argument(fcinfo, 3).and_then(|datum| i64::from_datum(datum, false));
        (integer(0), i64::from(integer(1)), i64::from(integer(2)), at.map_or_else(now, from_postgres_epoch))
    };
    only_the_extension("add_load");
    let (_, roster) = cache::load();
    if let Some(rep) = roster.reps.values().find(|rep| rep.rep_no == rep_no) {
        LOADS.add(rep_no, &Added::change(day(rep, at), given, open));
    }
    Datum::from(0)
}

sql_function! {
    /// `leadroute_internal.forget_load(integer)`: a rep has been deleted.
    leadroute_forget_load, pg_finfo_leadroute_forget_load, forget_load
}

unsafe fn forget_load(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("forget_load");
    // SAFETY: as declared in SQL: strict, integer.
    let rep_no = unsafe { argument(fcinfo, 0) };
    queries::LOAD_GONE.write(&[rep_no]);
    Datum::from(0)
}

sql_function! {
    /// `leadroute_internal.count_load()`: row trigger after an update of `leads`.
    leadroute_count_load, pg_finfo_leadroute_count_load, count_load
}

const CALL: Call =
    Call { function: "count_load", on: On::Table("leads"), when: When::AfterRow, events: UPDATE };

unsafe fn count_load(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuples and relation are valid.
    unsafe {
        let data = CALL.data(fcinfo);
        let shape = (*data.tg_relation).rd_att;
        let _owner = AsOwner::begin();
        updated(
            &Held::of(&LeadRow::new(data.tg_trigtuple, shape)),
            &Held::of(&LeadRow::new(data.tg_newtuple, shape)),
        );
    }
    Datum::from(0)
}

/// Who holds a lead.
struct Held {
    owner: Option<String>,
    /// Owned by a decision, no touch, and not closed.
    is_open: bool,
    is_touch: bool,
}

impl Held {
    fn of(row: &LeadRow) -> Self {
        let (owner, is_touch) = (row.get::<String>("owner_id"), row.get::<i64>("duplicate_of").is_some());
        let worked_on = |status: String| matches!(status.as_str(), "assigned" | "working" | "qualified");
        // Who brings a lead with its owner along has not counted it.
        let is_decided = row.get::<i64>("decision_id").is_some();
        let is_open = owner.is_some() && is_decided && !is_touch && row.get("status").is_some_and(worked_on);
        Self { owner, is_open, is_touch }
    }
}

fn updated(old: &Held, new: &Held) {
    let (_, roster) = cache::load();
    let (now, rep) = (now(), |held: &Held| held.owner.as_ref().and_then(|id| roster.reps.get(id)));
    if old.owner == new.owner {
        let change = i64::from(new.is_open) - i64::from(old.is_open);
        if let Some(rep) = rep(new).filter(|_| change != 0) {
            LOADS.add(rep.rep_no, &Added::change(day(rep, now), 0, change));
        }
        return;
    }
    // A rename carries the new key to the leads: nobody gets or loses one. The roster may not know yet.
    let is_gone = |id: &String| REPS.text(id, |_| Some(())).is_none();
    if old.owner.as_ref().is_some_and(is_gone) {
        return;
    }
    if let Some(rep) = rep(old).filter(|_| old.is_open) {
        LOADS.add(rep.rep_no, &Added::change(day(rep, now), 0, -1));
    }
    if let Some(rep) = rep(new).filter(|_| !new.is_touch) {
        LOADS.add(rep.rep_no, &Added::change(day(rep, now), 1, i64::from(new.is_open)));
    }
}
