//! Decisions about leads that are there.

use super::{Batch, HANDS_OVER};
use crate::db::pg::security::next_value;
use crate::db::pg::spi::timestamp;
use crate::db::queries;
use crate::db::routing::pending_decision::Pending;
use crate::db::routing::writer;
use leadroute_engine::decision::{Clock, Decision, Notice};
use pgrx::pg_sys::Datum;
use std::rc::Rc;

impl Batch {
    /// Whoever loses the lead is told, if they work here still, and for its tenant: an import may name anybody.
    fn tell_previous(&self, decision: &mut Decision, previous_owner: Option<&str>) {
        let tenant = &decision.clean.lead.tenant;
        let is_ours = |rep: &&str| self.roster.reps.get(*rep).is_some_and(|rep| rep.tenant == *tenant);
        let loser =
            previous_owner.filter(|rep| decision.outcome.owner() != Some(*rep) && self.is_active(rep));
        let loser = loser.filter(is_ours);
        let notice = |rep: &str| Notice { kind: "unassigned", rep_id: Some(rep.to_owned()) };
        decision.notices.extend(loser.map(notice));
    }

    /// A decision that is not written after all: its turn is free again.
    pub fn withdraw(mut self, pending: &Pending) {
        self.dropped(pending);
        self.ledgers.flush();
    }

    /// Whether a rep works here.
    pub fn is_active(&self, rep: &str) -> bool {
        self.roster.reps.get(rep).is_some_and(|rep| rep.active)
    }

    /// Writes a new decision for a lead that is there.
    pub fn revise(&mut self, mut pending: Pending, previous_owner: Option<&str>) -> i64 {
        pending.decision_id = next_value("decisions_id_seq");
        pending.decision.clock =
            pending.decision.clock.take().filter(|clock| !is_answered(pending.lead_id, clock));
        // The update of the lead counts it as well (see `loads`).
        if let Some((rep_no, lead)) = self.load_added(&pending).filter(|_| pending.is_counted) {
            self.ledgers.count_load(rep_no, &lead.taken_back());
        }
        self.tell_previous(&mut pending.decision, previous_owner);
        writer::revised(&pending, &self.by(), previous_owner);
        self.ledgers.flush();
        let owner = pending.decision.outcome.owner().filter(|owner| Some(*owner) != previous_owner);
        let rep = owner.and_then(|owner| self.roster.reps.get(owner));
        self.moment.as_ref().zip(rep).into_iter().for_each(|(moment, rep)| moment.give(rep.rep_no));
        pending.decision_id
    }

    /// What follows is given to somebody else than a rep who goes away.
    pub fn leave_out(&mut self, id: &str) {
        if self.roster.reps.get(id).is_some_and(|rep| rep.cannot_hold.is_none()) {
            let rep = Rc::make_mut(&mut self.roster).reps.get_mut(id);
            rep.into_iter().for_each(|rep| rep.cannot_hold = Some(HANDS_OVER.to_owned()));
            self.left_out.push(id.to_owned());
        }
    }

    /// Writes a decision about a lead that stays with its owner.
    pub fn remind(&self, mut pending: Pending, owner: &str) {
        pending.decision_id = next_value("decisions_id_seq");
        writer::reminded(&pending, &self.by(), Some(owner));
    }
}

/// Whether what a clock would count from has been answered.
fn is_answered(lead_id: i64, clock: &Clock) -> bool {
    let arguments = [Some(Datum::from(lead_id)), timestamp(Some(clock.started_at))];
    queries::IS_ANSWERED.first(&arguments, |row| row.get::<bool>(1)).flatten() == Some(true)
}
