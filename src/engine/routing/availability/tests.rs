use super::*;
use crate::roster::Roster;
use crate::rules::Rules;
use crate::testkit::{at, now, roster, Memory, DAY, HOUR};
use serde_json::{json, Value};

fn context<'a>(rules: &'a Rules, roster: &'a Roster, now: Micros) -> Context<'a> {
    Context { rules, roster, now, presence_ttl: Some(DAY), tenant: None }
}

fn asked(owner: &str, roster: &Roster) -> (Option<String>, Vec<Refusal>) {
    owner_or_backup(owner, context(&Rules::default(), roster, now()), &Memory::default())
}

/// Why ann cannot take a lead; her schedule is 'desk', her zone two hours east of UTC.
fn why(tables: Value, moment: &str) -> Option<Away> {
    let roster = roster(tables);
    let mut zones = Memory::default();
    zones.zone("Europe/Athens", 2 * HOUR);
    away(&roster.reps["ann"], context(&Rules::default(), &roster, at(moment)), &zones)
}

fn desk(hours: Value, holidays: Value) -> Value {
    json!({
        "reps": [{"id": "ann", "time_zone": "Europe/Athens", "schedule": "desk"}],
        "schedules": [{"name": "desk", "hours": hours}],
        "holidays": holidays,
    })
}

/// Minutes after midnight.
fn block(weekday: u32, opens: u32, closes: u32) -> Value {
    json!({"weekday": weekday, "opens": opens, "closes": closes})
}

fn off_hours() -> Option<Away> {
    let schedule = "desk".to_owned();
    Some(Away::OffHours { schedule })
}

fn holiday(name: &str) -> Option<Away> {
    let name = name.to_owned();
    Some(Away::Holiday { name })
}

/// The moments are in UTC, so two hours before ann's clock. 4 March 2026 is a Wednesday.
fn check(tables: &Value, moments: &[(&str, bool)]) {
    for (moment, open) in moments {
        let expected = if *open { None } else { off_hours() };
        assert_eq!(why(tables.clone(), moment), expected, "{moment}");
    }
}

#[test]
fn a_rep_without_schedule_is_always_on_duty() {
    let tables = json!({"reps": [{"id": "ann"}]});
    assert_eq!(why(tables, "2026-03-01 03:00"), None);
}

#[test]
fn hours_are_those_of_the_weekday_on_the_reps_clock() {
    let tables = desk(json!([block(3, 9 * 60, 17 * 60)]), json!([]));
    let moments = [
        ("2026-03-04 06:59", false),
        ("2026-03-04 07:00", true),
        ("2026-03-04 14:59", true),
        ("2026-03-04 15:00", false),
        ("2026-03-03 10:00", false),
        ("2026-03-05 10:00", false),
    ];
    check(&tables, &moments);
}

#[test]
fn a_day_may_have_several_blocks() {
    let hours = [block(3, 9 * 60, 12 * 60), block(3, 13 * 60, 17 * 60)];
    let tables = desk(json!(hours), json!([]));
    let moments = [("2026-03-04 09:59", true), ("2026-03-04 10:30", false), ("2026-03-04 11:00", true)];
    check(&tables, &moments);
}

#[test]
fn a_block_over_midnight_belongs_to_the_day_on_which_it_opens() {
    // Wednesday 22:00 to Thursday 06:00 in Athens
    let tables = desk(json!([block(3, 22 * 60, 6 * 60)]), json!([]));
    let moments = [
        ("2026-03-04 03:59", false),
        ("2026-03-04 19:59", false),
        ("2026-03-04 20:00", true),
        ("2026-03-05 03:59", true),
        ("2026-03-05 04:00", false),
        ("2026-03-05 20:00", false),
    ];
    check(&tables, &moments);
}

