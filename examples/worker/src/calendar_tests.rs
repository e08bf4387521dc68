//! Calendars as Google, Outlook and Apple write them, and what they make of absences.

use crate::calendar::absences;
use crate::settings::{check_sources, Calendar};
use chrono::{DateTime, Utc};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// The absences of 2026 in a calendar with these lines, a line each.
fn read(lines: &str) -> Vec<String> {
    try_read(&format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{lines}\r\nEND:VCALENDAR\r\n")).expect("a calendar")
}

fn try_read(text: &str) -> Result<Vec<String>, String> {
    let settings: Calendar = serde_json::from_str(
        r#"{"rep": "ann", "url": "", "email": "ann@acme.com", "time_zone": "Europe/Berlin", "shortest_minutes": 30}"#,
    )
    .expect("settings");
    let found = absences(text, &settings, (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")))?;
    let json = serde_json::to_value(found).expect("JSON");
    let line = |a: &serde_json::Value| {
        let text = |key: &str| a.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        [text("kind"), text("starts"), text("ends"), text("external_id")].join(" ")
    };
    Ok(json.as_array().expect("a list").iter().map(line).collect())
}

/// One event.
fn event(uid: &str, lines: &str) -> String {
    format!("BEGIN:VEVENT\nUID:{uid}\n{lines}\nEND:VEVENT\n")
}

#[test]
fn a_meeting_is_an_absence_unless_it_is_short_free_tentative_or_cancelled() {
    let with = |uid: &str, minutes: u32, more: &str| {
        event(uid, &format!("DTSTART:20260302T090000Z\nDTEND:20260302T09{minutes:02}00Z{more}"))
    };
    let all = with("short", 29, "")
        + &with("long", 30, "")
        + &with("free", 45, "\nTRANSP:TRANSPARENT")
        + &with("maybe", 45, "\nSTATUS:TENTATIVE")
        + &with("off", 45, "\nSTATUS:CANCELLED")
        + &with("home", 45, "\nX-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE")
        + &with("oof", 15, "\nX-MICROSOFT-CDO-BUSYSTATUS:OOF")
        + &with("named", 10, "\nTRANSP:TRANSPARENT\nSUMMARY:Ann: Vacation");
    assert_eq!(
        read(&all),
        [
            "pto 2026-03-02T09:00:00Z 2026-03-02T09:10:00Z named",
            "pto 2026-03-02T09:00:00Z 2026-03-02T09:15:00Z oof",
            "meeting 2026-03-02T09:00:00Z 2026-03-02T09:30:00Z long",
        ]
    );
}

#[test]
fn a_recurring_meeting_follows_the_clock_of_its_zone() {
    // The clocks of New York change on 8 March 2026; the last of four is left out, another is added.
    let series = event(
        "weekly",
        "DTSTART;TZID=America/New_York:20260302T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=4\n\
         EXDATE;TZID=America/New_York:20260323T090000\nRDATE;TZID=America/New_York:20260325T100000",
    );
    assert_eq!(
        read(&series),
        [
            "meeting 2026-03-02T14:00:00Z 2026-03-02T15:00:00Z weekly/2026-03-02T14:00:00Z",
            "meeting 2026-03-09T13:00:00Z 2026-03-09T14:00:00Z weekly/2026-03-09T13:00:00Z",
            "meeting 2026-03-16T13:00:00Z 2026-03-16T14:00:00Z weekly/2026-03-16T13:00:00Z",
            "meeting 2026-03-25T14:00:00Z 2026-03-25T15:00:00Z weekly/2026-03-25T14:00:00Z",
        ]
    );
}

#[test]
fn until_is_a_moment_and_counts_in_every_zone() {
    // 9:00 in Tokyo is midnight in UTC: the instance at UNTIL is the last one, and it is in.
    let tokyo = event(
        "t",
        "DTSTART;TZID=Asia/Tokyo:20260302T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20260303T000000Z",
    );
    assert_eq!(read(&tokyo).len(), 2);
    let utc = event("u", "DTSTART:20260302T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20260303T090000Z");
    assert_eq!(
        read(&utc).last().map(String::as_str),
        Some("meeting 2026-03-03T09:00:00Z 2026-03-03T10:00:00Z u/2026-03-03T09:00:00Z")
    );
    let days = event("d", "DTSTART;VALUE=DATE:20260302\nRRULE:FREQ=DAILY;UNTIL=20260303");
    assert_eq!(read(&days).len(), 2);
}

#[test]
fn whole_days_begin_and_end_at_midnight_of_the_rep() {
    // Berlin's clock is set forward on 29 March 2026: that day has 23 hours.
    let days = event("one", "DTSTART;VALUE=DATE:20260328\nSUMMARY:Fair")
        + &event("two", "DTSTART;VALUE=DATE:20260329\nDTEND;VALUE=DATE:20260330\nSUMMARY:Day off")
        + &event(
            "many",
            "DTSTART;VALUE=DATE:20251230\nDTEND;VALUE=DATE:20260103\nX-MICROSOFT-CDO-BUSYSTATUS:OOF",
        );
    assert_eq!(
        read(&days),
        [
            "pto 2025-12-29T23:00:00Z 2026-01-02T23:00:00Z many",
            "other 2026-03-27T23:00:00Z 2026-03-28T23:00:00Z one",
            "pto 2026-03-28T23:00:00Z 2026-03-29T22:00:00Z two",
        ]
    );
}

#[test]
fn changed_instances_take_the_place_of_those_of_the_rule() {
    // As Google writes them: with a later SEQUENCE than the series. Another series starts at the same time.
    let rule = "SEQUENCE:0\nDTSTART;TZID=Europe/Berlin:20260601T100000\nDTEND;TZID=Europe/Berlin:20260601T110000\nRRULE:FREQ=DAILY;COUNT=3";
    let all = event("a", rule)
        + &event("b", rule)
        + &event("a", "SEQUENCE:2\nRECURRENCE-ID;TZID=Europe/Berlin:20260602T100000\nDTSTART:20260605T120000Z\nDTEND:20260605T130000Z")
        + &event("b", "SEQUENCE:1\nRECURRENCE-ID:20260603T080000Z\nDTSTART:20260603T080000Z\nDTEND:20260603T090000Z\nSTATUS:CANCELLED");
    assert_eq!(
        read(&all),
        [
            "meeting 2026-06-01T08:00:00Z 2026-06-01T09:00:00Z a/2026-06-01T08:00:00Z",
            "meeting 2026-06-01T08:00:00Z 2026-06-01T09:00:00Z b/2026-06-01T08:00:00Z",
            "meeting 2026-06-02T08:00:00Z 2026-06-02T09:00:00Z b/2026-06-02T08:00:00Z",
            "meeting 2026-06-03T08:00:00Z 2026-06-03T09:00:00Z a/2026-06-03T08:00:00Z",
            "meeting 2026-06-05T12:00:00Z 2026-06-05T13:00:00Z a/2026-06-02T08:00:00Z",
        ]
    );
}

#[test]
fn an_instance_and_all_later_ones_may_have_been_moved() {
    let all = event("a", "DTSTART:20260601T100000Z\nDTEND:20260601T110000Z\nRRULE:FREQ=DAILY;COUNT=4")
        + &event("a", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260603T100000Z\nDTSTART:20260603T150000Z\nDTEND:20260603T153000Z");
    assert_eq!(
        read(&all),
        [
            "meeting 2026-06-01T10:00:00Z 2026-06-01T11:00:00Z a/2026-06-01T10:00:00Z",
            "meeting 2026-06-02T10:00:00Z 2026-06-02T11:00:00Z a/2026-06-02T10:00:00Z",
            "meeting 2026-06-03T15:00:00Z 2026-06-03T15:30:00Z a/2026-06-03T10:00:00Z",
            "meeting 2026-06-04T15:00:00Z 2026-06-04T15:30:00Z a/2026-06-04T10:00:00Z",
        ]
    );
}

#[test]
fn rules_without_an_end_reach_the_end_of_the_period_and_no_further() {
    let forever = |uid: &str| event(uid, "DTSTART:20150101T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY");
    assert_eq!(read(&(forever("a") + &forever("b"))).len(), 2 * 365);
}

#[test]
fn outlook_names_zones_in_its_own_way() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Pacific Standard Time\nBEGIN:STANDARD\nDTSTART:16010101T020000\nTZOFFSETFROM:-0700\n\
        TZOFFSETTO:-0800\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\n\
        TZOFFSETFROM:-0800\nTZOFFSETTO:-0700\nRRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n";
    let summer = event("s", "DTSTART;TZID=Pacific Standard Time:20260701T090000\nDTEND;TZID=Pacific Standard Time:20260701T100000");
    assert_eq!(read(&format!("{zone}{summer}")), ["meeting 2026-07-01T16:00:00Z 2026-07-01T17:00:00Z s"]);
}

#[test]
fn an_invitation_that_the_rep_has_declined_is_no_absence() {
    let invited = |uid: &str, attendee: &str| {
        event(uid, &format!("DTSTART:20260601T100000Z\nDURATION:PT1H\nATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@acme.com\nATTENDEE;CN=Ann;{attendee}"))
    };
    let all = invited("no", "PARTSTAT=DECLINED;ROLE=REQ-PARTICIPANT:MAILTO:Ann@Acme.com")
        + &invited("no answer", "PARTSTAT=NEEDS-ACTION:mailto:ann@acme.com")
        + &invited("another has declined", "PARTSTAT=DECLINED:mailto:joann@acme.com")
        + &invited("yes", "ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:ann@acme.com");
    let uids: Vec<String> =
        read(&all).iter().filter_map(|line| line.splitn(4, ' ').nth(3).map(str::to_owned)).collect();
    assert_eq!(uids, ["another has declined", "no answer", "yes"]);
}

#[test]
fn an_event_that_would_never_end_is_refused() {
    let mut longest = String::new();
    for duration in ["P99999999D", "-P99999999D", "P36526D"] {
        longest = event("a", &format!("DTSTART:20260601T100000Z\nDURATION:{duration}"));
        let problem = try_read(&format!("BEGIN:VCALENDAR\n{longest}END:VCALENDAR"));
        assert_eq!(problem, Err("event a: DURATION is too long".to_owned()), "{duration}");
    }
    let century = longest.replace("P36526D", "P36525D");
    assert_eq!(read(&century).len(), 1);
}

#[test]
fn events_without_a_uid_are_told_apart_by_their_times() {
    let nameless = |times: &str| event("gone", times).replace("UID:gone\n", "");
    let (one, other) = ("DTSTART:20260601T100000Z\nDURATION:PT1H", "DTSTART:20260602T100000Z\nDURATION:PT1H");
    assert_eq!(
        read(&[one, other, one].map(nameless).concat()),
        [
            "meeting 2026-06-01T10:00:00Z 2026-06-01T11:00:00Z without-uid/2026-06-01T10:00:00Z/2026-06-01T11:00:00Z",
            "meeting 2026-06-02T10:00:00Z 2026-06-02T11:00:00Z without-uid/2026-06-02T10:00:00Z/2026-06-02T11:00:00Z",
        ]
    );
}

#[test]
fn what_is_no_whole_calendar_is_not_used_at_all() {
    let cut_off = format!(
        "BEGIN:VCALENDAR\n{}BEGIN:VEVENT\nUID:x\n",
        event("a", "DTSTART:20260601T100000Z\nDURATION:PT1H")
    );
    for text in [
        "",
        "<html>please log in</html>",
        "BEGIN:VCARD\nEND:VCARD",
        &cut_off,
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:x\nEND:VEVENT\nEND:VCALENDAR",
    ] {
        assert!(try_read(text).is_err(), "{text}");
    }
    assert_eq!(try_read("BEGIN:VCALENDAR\nEND:VCALENDAR"), Ok(Vec::new()));
}

#[test]
fn each_calendar_has_a_source_of_its_own() {
    let calendars = |sources: [&str; 2]| -> Vec<Calendar> {
        let calendar = |source| serde_json::json!({"rep": "ann", "url": "", "source": source});
        serde_json::from_value(sources.map(calendar).to_vec().into()).expect("settings")
    };
    assert_eq!(check_sources(&calendars(["hr", "team"])), Ok(()));
    let problem = check_sources(&calendars(["hr", "hr"]));
    assert_eq!(
        problem,
        Err("more than one calendar has the source \"hr\"; each needs one of its own".to_owned())
    );
}
