//! Due times computed by hand, in UTC, with the zones' real history.

use super::*;
use crate::roster::Roster;
use crate::testkit::{at, roster, Jiff, HOUR};
use serde_json::{json, Value};

/// Hours by name; minutes after midnight. The working week is Monday to Friday.
fn hours(name: &str) -> Vec<Value> {
    let (week, all, wednesday, friday): (&[u32], &[u32], &[u32], &[u32]) =
        (&[1, 2, 3, 4, 5], &[1, 2, 3, 4, 5, 6, 7], &[3], &[5]);
    let (days, blocks): (&[u32], &[(u32, u32)]) = match name {
        "desk" => (week, &[(540, 1020)]),                            // 09-17
        "split" => (week, &[(780, 1020), (540, 720)]),               // 09-12, 13-17
        "overlap" => (week, &[(540, 780), (720, 1020), (600, 660)]), // 09-13, 12-17, 10-11
        "nights" => (week, &[(1320, 360)]),                          // 22-06
        "daily" => (all, &[(540, 1020)]),                            // 09-17
        "nightly" => (all, &[(1320, 360)]),                          // 22-06
        "always" => (all, &[(0, 1440)]),                             // 00-24
        "around" => (all, &[(540, 540)]),                            // 09-09
        "early" => (all, &[(60, 240)]),                              // 01-04
        "two" => (all, &[(120, 180)]),                               // 02-03
        "dawn" => (all, &[(150, 300)]),                              // 02:30-05
        "half" => (all, &[(150, 180)]),                              // 02:30-03
        "snooze" => (all, &[(90, 120)]),                             // 01:30-02
        "small" => (all, &[(0, 120)]),                               // 00-02
        "late" => (all, &[(1380, 1440)]),                            // 23-24
        "wednesday" => (wednesday, &[(540, 1020)]),                  // 09-17
        "friday" => (friday, &[(540, 1020)]),                        // 09-17
        _ => (&[], &[]),
    };
    let row = |day: &u32| {
        let day = *day;
        blocks.iter().map(move |(opens, closes)| json!({"weekday": day, "opens": opens, "closes": closes}))
    };
    days.iter().flat_map(row).collect()
}

fn team(zone: &str, schedule: &str, holidays: &[&str]) -> Roster {
    let day = |day: &&str| json!({"schedule": schedule, "day": day, "name": "free"});
    let holidays: Vec<Value> = holidays.iter().map(day).collect();
    roster(json!({
        "reps": [{"id": "ann", "time_zone": zone, "schedule": schedule}],
        "schedules": [{"name": schedule, "hours": hours(schedule)}],
        "holidays": holidays,
    }))
}

fn due(zone: &str, schedule: &str, holidays: &[&str], start: Micros, work: Micros) -> Option<Micros> {
    let roster = team(zone, schedule, holidays);
    Calendar::of(&roster.reps["ann"], &roster, &Jiff).due(start, work)
}