#[test]
fn a_sunday_night_runs_into_monday() {
    let tables = desk(json!([block(7, 22 * 60, 6 * 60)]), json!([]));
    let moments = [("2026-03-02 03:00", true), ("2026-03-01 03:00", false)];
    check(&tables, &moments);
}

#[test]
fn a_block_that_closes_when_it_opens_lasts_a_day() {
    let tables = desk(json!([block(3, 0, 0)]), json!([]));
    let moments = [
        ("2026-03-03 21:59", false),
        ("2026-03-03 22:00", true),
        ("2026-03-04 21:59", true),
        ("2026-03-04 22:00", false),
    ];
    check(&tables, &moments);
}

#[test]
fn a_holiday_is_free_from_midnight_to_midnight_on_the_reps_clock() {
    let hours: Vec<Value> = (1..=7).map(|day| block(day, 0, 24 * 60)).collect();
    let days = json!([
        {"schedule": "desk", "day": "2026-03-04", "name": "Founders' day"},
        {"schedule": "other", "day": "2026-03-05", "name": "Not ours"},
    ]);
    let tables = desk(json!(hours), days);
    assert_eq!(why(tables.clone(), "2026-03-03 21:59"), None);
    let free = holiday("Founders' day");
    assert_eq!(why(tables.clone(), "2026-03-03 22:00"), free);
    assert_eq!(why(tables.clone(), "2026-03-04 21:59"), free);
    assert_eq!(why(tables, "2026-03-04 22:00"), None);
}

#[test]
fn no_night_shift_starts_on_a_holiday() {
    let nights: Vec<Value> = (1..=7).map(|day| block(day, 22 * 60, 6 * 60)).collect();
    let days = json!([{"schedule": "desk", "day": "2026-03-04", "name": "Founders' day"}]);
    let tables = desk(json!(nights), days);
    // the small hours of Thursday would belong to the shift of the holiday
    assert_eq!(why(tables.clone(), "2026-03-05 02:00"), off_hours());
    assert_eq!(why(tables.clone(), "2026-03-05 20:00"), None);
    assert_eq!(why(tables, "2026-03-06 02:00"), None);
}

#[test]
fn an_absence_may_have_no_end_and_its_bounds_count() {
    let absent = |during: Value| {
        let absences = [json!({"rep_id": "ann", "during": during, "kind": "sick"})];
        let tables = json!({"reps": [{"id": "ann"}, {"id": "bob"}], "absences": absences});
        why(tables, "2026-03-04 10:00")
    };
    let kind = "sick".to_owned();
    let sick = Some(Away::Absent { kind });
    assert_eq!(absent(json!({"lower": now() - HOUR})), sick);
    assert_eq!(absent(json!({"upper": now() + 1})), sick);
    assert_eq!(absent(json!({"lower": now(), "lower_inc": true})), sick);
    assert_eq!(absent(json!({"upper": now(), "upper_inc": false})), None);
    assert_eq!(absent(json!({"lower": now() + 1, "lower_inc": true})), None);
}

#[test]
fn activity_and_presence_come_first() {
    let rep = |fields: Value| {
        let mut tables = json!({"reps": [{"id": "ann"}]});
        let row = tables["reps"][0].as_object_mut().unwrap();
        row.extend(fields.as_object().unwrap().clone());
        why(tables, "2026-03-04 10:00")
    };
    let seen_as = |presence| Some(Away::Presence { presence });
    assert_eq!(rep(json!({"presence": "online"})), None);
    assert_eq!(rep(json!({"presence": "away"})), seen_as(Presence::Away));
    assert_eq!(rep(json!({"presence": "offline"})), seen_as(Presence::Offline));
    let gone = json!({"presence": "away", "active": false});
    assert_eq!(rep(gone), Some(Away::Inactive));
}

#[test]
fn an_owner_who_left_the_roster_has_no_stand_in() {
    let (rep, refusals) = asked("gone", &Roster::default());
    let (who, why) = ("gone".to_owned(), Away::Unknown);
    assert_eq!((rep, refusals), (None, vec![Refusal { rep: who, why }]));
}

