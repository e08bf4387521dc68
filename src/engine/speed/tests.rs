//! Figures against what can be counted by hand, and against a sort for each value.

use super::actions::*;
use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const T: Micros = 1_000_000_000_000;
const SECOND: Micros = 1_000_000;

fn lower(given: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(given).to_lowercase().into_bytes()
}

/// A clock that was answered after so long; `rep` is the only value.
fn answered(speed: &mut Speed, lead_id: i64, response: Micros, rep: Option<&str>) {
    let (acted, answered) = (Some(T), Some(T + response));
    let action =
        Action { lead_id, acted, started: Some(T), answered, is_late: Some(false), ..Action::default() };
    by(speed, "", action, rep, None);
}

fn by(speed: &mut Speed, tenant: &str, action: Action, rep: Option<&str>, channel: Option<&str>) {
    let mut values = [None; DIMENSIONS.len()];
    values[REP] = rep.map(str::as_bytes);
    values[CHANNEL] = channel.map(str::as_bytes);
    speed.action(tenant, action, values);
}

fn of(figures: &[Figures], dimension: usize, value: Option<&str>) -> Figures {
    let is_it = |row: &&Figures| row.dimension == dimension && row.value.as_deref() == value;
    figures.iter().find(is_it).cloned().unwrap_or_default()
}

#[test]
fn percentiles_lie_between_two_times_in_proportion() {
    let mut speed = Speed::default();
    for time in [40, 10, 30, 20] {
        answered(&mut speed, time, time * 1000, Some("ann"));
    }
    // 1.5, 2.7 and 2.97 of the way over three steps
    assert_eq!(
        of(&speed.figures(lower), REP, Some("ann")).response,
        [Some(25_000), Some(37_000), Some(39_700)]
    );
}

#[test]
fn one_time_is_every_percentile_and_none_is_none() {
    let mut speed = Speed::default();
    answered(&mut speed, 1, 7, Some("ann"));
    by(&mut speed, "", Action { lead_id: 2, acted: Some(T), ..Action::default() }, None, None);
    let figures = speed.figures(lower);
    assert_eq!(of(&figures, REP, Some("ann")).response, [Some(7); 3]);
    let nobody = of(&figures, REP, None);
    assert_eq!((nobody.n, nobody.answered, nobody.response), (1, 0, [None; 3]));
    assert_eq!((of(&figures, ALL, Some("all")).n, of(&figures, ALL, Some("all")).answered), (2, 1));
}

#[test]
fn a_lead_with_several_actions_counts_once_for_each_value() {
    let mut speed = Speed::default();
    for (lead, rep) in [(1, "ann"), (2, "ann"), (1, "bob"), (1, "ann"), (1, "ann")] {
        answered(&mut speed, lead, 1, Some(rep));
    }
    let figures = speed.figures(lower);
    let counted = |rep| (of(&figures, REP, Some(rep)).n, of(&figures, REP, Some(rep)).leads);
    assert_eq!((counted("ann"), counted("bob")), ((4, 2), (1, 1)));
    assert_eq!((of(&figures, ALL, Some("all")).n, of(&figures, ALL, Some("all")).leads), (5, 2));
}

#[test]
fn an_action_is_routed_by_the_first_decision_from_it_on() {
    let mut speed = Speed::default();
    let action = |lead_id, acted, routed| Action { lead_id, acted, routed, ..Action::default() };
    for at in [T + 9, T - 1, T + 5] {
        speed.decision(1, at);
    }
    speed.decision(2, T + 1);
    let cases = [
        (action(1, Some(T), None), Some(5)),
        (action(1, Some(T + 5), None), Some(0)),
        (action(1, Some(T + 6), None), Some(3)),
        (action(1, Some(T + 10), None), None),
        // what was looked up counts
        (action(1, Some(T), Some(T + 7)), Some(7)),
        (action(3, Some(T), None), None),
        (action(1, None, None), None),
        (action(1, Some(Micros::MIN), None), None),
    ];
    for (no, (action, _)) in cases.iter().enumerate() {
        by(&mut speed, "", *action, Some(&no.to_string()), None);
    }
    let figures = speed.figures(lower);
    for (no, (_, expected)) in cases.iter().enumerate() {
        assert_eq!(of(&figures, REP, Some(&no.to_string())).route, [*expected; 3], "case {no}");
    }
}

#[test]
fn a_clock_has_the_channel_of_the_response_that_stopped_it() {
    let mut speed = Speed::default();
    // a response from before the clock, one at the same moment as another, and one that came later
    for (id, at, channel) in
        [(4, T + 9, "late"), (3, T + 5, "second"), (2, T + 5, "first"), (1, T - 9, "before")]
    {
        speed.response(id, 1, at, Some(b"bob"), Some(channel.as_bytes()));
    }
    let clock = |started, answered, is_by_response| Action {
        lead_id: 1,
        acted: Some(T),
        started: Some(started),
        answered: Some(answered),
        is_by_response,
        ..Action::default()
    };
    by(&mut speed, "", clock(T, T + 5, true), Some("ann"), None);
    by(&mut speed, "", clock(T, T, true), Some("ann"), None);
    by(&mut speed, "", clock(T, T + 9, false), Some("ann"), Some("told"));
    let figures = speed.figures(lower);
    let n = |channel| of(&figures, CHANNEL, channel).n;
    assert_eq!((n(Some("first")), n(Some("before")), n(Some("told"))), (1, 1, 1));
    assert_eq!((n(Some("second")), n(Some("late")), n(None)), (0, 0, 0));
    assert_eq!(of(&figures, REP, Some("ann")).n, 3);
}