/// Hours, start in UTC, minutes of work, due in UTC.
type Case = (&'static str, &'static str, Micros, &'static str);

fn check(zone: &str, holidays: &[&str], cases: &[Case]) {
    let shown = |at: Option<Micros>| at.and_then(DateTime::from_timestamp_micros).map(|at| at.to_string());
    for (schedule, start, minutes, expected) in cases {
        let due = due(zone, schedule, holidays, at(start), minutes * MINUTE);
        assert_eq!(shown(due), shown(Some(at(expected))), "{zone} {schedule} {start} + {minutes} min");
    }
}

/// Winter: 09-17 in Berlin is 08-16 UTC. 4 March 2026 is a Wednesday.
#[test]
fn hours_nights_and_weekends() {
    check(
        "Europe/Berlin",
        &[],
        &[
            // within the day
            ("desk", "2026-03-04 10:00", 60, "2026-03-04 11:00"),
            // at the opening
            ("desk", "2026-03-04 08:00", 60, "2026-03-04 09:00"),
            // at four in the morning
            ("desk", "2026-03-04 03:00", 60, "2026-03-04 09:00"),
            // at the closing: tomorrow
            ("desk", "2026-03-04 16:00", 30, "2026-03-05 08:30"),
            // half an hour today, half an hour tomorrow
            ("desk", "2026-03-04 15:30", 60, "2026-03-05 08:30"),
            // done when the desk closes, and a minute more
            ("desk", "2026-03-04 15:30", 30, "2026-03-04 16:00"),
            ("desk", "2026-03-04 15:30", 31, "2026-03-05 08:01"),
            // Saturday noon
            ("desk", "2026-03-07 12:00", 60, "2026-03-09 09:00"),
            // Friday 16:30 local
            ("desk", "2026-03-06 15:30", 60, "2026-03-09 08:30"),
            // five whole days: Wednesday to Friday, Monday, Tuesday
            ("desk", "2026-03-04 08:00", 40 * 60, "2026-03-10 16:00"),
            // no work: the next open instant
            ("desk", "2026-03-04 10:00", 0, "2026-03-04 10:00"),
            ("desk", "2026-03-04 16:00", 0, "2026-03-05 08:00"),
            ("desk", "2026-03-06 23:00", 0, "2026-03-09 08:00"),
            // less than no work
            ("desk", "2026-03-04 10:00", -5, "2026-03-04 10:00"),
            // once a week
            ("wednesday", "2026-03-04 15:00", 120, "2026-03-11 09:00"),
        ],
    );
}

#[test]
fn several_blocks_a_day() {
    check(
        "Europe/Berlin",
        &[],
        &[
            // 11:30 local: half an hour before lunch, half an hour after it
            ("split", "2026-03-04 10:30", 60, "2026-03-04 12:30"),
            // 12:30 local is lunch
            ("split", "2026-03-04 11:30", 15, "2026-03-04 12:15"),
            // done when lunch begins
            ("split", "2026-03-04 10:30", 30, "2026-03-04 11:00"),
            // 3 and 4 hours a day
            ("split", "2026-03-04 08:00", 7 * 60, "2026-03-04 16:00"),
            ("split", "2026-03-04 08:00", 8 * 60, "2026-03-05 09:00"),
            // blocks that overlap are one day of 8 hours
            ("overlap", "2026-03-04 08:00", 8 * 60, "2026-03-04 16:00"),
            ("overlap", "2026-03-04 11:30", 60, "2026-03-04 12:30"),
        ],
    );
}

#[test]
fn over_midnight() {
    check(
        "UTC",
        &[],
        &[
            // before the shift, and through midnight
            ("nights", "2026-03-04 21:00", 60, "2026-03-04 23:00"),
            ("nights", "2026-03-04 23:00", 240, "2026-03-05 03:00"),
            // from the end of one shift into the next
            ("nights", "2026-03-05 05:30", 60, "2026-03-05 22:30"),
            // Friday's shift ends on Saturday morning
            ("nights", "2026-03-07 05:30", 30, "2026-03-07 06:00"),
            ("nights", "2026-03-07 05:30", 60, "2026-03-09 22:30"),
            // nobody began on Sunday, so Monday's small hours are closed
            ("nights", "2026-03-09 03:00", 60, "2026-03-09 23:00"),
            // blocks that touch never close
            ("always", "2026-03-04 10:00", 6000, "2026-03-08 14:00"),
            ("around", "2026-03-04 10:00", 6000, "2026-03-08 14:00"),
        ],
    );
}

/// 4 March is free, a Wednesday. Nights by UTC + 1.
#[test]
fn holidays() {
    check(
        "Europe/Berlin",
        &["2026-03-04"],
        &[
            // from Tuesday to Thursday
            ("desk", "2026-03-03 15:30", 60, "2026-03-05 08:30"),
            // on the holiday itself
            ("desk", "2026-03-04 10:00", 60, "2026-03-05 09:00"),
            // free from 3 March 23:00 to 4 March 23:00 UTC
            ("always", "2026-03-03 22:30", 60, "2026-03-04 23:30"),
            // Tuesday 23:00 local: an hour until the holiday; no shift starts on it, so on with Thursday 22:00
            ("nightly", "2026-03-03 22:00", 120, "2026-03-05 22:00"),
            // Thursday 02:00 local would be the holiday's shift
            ("nightly", "2026-03-05 01:00", 60, "2026-03-05 22:00"),
            // Wednesday of next week
            ("wednesday", "2026-03-03 12:00", 60, "2026-03-11 09:00"),
        ],
    );
    // a long weekend
    check("Europe/Berlin", &["2026-03-06"], &[("desk", "2026-03-05 16:00", 60, "2026-03-09 09:00")]);
}

/// Spring: 29 March 2026, 01:00 UTC, 02:00 becomes 03:00. Autumn: 25 October, 01:00 UTC, 03:00 becomes 02:00.
#[test]
fn summer_time_in_berlin() {
    check(
        "Europe/Berlin",
        &[],
        &[
            // half an hour on Saturday, half an hour from Sunday 09:00 CEST = 07:00 UTC
            ("daily", "2026-03-28 15:30", 60, "2026-03-29 07:30"),
            ("desk", "2026-03-27 15:30", 60, "2026-03-30 07:30"),
            // 01-04 lasts two hours; a minute more is Monday 01:01 CEST
            ("early", "2026-03-29 00:00", 120, "2026-03-29 02:00"),
            ("early", "2026-03-29 00:00", 121, "2026-03-29 23:01"),
            // a night of seven hours, then Sunday 22:00 CEST
            ("nightly", "2026-03-28 21:00", 420, "2026-03-29 04:00"),
            ("nightly", "2026-03-28 21:00", 480, "2026-03-29 21:00"),
            // 02-03 does not exist on Sunday
            ("two", "2026-03-28 02:00", 30, "2026-03-30 00:30"),
            // 02:30-05 opens at 03:00 CEST
            ("dawn", "2026-03-28 12:00", 60, "2026-03-29 02:00"),
            // 01-04 lasts four hours
            ("early", "2026-10-24 23:00", 240, "2026-10-25 03:00"),
            // 02-03 comes twice without a break, 02:30-03 with one
            ("two", "2026-10-24 12:00", 90, "2026-10-25 01:30"),
            ("half", "2026-10-24 12:00", 30, "2026-10-25 01:00"),
            ("half", "2026-10-24 12:00", 45, "2026-10-25 01:45"),
            // half an hour on Saturday, half an hour from Sunday 09:00 CET = 08:00 UTC
            ("daily", "2026-10-24 14:30", 60, "2026-10-25 08:30"),
        ],
    );
}

/// 8 March 2026, 07:00 UTC, 02:00 becomes 03:00; 1 November, 06:00 UTC, 02:00 becomes 01:00.
#[test]
fn summer_time_in_new_york() {
    check(
        "America/New_York",
        &[],
        &[
            ("desk", "2026-03-06 21:30", 60, "2026-03-09 13:30"),
            ("early", "2026-03-08 06:00", 120, "2026-03-08 08:00"),
            ("desk", "2026-10-30 20:30", 60, "2026-11-02 14:30"),
            ("early", "2026-11-01 05:00", 240, "2026-11-01 09:00"),
        ],
    );
}

/// Half an hour: 3 October 2026, 15:30 UTC, 02:00 (+10:30) becomes 02:30 (+11); 4 April, 15:00 UTC,
/// 02:00 (+11) becomes 01:30 (+10:30).
#[test]
fn summer_time_on_lord_howe() {
    check(
        "Australia/Lord_Howe",
        &[],
        &[
            // 01-04 lasts two and a half hours; a minute more is 01:01 (+11) on the next day
            ("early", "2026-10-03 14:30", 150, "2026-10-03 17:00"),
            ("early", "2026-10-03 14:30", 151, "2026-10-04 14:01"),
            // 01-04 lasts three and a half hours; 01:30-02 comes twice
            ("early", "2026-04-04 14:00", 210, "2026-04-04 17:30"),
            ("snooze", "2026-04-04 12:00", 60, "2026-04-04 15:30"),
        ],
    );
}

/// 09-17 is 03:30-11:30 UTC.
#[test]
fn half_hours_in_kolkata() {
    check(
        "Asia/Kolkata",
        &[],
        &[
            ("desk", "2026-03-04 02:00", 60, "2026-03-04 04:30"),
            ("desk", "2026-03-04 11:15", 30, "2026-03-05 03:45"),
        ],
    );
}

/// Thursday 29 December 2011 (-10) ends at 10:00 UTC on the 30th; then it is Saturday the 31st (+14).
#[test]
fn a_day_that_apia_left_out() {
    check(
        "Pacific/Apia",
        &[],
        &[
            // Thursday 16:30 local; then Monday 2 January, 09:00 (+14)
            ("desk", "2011-12-30 02:30", 60, "2012-01-01 19:30"),
            // no Friday: the next is 6 January
            ("friday", "2011-12-29 10:00", 30, "2012-01-05 19:30"),
            // no gap in time
            ("always", "2011-12-30 09:00", 120, "2011-12-30 11:00"),
            // two hours until midnight; the small hours are those of the shift before, by the calendar
            ("nightly", "2011-12-30 08:00", 180, "2011-12-30 11:00"),
        ],
    );
    // half an hour of Thursday; Saturday is free until 31 December, 10:00 UTC
    let free = &["2011-12-31"];
    check("Pacific/Apia", free, &[("always", "2011-12-30 09:30", 60, "2011-12-31 10:30")]);
}

/// 4 November 2018, 03:00 UTC, 00:00 (-3) becomes 01:00 (-2); 18 February, 02:00 UTC, 00:00 (-2) becomes
/// 23:00 (-3) of the 17th.
#[test]
fn midnight_moves_in_sao_paulo() {
    let zone = "America/Sao_Paulo";
    check(
        zone,
        &[],
        &[
            // 00-02 lasts an hour on Sunday; then Monday 00:00 (-2)
            ("small", "2018-11-03 12:00", 60, "2018-11-04 04:00"),
            ("small", "2018-11-03 12:00", 90, "2018-11-05 02:30"),
            // 23-24 comes twice
            ("late", "2018-02-17 12:00", 90, "2018-02-18 02:30"),
            // a night of nine hours
            ("nightly", "2018-02-18 00:00", 540, "2018-02-18 09:00"),
        ],
    );
    // a holiday of 23 hours: half an hour before it, then 5 November, 00:00 (-2)
    check(zone, &["2018-11-04"], &[("always", "2018-11-04 02:30", 60, "2018-11-05 02:30")]);
    // a holiday of 25 hours, until 03:00 UTC
    check(zone, &["2018-02-17"], &[("always", "2018-02-17 12:00", 1, "2018-02-18 03:01")]);
}

/// 26 March 2022, 22:00 UTC, 00:00 (+2) of the 27th becomes 01:00 (+3); 29 October, 21:00 UTC, 00:00 (+3)
/// becomes 23:00 (+2).
#[test]
fn midnight_moves_in_beirut() {
    check(
        "Asia/Beirut",
        &[],
        &[
            ("small", "2022-03-26 12:00", 60, "2022-03-26 23:00"),
            ("small", "2022-03-26 12:00", 61, "2022-03-27 21:01"),
            ("late", "2022-10-29 12:00", 120, "2022-10-29 22:00"),
        ],
    );
}

#[test]
fn due_times_are_exact() {
    let berlin = |start, work| due("Europe/Berlin", "desk", &[], start, work);
    let (noon, closing, morning) = (at("2026-03-04 11:00"), at("2026-03-04 16:00"), at("2026-03-05 08:00"));
    assert_eq!(berlin(noon + 123_456, 1), Some(noon + 123_457));
    assert_eq!(berlin(closing - 1, 0), Some(closing - 1));
    assert_eq!(berlin(closing - 1, 1), Some(closing));
    assert_eq!(berlin(closing - 1, 2), Some(morning + 1));
    assert_eq!(berlin(closing, 1), Some(morning + 1));
    // over the change of an offset, from the middle of a second
    let night = |work| due("Europe/Berlin", "two", &[], at("2026-10-25 00:59") + 999_999, work);
    assert_eq!(night(2 * MINUTE), Some(at("2026-10-25 01:01") + 999_999));
}

#[test]
fn without_schedule_or_known_zone_time_is_open() {
    let start = at("2026-03-08 03:00");
    let tables =
        json!({"reps": [{"id": "ann"}, {"id": "bob", "time_zone": "Moon/Base", "schedule": "desk"}]});
    let roster = roster(tables);
    for rep in roster.reps.values() {
        let calendar = Calendar::of(rep, &roster, &Jiff);
        assert!(calendar.is_open(start));
        assert_eq!(calendar.opens_at(start), Some(start));
        assert_eq!(calendar.due(start, 500 * DAY), Some(start + 500 * DAY));
        assert_eq!(calendar.due(start, Micros::MAX), Some(Micros::MAX));
    }
}

#[test]
fn what_does_not_open_within_the_horizon_does_not_open() {
    let start = at("2026-03-05 00:00");
    assert_eq!(due("UTC", "none", &[], start, 0), None);
    // 57 Fridays of 8 hours in 400 days, from the 6 March of one year to the 2 April of the next
    assert_eq!(due("UTC", "friday", &[], start, 57 * 8 * HOUR), Some(at("2027-04-02 17:00")));
    assert_eq!(due("UTC", "friday", &[], start, 57 * 8 * HOUR + 1), None);
    // free for 399 days, and for 400
    let first = DateTime::from_timestamp_micros(start).unwrap().date_naive();
    let free = |days| -> Vec<String> { first.iter_days().take(days).map(|day| day.to_string()).collect() };
    let opens = |days| {
        let free = free(days);
        due("UTC", "always", &free.iter().map(String::as_str).collect::<Vec<_>>(), start, 0)
    };
    assert_eq!(opens(399), Some(start + 399 * DAY));
    assert_eq!(opens(400), None);
    // beyond all calendars
    assert_eq!(due("UTC", "desk", &[], Micros::MAX, 5), Some(Micros::MAX));
}