#[test]
fn nobody_is_asked_twice() {
    let roster = roster(json!({"reps": [
        {"id": "ann", "active": false, "backup_id": "bob"},
        {"id": "bob", "active": false, "backup_id": "cid"},
        {"id": "cid", "active": false, "backup_id": "bob"},
    ]}));
    let (rep, refusals) = asked("ann", &roster);
    let asked: Vec<&str> = refusals.iter().map(|row| row.rep.as_str()).collect();
    assert_eq!((rep, asked), (None, vec!["ann", "bob", "cid"]));
}

#[test]
fn a_presence_reported_too_long_ago_says_nothing() {
    let seen = |presence: &str, ago: Micros| {
        let at = now() - ago;
        why(json!({"reps": [{"id": "ann", "presence": presence, "presence_at": at}]}), "2026-03-04 10:00")
    };
    let away = Some(Away::Presence { presence: Presence::Away });
    assert_eq!(seen("away", DAY), away);
    assert_eq!(seen("away", DAY + 1), None);
    assert_eq!(seen("offline", 2 * DAY), None);
    // without a time somebody has set it for good
    assert_eq!(why(json!({"reps": [{"id": "ann", "presence": "away"}]}), "2026-03-04 10:00"), away);
}

mod return_of_a_rep {
    use super::*;
    use crate::testkit::{Jiff, MINUTE};
    use proptest::prelude::*;
    use proptest::sample::select;
    use Micros;

    fn back(tables: Value, ttl: Option<Micros>) -> Option<Micros> {
        let (rules, roster) = (Rules::default(), roster(tables));
        let context = Context { presence_ttl: ttl, ..context(&rules, &roster, now()) };
        available_at(&roster.reps["ann"], context, &Jiff)
    }

    fn span(lower: Micros, upper: Option<Micros>) -> Value {
        json!({"rep_id": "ann", "during": {"lower": lower, "lower_inc": true, "upper": upper}})
    }

    /// From nine to five in Athens, two hours before UTC; now is Wednesday noon there.
    fn at_desk(absences: &[Value]) -> Value {
        let hours: Vec<Value> = (1..=5).map(|day| block(day, 540, 1020)).collect();
        let mut tables =
            desk(json!(hours), json!([{"schedule": "desk", "day": "2026-03-06", "name": "free"}]));
        tables["absences"] = json!(absences);
        tables
    }

    #[test]
    fn who_is_there_is_back_now() {
        assert_eq!(back(json!({"reps": [{"id": "ann"}]}), None), Some(now()));
        assert_eq!(back(at_desk(&[]), None), Some(now()));
    }

    #[test]
    fn the_inactive_and_those_away_until_they_say_so_do_not_return() {
        let rep = |fields: Value, ttl| {
            let mut tables = json!({"reps": [{"id": "ann"}]});
            tables["reps"][0].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            back(tables, ttl)
        };
        assert_eq!(rep(json!({"active": false}), Some(DAY)), None);
        assert_eq!(rep(json!({"presence": "away"}), Some(DAY)), None);
        let seen = json!({"presence": "offline", "presence_at": now() - HOUR});
        assert_eq!(rep(seen.clone(), None), None);
        // it counts for a day, the last microsecond included
        assert_eq!(rep(seen, Some(DAY)), Some(now() + 23 * HOUR + 1));
        let stale = json!({"presence": "offline", "presence_at": now() - DAY - 1});
        assert_eq!(rep(stale, Some(DAY)), Some(now()));
    }

