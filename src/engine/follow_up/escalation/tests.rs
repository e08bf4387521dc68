//! One step of the ladder, by day and by night.

use super::*;
use crate::testkit::{lead, now, owner, queue, roster, Setup, MINUTE};
use serde_json::{json, Value};

/// The ladder remind, reassign, manager, queue; the pool hunters with ann, bob and cid.
fn setup() -> Setup {
    let step = |step: i32, minutes: i64, action: &str| {
        let after = minutes * MINUTE;
        json!({"policy": "fast", "step": step, "after": after, "action": action})
    };
    let rules = json!({
        "segments": [{"name": "all", "priority": 1, "territory": "north"}],
        "territories": [{"name": "north", "fallback_queue": "north", "manager_id": "nora"}],
        "pools": [{"name": "hunters", "pool_no": 1}],
        "queues": [{"name": "north", "kind": "fallback", "manager_id": "nora"}],
        "escalation_steps": [
            step(1, 0, "remind"), step(2, 5, "reassign"),
            step(3, 9, "manager"), step(4, 30, "queue"),
        ],
    });
    let member = |rep: &str| json!({"pool": "hunters", "rep_id": rep});
    let members = ["ann", "bob", "cid"].map(member);
    Setup::new(rules, json!({"reps": reps(), "members": members}))
}

fn reps() -> Value {
    json!([
        {"id": "ann", "manager_id": "max"}, {"id": "bob"}, {"id": "cid", "active": false},
        {"id": "max"}, {"id": "nora"},
    ])
}

/// Owned by ann, due five minutes ago.
fn overdue(steps_done: i32, tried: &[&str]) -> Overdue {
    let waiting = Waiting {
        lead: lead("ada@acme.com"),
        owner_id: Some("ann".into()),
        segment: Some("all".into()),
        territory: Some("north".into()),
        pool: Some("hunters".into()),
        tried: tried.iter().map(|&rep| rep.into()).collect(),
        ..Waiting::default()
    };
    let due_at = now() - 5 * MINUTE;
    Overdue { waiting, policy: "fast".into(), steps_done, due_at, next_at: due_at }
}

fn escalated(setup: &mut Setup, overdue: Overdue) -> Option<Escalation> {
    let (rules, roster, now) = (&setup.rules, &setup.roster, setup.now);
    escalate(overdue, Context { rules, roster, now, presence_ttl: None, tenant: None }, &mut setup.lookups)
}

/// What was done; fails where the step was postponed.
fn next(setup: &mut Setup, overdue: Overdue) -> Option<Taken> {
    match escalated(setup, overdue)? {
        Escalation::Taken(taken) => Some(*taken),
        postponed => panic!("{postponed:?}"),
    }
}

fn notice(kind: &'static str, rep: &str) -> Notice {
    let rep_id = Some(rep.to_owned());
    Notice { kind, rep_id }
}

#[test]
fn a_reminder_leaves_the_lead_where_it_is() {
    let done = next(&mut setup(), overdue(0, &["ann"])).unwrap();
    assert_eq!((done.step, owner(&done.decision)), (1, "ann"));
    assert_eq!(done.decision.layer, Layer::Escalation);
    assert_eq!(done.decision.notices, [notice("reminder", "ann")]);
    // the next step counts from the due time, not from this one
    assert_eq!(done.next_at, Some(now()));
}

#[test]
fn reassign_never_goes_to_one_who_had_the_lead() {
    let mut setup = setup();
    for _ in 0..5 {
        let done = next(&mut setup, overdue(1, &["ann"])).unwrap();
        assert_eq!((done.step, owner(&done.decision)), (2, "bob"));
        assert_eq!(done.decision.turns[0].seat, 1);
        assert_eq!(done.decision.notices, [notice("escalated", "bob")]);
        assert_eq!(done.next_at, Some(now() + 4 * MINUTE));
    }
}

#[test]
fn with_nobody_left_in_the_pool_the_manager_gets_it() {
    let done = next(&mut setup(), overdue(1, &["ann", "bob"])).unwrap();
    assert_eq!((done.step, owner(&done.decision)), (2, "max"));
    assert_eq!(done.decision.turns, []);
    assert_eq!(done.decision.notices, [notice("escalated", "max")]);
    let asked: Vec<Layer> = done.decision.trace.iter().map(|step| step.layer).collect();
    assert_eq!(asked, [Layer::Distribution, Layer::Escalation]);
}

#[test]
fn without_manager_of_their_own_the_territorys_gets_it() {
    let mut late = overdue(2, &["ann", "bob"]);
    late.waiting.owner_id = Some("bob".into());
    let done = next(&mut setup(), late).unwrap();
    assert_eq!(owner(&done.decision), "nora");
}

#[test]
fn without_any_manager_the_fallback_queue_gets_it() {
    let mut late = overdue(2, &["nora"]);
    late.waiting.owner_id = Some("nora".into());
    let done = next(&mut setup(), late).unwrap();
    assert_eq!((done.step, queue(&done.decision)), (3, "north"));
    assert_eq!(done.decision.notices, [notice("fallback", "nora")]);

    let mut setup = setup();
    let mut gone = reps();
    gone[3]["active"] = json!(false);
    gone[4]["active"] = json!(false);
    setup.roster = roster(json!({ "reps": gone }));
    let done = next(&mut setup, overdue(2, &["ann"])).unwrap();
    assert_eq!(queue(&done.decision), "north");
}

#[test]
fn a_queue_step_names_why() {
    let done = next(&mut setup(), overdue(3, &["ann"])).unwrap();
    assert_eq!((queue(&done.decision), done.next_at), ("north", None));
    let expected = Reason::Escalated {
        policy: "fast".into(),
        step: 4,
        to: "north".into(),
        action: EscalationAction::Queue,
        off_duty: None,
    };
    assert_eq!(done.decision.trace.last().unwrap().reason, expected);
}

#[test]
fn a_lead_that_waits_in_a_queue_cannot_be_reminded_of() {
    let mut late = overdue(0, &[]);
    late.waiting.owner_id = None;
    let done = next(&mut setup(), late).unwrap();
    assert_eq!((done.step, owner(&done.decision)), (1, "nora"));
}

#[test]
fn a_ladder_ends() {
    assert_eq!(next(&mut setup(), overdue(4, &["ann"])), None);
    let policy = "no ladder".to_owned();
    let other = Overdue { policy, ..overdue(0, &[]) };
    assert_eq!(next(&mut setup(), other), None);
}
