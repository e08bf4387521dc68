//! A lead is not passed on while all who could take it are away.

use super::*;
use crate::roster::Roster;
use crate::testkit::{at, lead, owner, queue, roster, rules, Memory, DAY, HOUR, MINUTE};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{json, Value};

/// Wednesday; nine to five is 8-16 UTC in Berlin, 14-22 UTC in New York, 3:30-11:30 UTC in Kolkata.
const NIGHT: &str = "2026-03-04 23:00";
const BERLIN: &str = "Europe/Berlin";
const NEW_YORK: &str = "America/New_York";
const KOLKATA: &str = "Asia/Kolkata";

/// A rep of an office; without hours if `zone` is empty.
fn rep(id: &str, zone: &str, more: Value) -> Value {
    let mut row = json!({"id": id});
    if !zone.is_empty() {
        row = json!({"id": id, "time_zone": zone, "schedule": "office"});
    }
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

/// ann owns the lead; max is her manager, nora that of the territory. The others are of the pool.
fn team(others: &[Value], max: Value, nora: Value, absences: &[Value]) -> Roster {
    let hours = [1, 2, 3, 4, 5].map(|day| json!({"weekday": day, "opens": 540, "closes": 1020}));
    let seat = |row: &Value| {
        let weight = row.get("weight").cloned().unwrap_or(json!(1000));
        json!({"pool": "hunters", "rep_id": row["id"], "weight": weight})
    };
    let members: Vec<Value> = others.iter().map(seat).chain([seat(&json!({"id": "ann"}))]).collect();
    let ann = rep("ann", BERLIN, json!({"manager_id": "max"}));
    let reps: Vec<Value> = others.iter().cloned().chain([ann, max, nora]).collect();
    let schedules = [json!({"name": "office", "hours": hours})];
    roster(json!({"reps": reps, "members": members, "schedules": schedules, "absences": absences}))
}

fn ladder(business_hours: bool, when_all_away: &str) -> Rules {
    let step = |step: i32, minutes: i64, action: &str| json!({"policy": "fast", "step": step, "after": minutes * MINUTE, "action": action});
    rules(json!({
        "segments": [{"name": "all", "priority": 1, "territory": "north", "fallback_queue": "north"}],
        "territories": [{"name": "north", "fallback_queue": "north", "manager_id": "nora"}],
        "pools": [{"name": "hunters", "pool_no": 1, "when_all_away": when_all_away}],
        "sla_policies": [{"name": "fast", "respond_within": HOUR, "business_hours": business_hours}],
        "escalation_steps": [
            step(1, 0, "remind"), step(2, 5, "reassign"), step(3, 15, "manager"), step(4, 60, "queue"),
        ],
    }))
}

/// Step 2 is to reassign, step 3 to tell the manager; due an hour before the night.
fn late(steps_done: i32, tried: &[&str]) -> Overdue {
    let due_at = at(NIGHT) - HOUR;
    let waiting = Waiting {
        lead: crate::lead::Lead { language: Some("de".into()), ..lead("ada@acme.com") },
        owner_id: Some("ann".into()),
        segment: Some("all".into()),
        territory: Some("north".into()),
        pool: Some("hunters".into()),
        tried: ["ann"].iter().chain(tried).map(|&rep| rep.into()).collect(),
        ..Waiting::default()
    };
    let after = if steps_done == 1 { 5 * MINUTE } else { 15 * MINUTE };
    Overdue { waiting, policy: "fast".into(), steps_done, due_at, next_at: due_at + after }
}

fn step(rules: &Rules, roster: &Roster, now: Micros, overdue: Overdue) -> Escalation {
    let context = Context { rules, roster, now, presence_ttl: Some(DAY), tenant: None };
    escalate(overdue, context, &mut Memory::default()).unwrap()
}

fn by_night(roster: &Roster, overdue: Overdue) -> Escalation {
    step(&ladder(false, "fallback"), roster, at(NIGHT), overdue)
}

fn until(escalation: Escalation) -> Micros {
    match escalation {
        Escalation::Postponed { until } => until,
        taken => panic!("{taken:?}"),
    }
}

fn taken(escalation: Escalation) -> Taken {
    match escalation {
        Escalation::Taken(taken) => *taken,
        postponed => panic!("{postponed:?}"),
    }
}

fn plain(id: &str, zone: &str) -> Value {
    rep(id, zone, json!({}))
}

/// A rep who is not active.
fn gone(id: &str) -> Value {
    rep(id, "", json!({"active": false}))
}

#[test]
fn while_the_whole_team_is_off_the_lead_stays_until_the_first_is_back() {
    let bob = || plain("bob", BERLIN);
    // bob at 8, max at 14
    let team_of = |max, nora| team(&[bob()], max, nora, &[]);
    let berlin = team_of(plain("max", NEW_YORK), gone("nora"));
    assert_eq!(until(by_night(&berlin, late(1, &[]))), at("2026-03-05 08:00"));
    // nora at 3:30, before bob
    let kolkata = team_of(plain("max", NEW_YORK), plain("nora", KOLKATA));
    assert_eq!(until(by_night(&kolkata, late(1, &[]))), at("2026-03-05 03:30"));
    // bob has had it, so max
    let tried = by_night(&berlin, late(1, &["bob"]));
    assert_eq!(until(tried), at("2026-03-05 14:00"));
    // the manager's step waits for a manager who is absent, not for bob
    let ill = |max: &str| {
        let during = json!({"lower": at(NIGHT) - DAY, "upper": at(NIGHT) + HOUR});
        json!({"rep_id": max, "during": during, "kind": "sick"})
    };
    let berlin = team(&[bob()], plain("max", NEW_YORK), gone("nora"), &[ill("max")]);
    assert_eq!(until(by_night(&berlin, late(2, &[]))), at("2026-03-05 14:00"));
}

#[test]
fn the_managers_step_does_not_pass_over_one_who_is_only_off_duty() {
    // nora is there, and bob of the pool
    let day = |max: Value| team(&[plain("bob", "")], max, plain("nora", ""), &[]);
    let done = taken(by_night(&day(plain("max", BERLIN)), late(2, &[])));
    assert_eq!(owner(&done.decision), "max");
    assert_eq!(done.decision.notices, [Notice { kind: "escalated", rep_id: Some("max".into()) }]);
    // the step after it is due 45 minutes after it, for max from eight on
    assert_eq!(done.next_at, Some(at("2026-03-05 08:45")));
    let Reason::Escalated { off_duty: Some(why), .. } = &done.decision.trace.last().unwrap().reason else {
        panic!("{:?}", done.decision.trace);
    };
    assert!(why.is_off_duty());
    // by day nothing is said of it
    let done = taken(step(
        &ladder(false, "fallback"),
        &day(plain("max", BERLIN)),
        at("2026-03-05 09:00"),
        late(2, &[]),
    ));
    assert!(matches!(done.decision.trace.last().unwrap().reason, Reason::Escalated { off_duty: None, .. }));
    // who is absent, has left, or has had it is passed over
    for max in [rep("max", BERLIN, json!({"presence": "offline"})), gone("max")] {
        assert_eq!(owner(&taken(by_night(&day(max), late(2, &[]))).decision), "nora");
    }
    assert_eq!(owner(&taken(by_night(&day(plain("max", BERLIN)), late(2, &["max"]))).decision), "nora");
    // a reassignment takes whoever is there
    let roster = team(&[], plain("max", BERLIN), plain("nora", ""), &[]);
    assert_eq!(owner(&taken(by_night(&roster, late(1, &[]))).decision), "nora");
}

#[test]
fn a_backup_on_duty_comes_before_a_manager_who_is_off_duty() {
    let max = || rep("max", BERLIN, json!({"backup_id": "kim"}));
    let team = |kim: &str| team(&[plain("kim", kim)], max(), plain("nora", ""), &[]);
    assert_eq!(owner(&taken(by_night(&team(""), late(2, &[]))).decision), "kim");
    assert_eq!(owner(&taken(by_night(&team(NEW_YORK), late(2, &[]))).decision), "max");
    // kim has had it
    assert_eq!(owner(&taken(by_night(&team(""), late(2, &["kim"]))).decision), "max");
}

#[test]
fn a_manager_whose_holidays_are_too_long_is_passed_over() {
    let away = |days: i64| {
        let mut roster = team(&[], plain("max", BERLIN), plain("nora", ""), &[]);
        let hours: Vec<Value> = vec![json!({"weekday": days, "opens": 540, "closes": 1020})];
        let office = json!({"schedules": [{"name": "office", "hours": hours}]});
        roster.schedules = self::roster(office).schedules;
        taken(by_night(&roster, late(2, &[])))
    };
    // it is Wednesday night: Monday is in less than five days, Tuesday in more
    assert_eq!(owner(&away(1).decision), "max");
    assert_eq!(owner(&away(2).decision), "nora");
}

#[test]
fn a_postponed_step_is_taken_when_somebody_is_back() {
    let roster = team(&[plain("bob", BERLIN)], plain("max", NEW_YORK), plain("nora", KOLKATA), &[]);
    let rules = ladder(false, "fallback");
    let done = taken(step(&rules, &roster, at("2026-03-05 03:30"), late(1, &[])));
    assert_eq!((done.step, owner(&done.decision)), (2, "nora"));
    let done = taken(step(&rules, &roster, at("2026-03-05 08:00"), late(1, &[])));
    assert_eq!((done.step, owner(&done.decision)), (2, "bob"));
}

#[test]
fn whoever_gets_a_postponed_lead_has_the_time_between_the_steps() {
    let roster = team(&[plain("bob", BERLIN)], plain("max", NEW_YORK), gone("nora"), &[]);
    let morning = at("2026-03-05 08:00");
    let postponed = Overdue { next_at: morning, ..late(1, &[]) };
    let done = taken(step(&ladder(false, "fallback"), &roster, morning, postponed.clone()));
    assert_eq!((owner(&done.decision), done.next_at), ("bob", Some(morning + 10 * MINUTE)));
    // a minute before he closes: nine minutes are left for Friday
    let closing = at("2026-03-05 15:59");
    let postponed = Overdue { next_at: closing, ..postponed };
    let done = taken(step(&ladder(true, "fallback"), &roster, closing, postponed));
    assert_eq!(done.next_at, Some(at("2026-03-06 08:09")));
}

#[test]
fn the_next_step_counts_the_hours_of_whoever_has_the_lead_then() {
    // due at 15:50, so the steps are due at 15:55 and, of Berlin, 8:05 on the next day
    let due_at = at("2026-03-04 15:50");
    let overdue = Overdue { due_at, next_at: due_at + 5 * MINUTE, ..late(1, &[]) };
    for (zone, business_hours, next_at) in [
        (BERLIN, true, "2026-03-05 08:05"),
        (NEW_YORK, true, "2026-03-04 16:05"),
        ("", true, "2026-03-04 16:05"),
        (BERLIN, false, "2026-03-04 16:05"),
    ] {
        let roster = team(&[plain("bob", zone)], gone("max"), gone("nora"), &[]);
        let done = step(&ladder(business_hours, "fallback"), &roster, due_at + 5 * MINUTE, overdue.clone());
        let done = taken(done);
        assert_eq!((owner(&done.decision), done.next_at), ("bob", Some(at(next_at))), "{zone}");
    }
}

#[test]
fn who_is_there_gets_it_by_night_too() {
    let bob = || plain("bob", BERLIN);
    let roster = team(&[bob(), plain("eve", "")], plain("max", NEW_YORK), gone("nora"), &[]);
    assert_eq!(owner(&taken(by_night(&roster, late(1, &[]))).decision), "eve");
    let roster = team(&[bob()], plain("max", ""), gone("nora"), &[]);
    assert_eq!(owner(&taken(by_night(&roster, late(1, &[]))).decision), "max");
}

#[test]
fn nobody_waits_for_those_who_would_not_get_it() {
    let bob = |more: Value| team(&[rep("bob", BERLIN, more)], gone("max"), gone("nora"), &[]);
    let paused = json!({"weight": 0});
    let speaks = |tongue: &str| json!({"languages": [tongue]});
    for more in [paused, speaks("fr"), json!({"active": false}), json!({"presence": "away"})] {
        let done = taken(by_night(&bob(more.clone()), late(1, &[])));
        assert_eq!((done.step, queue(&done.decision)), (2, "north"), "{more}");
    }
    assert_eq!(until(by_night(&bob(speaks("de")), late(1, &[]))), at("2026-03-05 08:00"));
    // who is away until tomorrow by their own word; it counts for a day
    let seen = json!({"presence": "away", "presence_at": at(NIGHT) - 12 * HOUR});
    assert_eq!(until(by_night(&bob(seen), late(1, &[]))), at("2026-03-05 11:00") + 1);
    // ann and bob have had it, and there is no manager
    let done = taken(by_night(&bob(json!({})), late(1, &["bob"])));
    assert_eq!(queue(&done.decision), "north");
    // nor for a manager who has had it
    let roster = team(&[], plain("max", BERLIN), gone("nora"), &[]);
    assert_eq!(queue(&taken(by_night(&roster, late(2, &["max"]))).decision), "north");
}

#[test]
fn the_backups_of_a_manager_are_waited_for_but_nobody_too_long() {
    let absence = |rep: &str, days: i64, backup: Value| {
        let during = json!({"lower": at(NIGHT) - DAY, "upper": at(NIGHT) + days * DAY});
        json!({"rep_id": rep, "during": during, "backup_id": backup})
    };
    let with = |absences: &[Value]| {
        let mut roster = team(&[], plain("max", BERLIN), gone("nora"), absences);
        let kim = rep("kim", KOLKATA, json!({"rep_no": 9, "active": true, "presence": "online"}));
        roster.reps.insert("kim".into(), serde_json::from_value(kim).unwrap());
        roster
    };
    let away = |absences: &[Value]| by_night(&with(absences), late(2, &[]));
    // kim at 3:30, while max is away for weeks
    assert_eq!(until(away(&[absence("max", 30, json!("kim"))])), at("2026-03-05 03:30"));
    // until Monday morning is less than five days, 30 are more
    assert_eq!(until(away(&[absence("max", 3, json!(null))])), at("2026-03-09 08:00"));
    assert_eq!(queue(&taken(away(&[absence("max", 30, json!(null))])).decision), "north");
}

#[test]
fn without_managers_the_lead_goes_to_the_queue_by_day() {
    let roster = team(&[plain("bob", BERLIN)], gone("max"), gone("nora"), &[]);
    let rules = ladder(false, "fallback");
    assert_eq!(until(step(&rules, &roster, at(NIGHT), late(2, &[]))), at("2026-03-05 08:00"));
    let done = taken(step(&rules, &roster, at("2026-03-05 08:00"), late(2, &[])));
    assert_eq!((done.step, queue(&done.decision)), (3, "north"));
    // eve works by night: nothing is postponed while one of the pool is there
    let roster = team(&[plain("bob", BERLIN), plain("eve", "")], gone("max"), gone("nora"), &[]);
    assert_eq!(queue(&taken(by_night(&roster, late(2, &[]))).decision), "north");
}

#[test]
fn whatever_the_pool_does_while_all_are_away() {
    let roster = team(&[plain("bob", BERLIN)], gone("max"), gone("nora"), &[]);
    for when_all_away in ["fallback", "hold", "assign_anyway"] {
        let escalation = step(&ladder(false, when_all_away), &roster, at(NIGHT), late(1, &[]));
        assert_eq!(until(escalation), at("2026-03-05 08:00"), "{when_all_away}");
    }
}

#[test]
fn reminders_and_queues_do_not_wait() {
    let roster = team(&[plain("bob", BERLIN)], plain("max", BERLIN), gone("nora"), &[]);
    let done = taken(by_night(&roster, late(0, &[])));
    assert_eq!((done.step, owner(&done.decision)), (1, "ann"));
    let done = taken(by_night(&roster, late(3, &[])));
    assert_eq!((done.step, queue(&done.decision)), (4, "north"));
    // nobody to remind, nobody to tell
    let mut waits = late(0, &[]);
    waits.waiting.owner_id = None;
    assert_eq!(queue(&taken(by_night(&roster, waits)).decision), "north");
}

fn someone(id: &'static str) -> impl Strategy<Value = Value> {
    let zone = select(&["", BERLIN, NEW_YORK, KOLKATA][..]);
    let tongue = select(&["de", "fr"][..]);
    let rest = (prop::bool::weighted(0.7), prop::bool::weighted(0.8), any::<bool>(), 0..40 * HOUR);
    (zone, tongue, rest).prop_map(move |(zone, tongue, (active, online, dated, ago))| {
        let presence = if online { "online" } else { "offline" };
        let presence_at = dated.then(|| at(NIGHT) - ago);
        let more = json!({"presence": presence, "presence_at": presence_at, "active": active});
        let mut row = rep(id, zone, more);
        row["languages"] = json!([tongue]);
        row
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Each postponement is to a later time, and there are at most five.
    #[test]
    fn a_step_is_taken_in_the_end(
        others in (someone("bob"), someone("cid"), someone("dee")), max in someone("max"), nora in someone("nora"),
        steps_done in 1..3_i32, way in select(&["fallback", "hold", "assign_anyway"][..]), hour in 0..7 * 24_i64,
    ) {
        let roster = team(&[others.0, others.1, others.2], max, nora, &[]);
        let rules = ladder(false, way);
        let mut now = at(NIGHT) + hour * HOUR;
        let mut waits = 0;
        while let Escalation::Postponed { until } = step(&rules, &roster, now, late(steps_done, &[])) {
            prop_assert!(until > now && until - now <= LONGEST_WAIT);
            (now, waits) = (until, waits + 1);
            prop_assert!(waits <= 5);
        }
    }
}
