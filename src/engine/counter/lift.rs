//! What kept a rep from a lead, taken away.

use super::case::Words;
use crate::context::Context;
use crate::roster::load::Load;
use crate::roster::unavailable::{Away, Ineligible};
use crate::roster::{Presence, Rep, Roster};

/// Takes away what kept a rep from the lead; answers that in words, or `None` if it cannot be supposed otherwise.
pub fn lift(
    roster: &mut Roster,
    rep: &str,
    pool: &str,
    why: &Ineligible,
    context: Context<'_>,
    load: &Load,
) -> Option<Words> {
    if let Ineligible::Paused | Ineligible::ZeroWeight = why {
        let members = roster.members.get_mut(pool)?.lists().flatten();
        let member = { members }.find(|member| member.rep_id == rep)?;
        (member.active, member.weight) = (true, if member.weight == 0 { 1000 } else { member.weight });
        return Some(match why {
            Ineligible::Paused => words(&format!("not paused in pool {pool}"), "paused", "active", 1.0),
            _ => words(&format!("with weight 1 in pool {pool}"), "weight 0", "weight 1", 1.0),
        });
    }
    if let Ineligible::Away { away: Away::Absent { .. } } = why {
        let absences = roster.absences.get_mut(rep)?;
        absences.retain(|row| !row.during.contains(&context.now));
    }
    let row = roster.reps.get_mut(rep)?;
    Some(match why {
        Ineligible::Away { away } => return there(row, away),
        Ineligible::Language { needs } => {
            row.languages.get_or_insert_default().push(needs.clone());
            words(&format!("speaking {needs}"), "does not", "speaks it", 1.0)
        }
        Ineligible::Product { needs } => {
            row.products.get_or_insert_default().push(needs.clone());
            words(&format!("selling {needs}"), "does not", "sells it", 1.0)
        }
        Ineligible::Skill { needs } => {
            row.skills.get_or_insert_default().push(needs.clone());
            words(&format!("with the skill {needs}"), "without", "with", 1.0)
        }
        Ineligible::DailyCap { cap } => more(&mut row.daily_cap, *cap, load.today, "daily cap"),
        Ineligible::WeeklyCap { cap } => more(&mut row.weekly_cap, *cap, load.this_week, "weekly cap"),
        Ineligible::OpenLeads { cap } => {
            more(&mut row.max_open_leads, *cap, load.open, "limit of open leads")
        }
        _ => return None,
    })
}

/// Somebody who was away is there.
fn there(row: &mut Rep, away: &Away) -> Option<Words> {
    let was = away.to_string();
    let was = was.strip_prefix("is ").unwrap_or(&was);
    let (change, to) = match away {
        Away::Inactive => {
            row.active = true;
            ("active", "active")
        }
        Away::Presence { .. } => {
            (row.presence, row.presence_at) = (Presence::Online, None);
            ("online", "online")
        }
        Away::Absent { .. } => ("not absent", "there"),
        Away::Holiday { .. } | Away::OffHours { .. } => {
            row.schedule = None;
            ("on duty", "on duty")
        }
        Away::Unknown | Away::OtherTenant | Away::CannotHold { .. } => return None,
    };
    // how long it would have taken is added by whoever knows
    let size = if away.is_passing() { 0.0 } else { 1.0 };
    Some(words(change, was, to, size))
}

/// A cap that leaves room for one more lead.
#[allow(clippy::cast_precision_loss)]
fn more(column: &mut Option<i64>, cap: i64, has: i64, title: &str) -> Words {
    let enough = has.max(cap).saturating_add(1);
    *column = Some(enough);
    let size = (enough - cap) as f64 / enough as f64;
    words(&format!("with a {title} of {enough}"), &cap.to_string(), &enough.to_string(), size)
}

fn words(change: &str, from: &str, to: &str, size: f64) -> Words {
    Words { change: change.to_owned(), from: from.to_owned(), to: to.to_owned(), size }
}
