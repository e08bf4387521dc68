//! Scores that tiers leave over.

use crate::rules::space::{Cut, Stretch};
use crate::rules::tables::Tier;

/// The scores of some tiers, as stretches that do not touch.
#[derive(Debug, Default)]
pub struct Scores(Vec<Stretch>);

impl Scores {
    /// Whether every score of a tier is in there.
    pub fn hold(&self, tier: &Tier) -> bool {
        // what a double does not tell apart is not compared
        let is_exact = tier.exact_score.lower.is_none() && tier.exact_score.upper.is_none();
        let all = Stretch::of(&tier.score, |score| score);
        is_exact && self.0.iter().any(|part| part.from <= all.from && all.to <= part.to)
    }

    /// Adds those of a tier.
    pub fn add(&mut self, tier: &Tier) {
        let mut all = Stretch::of(&tier.score, |score| score);
        let touches = |part: &Stretch| part.from <= all.to && all.from <= part.to;
        let (touching, apart): (Vec<Stretch>, Vec<Stretch>) = self.0.iter().partition(|part| touches(part));
        for part in touching {
            all.from = if part.from < all.from { part.from } else { all.from };
            all.to = if part.to > all.to { part.to } else { all.to };
        }
        self.0 = apart;
        self.0.push(all);
        self.0.sort_by(|one, other| one.from.at.total_cmp(&other.from.at));
    }

    /// The scores that are not in there.
    pub fn missing(&self) -> Vec<Stretch> {
        let mut missing = Vec::new();
        let mut from: Cut = Stretch::ALL.from;
        for part in &self.0 {
            if from < part.from {
                missing.push(Stretch { from, to: part.from });
            }
            from = part.to;
        }
        if from < Stretch::ALL.to {
            missing.push(Stretch { from, to: Stretch::ALL.to });
        }
        missing
    }
}
