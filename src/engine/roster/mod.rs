//! The roster as it stands in the routing tables: who could take a lead, and when.

pub mod calendar;
pub mod load;
pub mod members;
pub mod rotation;
pub mod stand_in;
pub mod unavailable;

use crate::lead::words;
use crate::roster::members::{Member, Members};
use crate::rules::compared::{each, language};
use crate::rules::tables::{keyed, Span};
use crate::Micros;
use chrono::NaiveDate;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// `reps.presence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Presence {
    Online,
    Away,
    Offline,
}

/// One row of `reps`; lists are lower case, `None` means 'any'.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Rep {
    pub id: String,
    /// Number that survives a rename.
    #[serde(default)]
    pub rep_no: i32,
    pub manager_id: Option<String>,
    pub active: bool,
    pub presence: Presence,
    /// When it was reported; `None` if it holds until it is changed.
    #[serde(default)]
    pub presence_at: Option<Micros>,
    pub time_zone: String,
    pub schedule: Option<String>,
    pub languages: Option<Vec<String>>,
    pub products: Option<Vec<String>>,
    pub skills: Option<Vec<String>>,
    pub backup_id: Option<String>,
    pub daily_cap: Option<i64>,
    pub weekly_cap: Option<i64>,
    pub max_open_leads: Option<i64>,
    /// The organisation that they work for.
    #[serde(default)]
    pub tenant: String,
    /// Why the row of the lead that is being routed cannot have them as its owner.
    #[serde(skip)]
    pub cannot_hold: Option<String>,
}

/// One row of `absences`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs)]
pub struct Absence {
    /// Key; 0 where nobody asks for it.
    #[serde(default)]
    pub id: i64,
    pub rep_id: String,
    pub during: Span<Micros>,
    pub kind: String,
    pub backup_id: Option<String>,
}

/// One block of `schedule_hours`, in minutes after midnight; over midnight where `closes <= opens`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[allow(missing_docs)]
pub struct Block {
    /// ISO: Monday = 1.
    pub weekday: u32,
    pub opens: u32,
    pub closes: u32,
}

/// One row of `holidays`.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Holiday {
    pub schedule: String,
    pub day: NaiveDate,
    pub name: String,
}

/// One row of `schedules` with its hours.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Schedule {
    pub name: String,
    pub hours: Vec<Block>,
}

/// The roster as the tables hold it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct RosterTables {
    pub reps: Vec<Rep>,
    pub members: Vec<Member>,
    pub absences: Vec<Absence>,
    pub schedules: Vec<Schedule>,
    pub holidays: Vec<Holiday>,
}

/// Who could take a lead, and when. It changes all day, apart from the rules.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Roster {
    pub reps: FxHashMap<String, Rep>,
    /// Members by pool.
    pub members: FxHashMap<String, Members>,
    pub absences: FxHashMap<String, Vec<Absence>>,
    pub schedules: FxHashMap<String, Vec<Block>>,
    pub holidays: FxHashMap<String, FxHashMap<NaiveDate, String>>,
}

impl Roster {
    /// The members of a pool who work for a tenant, in the order of their seats; without one all, in no order.
    pub fn members(&self, pool: &str, tenant: Option<&str>) -> impl Iterator<Item = &Member> {
        let of_pool = self.members.get(pool);
        let own = of_pool.zip(tenant).map(|(of_pool, tenant)| of_pool.of(tenant)).unwrap_or_default();
        let all = of_pool.filter(|_| tenant.is_none()).into_iter().flat_map(Members::all);
        own.iter().chain(all)
    }
}

impl From<RosterTables> for Roster {
    fn from(tables: RosterTables) -> Self {
        let mut reps = tables.reps;
        for rep in &mut reps {
            each(&mut rep.languages, language);
            each(&mut rep.products, words::folded);
            each(&mut rep.skills, words::folded);
        }
        let mut roster = Self { reps: keyed(reps, |row| &row.id), ..Self::default() };
        for row in tables.members {
            let tenant = roster.reps.get(&row.rep_id).map(|rep| rep.tenant.as_str()).unwrap_or_default();
            roster.members.entry(row.pool.clone()).or_default().add(tenant, row);
        }
        roster.members.values_mut().for_each(Members::sort);
        for row in tables.absences {
            let absences = roster.absences.entry(row.rep_id.clone()).or_default();
            absences.push(row);
        }
        for row in tables.schedules {
            roster.schedules.insert(row.name, row.hours);
        }
        for row in tables.holidays {
            let days = roster.holidays.entry(row.schedule).or_default();
            days.insert(row.day, row.name);
        }
        roster
    }
}
