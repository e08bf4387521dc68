use super::*;
use crate::roster::Roster;
use crate::testkit::{now, roster, rules, Memory, HOUR};
use serde_json::{json, Value};

/// The owner olaf with backup ben, the CSM cora, and their managers max and mia. What is given is merged into the row of the
/// rep; `"off"` is off duty, `"pto"` on leave.
fn team(state: &[(&str, &str)]) -> Roster {
    let mut reps = json!([
        {"id": "olaf", "backup_id": "ben", "manager_id": "max"}, {"id": "ben"},
        {"id": "cora", "manager_id": "mia"}, {"id": "max"}, {"id": "mia"},
    ]);
    let mut absences = Vec::new();
    for (id, how) in state {
        let rows = reps.as_array_mut().unwrap();
        let row = rows.iter_mut().find(|row| row["id"] == *id).unwrap();
        match *how {
            "off" => row["schedule"] = json!("night"),
            "left" => row["active"] = json!(false),
            "offline" => row["presence"] = json!("offline"),
            kind => absences.push(json!({"rep_id": id, "during": {"lower": now() - HOUR}, "kind": kind})),
        }
    }
    // Wednesday, ten o'clock
    let night = json!({"name": "night", "hours": [{"weekday": 3, "opens": 1200, "closes": 1300}]});
    roster(json!({"reps": reps, "absences": absences, "schedules": [night]}))
}

fn asked(state: &[(&str, &str)], policy: AccountPolicy) -> Option<String> {
    let (rules, roster) = (rules(json!({})), team(state));
    let context = Context { rules: &rules, roster: &roster, now: now(), presence_ttl: None, tenant: None };
    let owners = ["olaf".to_owned(), "cora".to_owned()];
    taker(&owners, Some(&policy), context, &Memory::default()).0
}

fn takes(state: &[(&str, &str)], rep: &str) {
    assert_eq!(asked(state, AccountPolicy::default()).as_deref(), Some(rep), "{state:?}");
}

#[test]
fn who_is_absent_is_replaced_by_backup_other_role_and_manager() {
    for how in ["pto", "sick", "offline", "left"] {
        takes(&[("olaf", how)], "ben");
        takes(&[("olaf", how), ("ben", "left")], "cora");
        takes(&[("olaf", how), ("ben", "off"), ("cora", "pto")], "max");
        takes(&[("olaf", how), ("ben", "off"), ("cora", "pto"), ("max", "offline")], "mia");
    }
}

#[test]
fn who_is_off_duty_keeps_the_lead_unless_a_backup_is_on_duty() {
    takes(&[("olaf", "off")], "ben");
    for backup in ["off", "pto", "left"] {
        takes(&[("olaf", "off"), ("ben", backup)], "olaf");
    }
}

#[test]
fn while_nobody_is_on_duty_who_is_off_duty_comes_before_who_is_absent() {
    takes(&[("olaf", "pto"), ("ben", "off"), ("cora", "off"), ("max", "off"), ("mia", "off")], "ben");
    takes(&[("olaf", "pto"), ("ben", "left"), ("cora", "sick"), ("max", "off"), ("mia", "left")], "max");
    takes(&[("olaf", "left"), ("ben", "left"), ("cora", "sick"), ("max", "pto"), ("mia", "left")], "cora");
}

#[test]
fn an_account_without_anybody_active_goes_on() {
    let all_left = ["olaf", "ben", "cora", "max", "mia"].map(|id| (id, "left"));
    assert_eq!(asked(&all_left, AccountPolicy::default()), None);
}

#[test]
fn policies_choose_otherwise() {
    let policy = |policy: Value| serde_json::from_value::<AccountPolicy>(policy).unwrap();
    let replace = policy(json!({"when_off_duty": "replace"}));
    assert_eq!(asked(&[("olaf", "off"), ("ben", "off")], replace.clone()).as_deref(), Some("cora"));
    let nobody = ["olaf", "ben", "cora", "max", "mia"].map(|id| (id, "off"));
    assert_eq!(asked(&nobody, replace).as_deref(), Some("olaf"));
    let on = policy(json!({"when_off_duty": "replace", "when_all_away": "segment"}));
    assert_eq!(asked(&nobody, on), None);
    assert_eq!(
        asked(&[("olaf", "off"), ("ben", "off")], policy(json!({"when_all_away": "segment"}))).as_deref(),
        Some("olaf")
    );
}