#[test]
fn a_lead_without_clock_is_answered_by_its_first_response() {
    let mut speed = Speed::default();
    let lead = |lead_id| Action { lead_id, acted: Some(T), is_by_response: true, ..Action::default() };
    for (id, lead_id, at) in [(1, 1, T - 61 * SECOND), (2, 1, T + 8), (3, 1, T + 9), (4, 2, T - 60 * SECOND)]
    {
        speed.response(id, lead_id, at, Some(b"bob"), Some(b"phone"));
    }
    for lead_id in 1..=3 {
        by(&mut speed, "", lead(lead_id), Some("ann"), None);
    }
    speed.rep(b"bob", b"carol");
    let figures = speed.figures(lower);
    let bob = of(&figures, REP, Some("bob"));
    // who answered before they acted took no time
    assert_eq!((bob.n, bob.answered, bob.response), (2, 2, [Some(4), Some(7), Some(8)]));
    assert_eq!((of(&figures, REP, Some("ann")).n, of(&figures, REP, Some("ann")).answered), (1, 0));
    assert_eq!(of(&figures, TEAM, Some("carol")).n, 2);
    assert_eq!((of(&figures, CHANNEL, Some("phone")).n, of(&figures, CHANNEL, None).n), (2, 1));
}

#[test]
fn intents_follow_from_events() {
    let mut speed = Speed::default();
    for event in [Some("Demo"), Some("ÉTUDE"), Some("other"), None] {
        let mut values = [None; DIMENSIONS.len()];
        values[EVENT] = event.map(str::as_bytes);
        speed.action("", Action::default(), values);
    }
    speed.event(b"demo", b"high");
    speed.event("étude".as_bytes(), b"low");
    let figures = speed.figures(lower);
    let n = |intent| of(&figures, INTENT, Some(intent)).n;
    assert_eq!((n("high"), n("low"), n("medium")), (1, 1, 2));
    assert_eq!(of(&figures, EVENT, Some("Demo")).n, 1);
}

#[test]
fn weeks_are_told_as_the_time_at_which_they_begin() {
    let mut speed = Speed::default();
    let week = 42_i64.to_ne_bytes();
    let mut values = [None; DIMENSIONS.len()];
    values[WEEK] = Some(&week[..]);
    speed.action("", Action::default(), values);
    assert_eq!(of(&speed.figures(lower), WEEK, Some("42")).n, 1);
}

/// What came: a kind, a tenant, a lead, a time and a rep, all of a few.
type Row = (u8, u8, i64, Micros, u8);

fn add(speed: &mut Speed, id: i64, (kind, tenant, lead_id, at, rep): Row) {
    let rep = format!("rep {rep}");
    let (tenant, lead_id) = (format!("t{tenant}"), lead_id + i64::from(tenant) * 100);
    match kind {
        0 => speed.decision(lead_id, T + at),
        1 => speed.response(id, lead_id, T + at, Some(rep.as_bytes()), Some(b"phone")),
        2 => speed.rep(rep.as_bytes(), b"carol"),
        5 => speed.event(b"demo", b"high"),
        _ => {
            let started = (kind == 3).then_some(T + at);
            let answered = started.map(|started| started + at);
            let action = Action {
                lead_id,
                acted: Some(T + at),
                started,
                answered,
                is_by_response: at % 2 == 0,
                is_late: started.map(|_| at > 5),
                ..Action::default()
            };
            by(speed, &tenant, action, Some(&rep), None);
        }
    }
}

/// Figures without the order in which they come.
fn told(speed: &mut Speed) -> BTreeMap<String, String> {
    let key = |row: &Figures| format!("{} {} {:?}", row.tenant, row.dimension, row.value);
    speed.figures(lower).iter().map(|row| (key(row), format!("{row:?}"))).collect()
}

proptest! {
    /// Who reads what, and who hands over to whom, makes no difference.
    #[test]
    fn parts_add_up_to_the_whole(rows in prop::collection::vec((0..6_u8, 0..2_u8, 0..6_i64, 0..12_i64, 0..3_u8), 0..60), workers in 1..4_usize) {
        let (mut whole, mut joined) = (Speed::default(), Speed::default());
        let mut parts: Vec<Speed> = (0..workers).map(|_| Speed::default()).collect();
        for (id, row) in (1_i64..).zip(&rows) {
            add(&mut whole, id, *row);
            add(&mut parts[id as usize * 7 % workers], id, *row);
        }
        for part in &mut parts {
            let handed_over = serde_json::to_string(part).unwrap();
            joined.join(&mut serde_json::from_str(&handed_over).unwrap());
        }
        prop_assert_eq!(told(&mut joined), told(&mut whole));
    }

    /// Each dimension adds up to all, and percentiles are those of a sort of each value's times.
    #[test]
    fn each_dimension_adds_up_and_is_sorted_by_itself(times in prop::collection::vec((0..4_u8, 0..500_i64), 1..200)) {
        let (mut speed, mut of_rep) = (Speed::default(), BTreeMap::<String, Vec<Micros>>::new());
        for (lead, (rep, time)) in (1..).zip(&times) {
            answered(&mut speed, lead, *time, Some(&rep.to_string()));
            of_rep.entry(rep.to_string()).or_default().push(*time);
        }
        let figures = speed.figures(lower);
        for dimension in 0..DIMENSIONS.len() {
            let sum: u64 = figures.iter().filter(|row| row.dimension == dimension).map(|row| row.n).sum();
            prop_assert_eq!(sum, times.len() as u64);
        }
        for (rep, mut times) in of_rep {
            times.sort_unstable();
            let middle = times[(times.len() - 1) / 2] + times[times.len() / 2];
            let found = of(&figures, REP, Some(&rep)).response[0].unwrap();
            // half of an odd difference goes to the even side
            prop_assert!((found * 2 - middle).abs() <= 1, "{} in {:?}", found, times);
        }
    }
}
