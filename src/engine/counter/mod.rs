//! What would have sent a lead elsewhere: the smallest changes of the lead, of who was there, and of whose turn it was.
//!
//! Each change is tried by routing the changed lead through all layers, without effect; so none is named that would not
//! have done it, and where the lead would have gone is what routing says. Of numbers the nearest value on either side
//! that leads elsewhere is named: between bounds of rules nothing differs, so only these are tried.

mod case;
mod dry;
mod lift;
mod names;
mod numbers;
mod people;
mod then;
mod trial;
mod turns;

pub use case::{Case, Counter, Trials};

use crate::decision::{Decision, Layer};
use trial::Trial;

/// What the rules say of the lead as it is, and the changes that would have sent it elsewhere, the smallest first.
pub fn counters(case: &Case<'_>, trials: &mut dyn Trials) -> (Decision, Vec<Counter>) {
    let mut trial = Trial::new(case, trials);
    let mut found = Vec::new();
    if matters(trial.base.layer) {
        found.extend(turns::next(&mut trial));
        found.extend(people::back(&mut trial));
        found.extend(numbers::nearest(&mut trial));
        found.extend(names::other(&mut trial));
    }
    // of equal ones the order is that of the list
    found.sort_by(|one, other| one.size.total_cmp(&other.size));
    (trial.base, found)
}

/// Whether segment, tier or distribution had a say, or who was there for an account.
const fn matters(layer: Layer) -> bool {
    matches!(
        layer,
        Layer::Customer | Layer::NamedAccount | Layer::Tier | Layer::Distribution | Layer::Fallback
    )
}

#[cfg(test)]
mod tests;
