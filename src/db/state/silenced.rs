//! Criteria whose conditions fail for a lead, as by comparing times of different kinds: an error ends the try, and the next
//! one goes without them.

use leadroute_engine::decision::reason::Reason;
use leadroute_engine::decision::Step;
use leadroute_engine::rules::Rules;
use std::cell::{Cell, RefCell};

/// Which criteria have failed for the lead.
#[derive(Default)]
pub struct Silenced {
    asked: Cell<Option<usize>>,
    failed: RefCell<Vec<(usize, String)>>,
}

impl Silenced {
    /// Those that had failed when a decision was made.
    pub fn then(trace: &[Step], rules: &Rules) -> Self {
        let broken = trace.iter().find_map(|step| match &step.reason {
            Reason::Scored { broken, .. } => Some(broken),
            _ => None,
        });
        let place = |name: &str| rules.criteria.all().find(|row| row.name == name).map(|row| row.place);
        let failed = broken.into_iter().flatten();
        let failed =
            failed.filter_map(|problem| Some((place(&problem.field)?, problem.what.clone()))).collect();
        Self { asked: Cell::new(None), failed: RefCell::new(failed) }
    }

    /// What a criterion answers, or what was wrong with it in an earlier try.
    pub fn ask(&self, place: usize, condition: impl FnOnce() -> bool) -> Result<bool, String> {
        if let Some((_, what)) = self.failed.borrow().iter().find(|(failed, _)| *failed == place) {
            return Err(what.clone());
        }
        self.asked.set(Some(place));
        let holds = condition();
        self.asked.set(None);
        Ok(holds)
    }

    /// A try has failed: whether because of a criterion, so that another one makes sense.
    pub fn is_to_blame(&self, message: &str) -> bool {
        let asked = self.asked.take();
        self.failed.borrow_mut().extend(asked.map(|place| (place, message.to_owned())));
        asked.is_some()
    }
}