    #[test]
    fn absences_end_one_after_the_other_within_hours() {
        let at_desk = |absences: &[Value]| back(at_desk(absences), None);
        assert_eq!(at_desk(&[span(now(), Some(now() + HOUR))]), Some(now() + HOUR));
        // they overlap, in any order
        let chain = [span(now() + HOUR, Some(now() + 3 * HOUR)), span(now(), Some(now() + 2 * HOUR))];
        assert_eq!(at_desk(&chain), Some(now() + 3 * HOUR));
        // until after hours: Thursday at nine
        assert_eq!(at_desk(&[span(now(), Some(now() + 9 * HOUR))]), Some(at("2026-03-05 07:00")));
        // until Thursday evening: Friday is free, so Monday; a meeting is then still on
        let monday = at("2026-03-09 07:00");
        let long = [span(now(), Some(at("2026-03-05 18:00"))), span(monday, Some(monday + HOUR))];
        assert_eq!(at_desk(&long), Some(monday + HOUR));
        assert_eq!(at_desk(&[span(now(), None)]), None);
        assert_eq!(at_desk(&[span(now(), Some(Micros::MAX))]), None);
        // without end, but from next week on
        assert_eq!(at_desk(&[span(monday, None)]), Some(now()));
        assert_eq!(at_desk(&[span(now(), Some(monday)), span(monday, None)]), None);
        // a bound that belongs to the absence
        let during = json!({"lower": now(), "lower_inc": true, "upper": now() + HOUR, "upper_inc": true});
        assert_eq!(at_desk(&[json!({"rep_id": "ann", "during": during})]), Some(now() + HOUR + 1));
    }

    /// A rep with hours, absences and a presence; everything on full ten minutes.
    fn teams() -> impl Strategy<Value = Value> {
        let ten = |range: std::ops::Range<i64>| range.prop_map(|ten| now() + ten * 10 * MINUTE);
        let absence = (ten(-20..200), prop::option::weighted(0.9, 1..150_i64), any::<bool>()).prop_map(
            |(lower, length, upper_inc)| {
                let upper = length.map(|ten| lower + ten * 10 * MINUTE);
                let during =
                    json!({"lower": lower, "lower_inc": true, "upper": upper, "upper_inc": upper_inc});
                json!({"rep_id": "ann", "during": during})
            },
        );
        let hours =
            (1..=7_u32, 0..24_u32, 0..24_u32).prop_map(|(day, from, to)| block(day, from * 60, to * 60));
        let presence = (select(&["online", "online", "away"][..]), prop::option::of(ten(-200..1)));
        let rest = (prop::bool::weighted(0.9), prop::option::of(Just("desk")));
        let lists = (prop::collection::vec(absence, 0..5), prop::collection::vec(hours, 1..8));
        (rest, presence, lists).prop_map(
            |((active, schedule), (presence, presence_at), (absences, hours))| {
                json!({
                    "reps": [{
                        "id": "ann", "time_zone": "Europe/Athens", "schedule": schedule, "active": active,
                        "presence": presence, "presence_at": presence_at,
                    }],
                    "schedules": [{"name": "desk", "hours": hours}],
                    "absences": absences,
                })
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn the_return_is_the_first_instant_at_which_the_rep_is_not_away(
            tables in teams(), ttl in prop::option::of((1..200_i64).prop_map(|ten| ten * 10 * MINUTE)),
        ) {
            let (rules, roster) = (Rules::default(), roster(tables));
            let rep = &roster.reps["ann"];
            let then = |now| Context { now, presence_ttl: ttl, ..context(&rules, &roster, now) };
            let away = |at| away(rep, then(at), &Jiff).is_some();
            let back = available_at(rep, then(now()), &Jiff);
            prop_assert!(back.is_none_or(|back| back >= now() && !away(back)));
            // everything changes on full ten minutes, or a microsecond after them
            let until = back.unwrap_or(now() + 10 * DAY);
            let ticks = (0..).flat_map(|ten| [0, 1].map(|more| now() + ten * 10 * MINUTE + more));
            for at in ticks.take_while(|at| *at < until.min(now() + 10 * DAY)) {
                prop_assert!(away(at), "{}", at);
            }
        }
    }
}
