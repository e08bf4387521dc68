//! What holds for every calendar, checked against a walk from minute to minute.

use super::*;
use crate::testkit::{at, roster, Jiff, HOUR};
use chrono::Days;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{json, Value};

/// Zones, each with an instant near which its clock is changed.
const CHANGES: [(&str, &str); 11] = [
    ("UTC", "2026-03-04 00:00"),
    ("Asia/Kolkata", "2026-03-04 00:00"),
    ("Europe/Berlin", "2026-03-29 01:00"),
    ("Europe/Berlin", "2026-10-25 01:00"),
    ("America/New_York", "2026-11-01 06:00"),
    ("Australia/Lord_Howe", "2026-10-03 15:30"),
    ("Australia/Lord_Howe", "2026-04-04 15:00"),
    ("Pacific/Apia", "2011-12-30 10:00"),
    ("America/Sao_Paulo", "2018-11-04 03:00"),
    ("America/Sao_Paulo", "2018-02-18 02:00"),
    ("Asia/Beirut", "2022-10-29 21:00"),
];

/// A rep in a zone, and a minute within four days of the change of its clock.
#[derive(Debug, Clone)]
struct Plan {
    rep: Value,
    hours: Vec<Value>,
    holidays: Vec<Value>,
    start: Micros,
}

impl Plan {
    fn roster(&self) -> Roster {
        roster(json!({
            "reps": [self.rep],
            "schedules": [{"name": "own", "hours": self.hours}],
            "holidays": self.holidays,
        }))
    }
}

fn plans() -> impl Strategy<Value = Plan> {
    // every ten minutes and often on the full hour, so that blocks touch and overlap
    let clock =
        || prop_oneof![(0..24_u32).prop_map(|hour| hour * 60), (0..=144_u32).prop_map(|ten| ten * 10)];
    let block = (1..=7_u32, clock(), clock())
        .prop_map(|(day, opens, closes)| json!({"weekday": day, "opens": opens, "closes": closes}));
    let hours = prop::collection::vec(block, 0..12);
    let holidays = prop::collection::hash_set(0..8_u64, 0..3);
    (select(&CHANGES[..]), hours, holidays, -4 * 1440..4 * 1440_i64).prop_map(
        |((zone, change), hours, free, minutes)| {
            let change = at(change);
            let first = DateTime::from_timestamp_micros(change - 4 * DAY).unwrap().date_naive();
            let holiday = |days: u64| {
                let day = first.checked_add_days(Days::new(days)).unwrap();
                json!({"schedule": "own", "day": day, "name": "free"})
            };
            Plan {
                rep: json!({"id": "ann", "time_zone": zone, "schedule": "own"}),
                hours,
                holidays: free.into_iter().map(holiday).collect(),
                start: change + minutes * MINUTE,
            }
        },
    )
}

/// Whether a rep is on duty, computed a second way: on the wall clock, block by block.
fn on_duty(rep: &Rep, roster: &Roster, at: Micros) -> bool {
    let local = Jiff.local(&rep.time_zone, at).unwrap();
    let minute = local.hour() * 60 + local.minute();
    let (today, yesterday) = (local.date(), local.date().pred_opt().unwrap());
    let free = |day: NaiveDate| roster.holidays.get("own").is_some_and(|days| days.contains_key(&day));
    let falls_on = |block: &Block, day: NaiveDate| block.weekday == day.weekday().number_from_monday();
    let covers = |block: &Block| match block.closes <= block.opens {
        false => falls_on(block, today) && block.opens <= minute && minute < block.closes,
        true => {
            (falls_on(block, today) && block.opens <= minute)
                || (falls_on(block, yesterday) && minute < block.closes && !free(yesterday))
        }
    };
    !free(today) && roster.schedules["own"].iter().any(covers)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn open_is_what_the_wall_clock_says(plan in plans(), offsets in prop::collection::vec(0..8 * DAY, 50)) {
        let roster = plan.roster();
        let rep = &roster.reps["ann"];
        let calendar = Calendar::of(rep, &roster, &Jiff);
        for at in offsets.into_iter().map(|offset| plan.start - 4 * DAY + offset) {
            prop_assert_eq!(calendar.is_open(at), on_duty(rep, &roster, at), "{}", at);
        }
    }

    #[test]
    fn a_walk_from_minute_to_minute_ends_at_the_same_time(plan in plans(), work in 1..3000_i64) {
        let roster = plan.roster();
        let calendar = Calendar::of(&roster.reps["ann"], &roster, &Jiff);
        let due = calendar.due(plan.start, work * MINUTE);
        let (mut at, mut left) = (plan.start, work);
        while left > 0 && at < plan.start + 5 * DAY {
            left -= i64::from(calendar.is_open(at));
            at += MINUTE;
        }
        match left {
            0 => prop_assert_eq!(due, Some(at)),
            _ => prop_assert!(due.is_none_or(|due| due > at)),
        }
    }

    #[test]
    fn the_first_opening_is_open_and_nothing_before_it(plan in plans()) {
        let roster = plan.roster();
        let calendar = Calendar::of(&roster.reps["ann"], &roster, &Jiff);
        let opens = calendar.opens_at(plan.start);
        let until = opens.unwrap_or(plan.start + 8 * DAY);
        prop_assert!(opens.is_none_or(|at| at >= plan.start && calendar.is_open(at)));
        let minutes = (0..).map(|minute| plan.start + minute * MINUTE).take_while(|at| *at < until);
        for at in minutes.take(8 * 1440).chain((until > plan.start).then_some(until - 1)) {
            prop_assert!(!calendar.is_open(at), "{}", at);
        }
        // a schedule has an hour within two weeks, or none
        prop_assert_eq!(opens.is_none(), roster.schedules["own"].iter().all(|block| block.opens == 1440
            && block.closes == 0));
    }

    #[test]
    fn later_starts_and_more_work_are_never_due_earlier(
        plan in plans(), work in 0..30 * HOUR, later in 0..3 * DAY, more in 1..30 * HOUR,
    ) {
        let roster = plan.roster();
        let calendar = Calendar::of(&roster.reps["ann"], &roster, &Jiff);
        if let Some(due) = calendar.due(plan.start, work) {
            prop_assert!(due >= plan.start + work);
            prop_assert!(calendar.due(plan.start + later, work).is_none_or(|at| at >= due));
            prop_assert!(calendar.due(plan.start, work + more).is_none_or(|at| at >= due + more));
            // to the microsecond: work may be cut anywhere
            let whole = calendar.due(plan.start, work + more);
            prop_assert!(whole.is_none() || calendar.due(due, more) == whole);
        }
    }
}
