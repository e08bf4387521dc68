//! Weighted round robin with a bound on unfairness.
//!
//! The rule is the one of R. Tijdeman, *The chairman assignment problem*, Discrete Mathematics 32
//! (1980) 323–330: of those whose entitlement has come near a whole turn, the one whose turn falls due
//! first. With fixed shares every rep is, after every lead, within `1 - 1/(2k - 2)` of the exact share
//! (k reps), so always less than one lead away. Entitlement accrues over the leads that a rep was
//! eligible for, and credits always add up to zero.
//!
//! Integers only, in units of [`LEAD`], so nothing drifts.

/// One lead, in units of credit.
pub const LEAD: i64 = 1_000_000_000_000;

/// What a candidate is entitled to and already has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Seat of the rep in the pool; unique, and the last tie-breaker.
    pub seat: i32,
    /// Weight in thousandths, above 0.
    pub weight: i64,
}

/// What one turn changes: the credit of every candidate, in the order of the shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deltas {
    /// Place of the chosen share.
    pub chosen: usize,
    /// Change of credit for each share; they add up to zero.
    pub credit: Vec<i64>,
}

/// Chooses the next of `shares`. `credits` are those before this lead (missing: 0), in units of
/// [`LEAD`]; `skip` marks who must not be taken although entitled. `None` if nobody may be taken.
pub fn next(shares: &[Share], credits: &[i64], skip: &[bool]) -> Option<Deltas> {
    let total: i64 = shares.iter().map(|share| share.weight).sum();
    if total <= 0 {
        return None;
    }
    let mut deltas = accrue(shares, total);
    let after = |place: usize| {
        let before = credits.get(place).copied().unwrap_or(0);
        before + deltas.get(place).copied().unwrap_or(0)
    };
    let free = |place: &usize| !skip.get(*place).copied().unwrap_or(false);
    let chosen = (0..shares.len()).filter(free).min_by_key(|&place| {
        let (weight, seat) = (shares.get(place)).map_or((1, 0), |share| (share.weight, share.seat));
        order(shares.len(), total, weight, after(place), seat)
    })?;
    if let Some(delta) = deltas.get_mut(chosen) {
        *delta -= LEAD;
    }
    Some(Deltas { chosen, credit: deltas })
}

/// Sort key: candidates near a whole turn first, then the earliest deadline, then most credit, then seat.
fn order(k: usize, total: i64, weight: i64, credit: i64, seat: i32) -> (bool, i128, i64, i32) {
    let k = i64::try_from(k.max(2)).unwrap_or(i64::MAX);
    let margin = LEAD / (2 * k - 2);
    let missing = i128::from(LEAD - margin - credit);
    let weight = i128::from(weight.max(1));
    // leads until the entitlement reaches the margin below a whole turn, rounded up
    let deadline = (missing * i128::from(total)).div_euclid(weight * i128::from(LEAD))
        + i128::from((missing * i128::from(total)).rem_euclid(weight * i128::from(LEAD)) != 0);
    (credit < margin, deadline, -credit, seat)
}

/// One lead's worth of credit, split by weight to the last unit (largest remainders to the first).
fn accrue(shares: &[Share], total: i64) -> Vec<i64> {
    let part = |share: &Share| i128::from(LEAD) * i128::from(share.weight) / i128::from(total);
    let mut parts: Vec<i64> = (shares.iter()).map(|share| i64::try_from(part(share)).unwrap_or(0)).collect();
    let mut rest = LEAD - parts.iter().sum::<i64>();
    for part in &mut parts {
        if rest == 0 {
            break;
        }
        *part += 1;
        rest -= 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shares(weights: &[i64]) -> Vec<Share> {
        (0..).zip(weights).map(|(seat, &weight)| Share { seat, weight }).collect()
    }

    /// Runs `leads` turns and returns the worst distance from the exact share, in leads.
    fn worst_deviation(weights: &[i64], leads: u32) -> f64 {
        let shares = shares(weights);
        let total: i64 = weights.iter().sum();
        let (mut credits, mut received) = (vec![0; weights.len()], vec![0_u32; weights.len()]);
        let mut worst = 0.0_f64;
        for n in 1..=leads {
            let turn = next(&shares, &credits, &[]).unwrap();
            credits.iter_mut().zip(&turn.credit).for_each(|(c, d)| *c += d);
            received[turn.chosen] += 1;
            for (weight, got) in weights.iter().zip(&received) {
                let exact = f64::from(n) * *weight as f64 / total as f64;
                worst = worst.max((exact - f64::from(*got)).abs());
            }
        }
        worst
    }

    #[test]
    fn known_mixes_stay_below_one_lead() {
        for weights in [&[5000, 1000, 1000][..], &[1500, 1000, 500], &[7000, 3000, 2000, 1000], &[1000]] {
            let worst = worst_deviation(weights, 10_000);
            assert!(worst < 1.0, "{weights:?} strayed by {worst}");
        }
    }

    #[test]
    fn nobody_to_choose_from() {
        assert_eq!(next(&[], &[], &[]), None);
        assert_eq!(next(&shares(&[1000]), &[0], &[true]), None);
    }

    proptest! {
        #[test]
        fn every_prefix_is_within_one_lead(weights in prop::collection::vec(1_i64..20_000, 1..12)) {
            prop_assert!(worst_deviation(&weights, 600) < 1.0);
        }

        #[test]
        fn credits_add_up_to_zero(
            weights in prop::collection::vec(1_i64..20_000, 1..12),
            filters in prop::collection::vec(any::<u16>(), 1..200),
        ) {
            let all = shares(&weights);
            let mut credits = vec![0_i64; all.len()];
            for filter in filters {
                let chosen: Vec<usize> = (0..all.len()).filter(|i| filter >> i & 1 == 1).collect();
                let some: Vec<Share> = chosen.iter().map(|&i| all[i]).collect();
                let before: Vec<i64> = chosen.iter().map(|&i| credits[i]).collect();
                if let Some(turn) = next(&some, &before, &[]) {
                    for (&i, delta) in chosen.iter().zip(&turn.credit) {
                        credits[i] += delta;
                    }
                }
                prop_assert_eq!(credits.iter().sum::<i64>(), 0);
            }
        }
    }
}
