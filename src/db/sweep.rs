//! Work on many leads in one call, in which an error of one must not stop the others: the batch is one
//! subtransaction, and one that fails is tried again in halves until the lead is found. A subtransaction for
//! each lead would cost every session of the server: from 64 on, snapshots have to look up their parents.

use super::batch::Batch;
use super::rescue::{protect, Failure};

/// What is done to each lead.
pub struct Sweep<'a, T> {
    /// `decisions.cause`.
    pub cause: &'static str,
    /// Does it; `None` if there was nothing to do.
    pub work: &'a dyn Fn(&mut Batch, &T) -> Option<()>,
    /// Is told of a lead that failed.
    pub failed: &'a dyn Fn(&T, &Failure),
}

impl<T> Sweep<'_, T> {
    /// Works on all; answers for how many there was something to do.
    pub fn run(&self, items: &[T]) -> usize {
        if items.is_empty() {
            return 0;
        }
        let result = protect(|| {
            // A batch of its own: after an error the turns that it counted are gone.
            let mut session = Batch::open(self.cause, Vec::new());
            items.iter().filter_map(|item| (self.work)(&mut session, item)).count()
        });
        match (result, items) {
            (Ok(done), _) => done,
            (Err(failure), [item]) => {
                (self.failed)(item, &failure);
                0
            }
            (Err(_), _) => {
                let (older, newer) = items.split_at(items.len() / 2);
                self.run(older) + self.run(newer)
            }
        }
    }
}
