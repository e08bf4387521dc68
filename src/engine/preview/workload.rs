//! How many leads a rep would answer in time, if they answered one after the other as fast as they have answered so far.
//!
//! A single-server queue (first come, first served) for each rep: a lead is begun when it comes, when the lead before it is
//! answered, or when the rep is on duty again, whichever is last, and is answered after the rep's pace. It leaves out that reps
//! choose what they answer first.

use crate::Micros;
use rustc_hash::FxHashMap;

/// The work of all reps over time; leads must come in the order of time.
#[derive(Debug, Default)]
pub struct Workload {
    /// How long each rep takes for an answer.
    pace: FxHashMap<String, Micros>,
    /// When each has answered all that came so far.
    free_at: FxHashMap<String, Micros>,
}

impl Workload {
    /// Reps with the time that each takes for an answer.
    pub fn new(pace: FxHashMap<String, Micros>) -> Self {
        Self { pace, free_at: FxHashMap::default() }
    }

    /// When a rep answers a lead that they can begin at some time; `None` where nobody knows how fast they are.
    pub fn answered_at(&mut self, rep: &str, begins: Micros) -> Option<Micros> {
        let pace = *self.pace.get(rep)?;
        let free_at = self.free_at.entry(rep.to_owned()).or_insert(Micros::MIN);
        *free_at = begins.max(*free_at).saturating_add(pace);
        Some(*free_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_wait_for_each_other_and_nobody_waits_for_those_of_another_rep() {
        let mut workload =
            Workload::new([("ann".to_owned(), 10), ("bob".to_owned(), 1)].into_iter().collect());
        assert_eq!(workload.answered_at("ann", 0), Some(10));
        assert_eq!(workload.answered_at("ann", 5), Some(20));
        assert_eq!(workload.answered_at("bob", 5), Some(6));
        assert_eq!(workload.answered_at("ann", 100), Some(110));
        assert_eq!(workload.answered_at("eve", 0), None);
    }
}
