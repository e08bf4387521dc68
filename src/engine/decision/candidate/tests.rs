use super::*;
use crate::roster::unavailable::Away;
use serde_json::json;

fn candidate(share: Option<Part>, load: Option<Filled>, not: Option<Ineligible>) -> Candidate {
    Candidate { rep: "Åsa 7:8 \"x\"".to_owned(), share, load, not }
}

const PART: Part = Part(-3, 1500, -999_999_999_999);
const LOAD: Filled = Filled { open: 4, capacity: 20_000 };

#[test]
fn whoever_was_eligible_is_stored_as_a_string() {
    let stored = |share, load| json!(candidate(share, load, None));
    assert_eq!(stored(Some(PART), None), json!("-3:1500:-999999999999 Åsa 7:8 \"x\""));
    assert_eq!(stored(None, Some(LOAD)), json!("4:20000 Åsa 7:8 \"x\""));
    assert_eq!(stored(Some(PART), Some(LOAD)), json!("-3:1500:-999999999999:4:20000 Åsa 7:8 \"x\""));
}

#[test]
fn whoever_was_not_is_an_object_with_the_reason() {
    let away = Some(Ineligible::Away { away: Away::Inactive });
    let stored = json!(candidate(Some(PART), None, away));
    let wanted = json!({"rep": "Åsa 7:8 \"x\"", "share": [-3, 1500, -999_999_999_999_i64], "why": "away", "away": "inactive"});
    assert_eq!(stored, wanted);
    assert_eq!(json!(candidate(None, None, None)), json!({"rep": "Åsa 7:8 \"x\""}));
}

#[test]
fn all_forms_are_read_back() {
    for not in [None, Some(Ineligible::Paused), Some(Ineligible::DailyCap { cap: 3 })] {
        for (share, load) in [(None, None), (Some(PART), None), (None, Some(LOAD)), (Some(PART), Some(LOAD))]
        {
            let given = candidate(share, load, not.clone());
            let read: Candidate = serde_json::from_value(json!(given)).unwrap();
            assert_eq!(read, given);
            // as earlier versions stored it
            let read: Candidate = serde_json::from_value(json!(given.object())).unwrap();
            assert_eq!(read, given);
        }
    }
}

#[test]
fn what_is_no_candidate_is_refused() {
    for text in ["", "bob", "1 bob", "1:2:3:4 bob", "x:1:2 bob", "9999999999:1:2 bob"] {
        let read = serde_json::from_value::<Candidate>(json!(text));
        assert!(read.is_err(), "{text:?} was read as {read:?}");
    }
}
