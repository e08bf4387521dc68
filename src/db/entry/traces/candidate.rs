//! A candidate of a pool, where it lies in a trace.

use crate::db::pg::jsonb_read::Value;
use leadroute_engine::decision::candidate::Eligible;
use leadroute_engine::fairness::turn::Stand;
use std::borrow::Cow;

/// What a trace says of a candidate.
#[derive(Debug, Default)]
pub struct Told<'a> {
    pub stand: Stand,
    /// Why they were passed over.
    pub why: Option<&'a str>,
}

/// The rep, and what is said of them: as a string of whoever was eligible, or as an object.
pub fn read(value: Value<'_>) -> Option<(&str, Told<'_>)> {
    let Some(stored) = value.text() else {
        return Some((value.member("rep")?.text()?, object(value)));
    };
    let Eligible { rep, share, load } = Eligible::read(stored)?;
    let stand = Stand {
        seat: share.map(|part| part.0),
        weight: share.map(|part| part.1),
        owed: share.map(|part| part.2),
        open: load.map(|load| load.open),
        capacity: load.map(|load| load.capacity),
    };
    Some((rep, Told { stand, why: None }))
}

fn object(value: Value<'_>) -> Told<'_> {
    let text = |key| value.member(key).and_then(Value::text);
    let share = |place| value.member("share")?.elements().nth(place)?.integer();
    let load = |key| value.member("load")?.member(key)?.integer();
    Told {
        stand: Stand {
            seat: share(0).and_then(|seat| i32::try_from(seat).ok()),
            weight: share(1),
            owed: share(2),
            open: load("open"),
            capacity: load("capacity"),
        },
        why: text("presence").or_else(|| text("why").filter(|why| *why != "away")).or_else(|| text("away")),
    }
}

/// What the reason is about: what was needed, which cap, which kind of absence.
pub fn about(value: Value<'_>) -> Option<Cow<'_, str>> {
    let text = |key| {
        let about = value.member(key)?;
        about.text().map(Cow::Borrowed).or_else(|| Some(Cow::Owned(about.integer()?.to_string())))
    };
    ["needs", "cap", "kind", "name", "schedule", "problem"].into_iter().find_map(text)
}
