//! A decision about one row: in a subtransaction, with whoever gets the lead locked.

use super::{Batch, HANDS_OVER, PERSONS};
use crate::db::lead::row::LeadRow;
use crate::db::pg::subtransaction::{protect, Failure};
use crate::db::pg::time::{now, TimeZones};
use crate::db::routing::error_fallback::fall_back;
use crate::db::routing::holders;
use crate::db::routing::pending_decision::{Decided, Pending, Wanted};
use crate::db::settings;
use crate::db::state::assignee_lock;
use crate::db::state::config::{self, Config};
use crate::db::state::lookups::Live;
use crate::db::state::silenced::Silenced;
use crate::db::state::trial::{Trial, Tried};
use leadroute_engine::context::Context;
use leadroute_engine::decision::{Decision, Outcome};
use leadroute_engine::lead::{Given, Lead, Problem};
use leadroute_engine::lookups::Lookups;
use leadroute_engine::replay::facts::{Facts, Raw};
use leadroute_engine::replay::recorder::Recorder;
use leadroute_engine::roster::rotation::Turn;
use leadroute_engine::roster::Roster;
use leadroute_engine::routing::pipeline;
use leadroute_engine::work::{answer, Answer, Work};
use leadroute_engine::Micros;
use std::rc::Rc;
use std::time::Instant;

/// What became of a try.
struct Attempted {
    answer: Answer,
    /// What it was made from.
    facts: Box<Facts>,
    /// Whether the rep or queue that gets the lead is locked.
    is_locked: bool,
}

/// Who was left out of the last try.
#[derive(Default)]
struct LeftOut {
    unable: Vec<(String, String)>,
    gone: Vec<String>,
    caught: bool,
}

impl LeftOut {
    fn unable(&mut self, rep: &str, problem: String, roster: &mut Rc<Roster>) {
        self.unable.push((rep.to_owned(), problem.clone()));
        let rep = Rc::make_mut(roster).reps.get_mut(rep);
        rep.into_iter().for_each(|rep| rep.cannot_hold = Some(problem.clone()));
    }

    fn gone(&mut self, rep: &str, roster: &mut Rc<Roster>) {
        self.gone.push(rep.to_owned());
        Rc::make_mut(roster).reps.remove(rep);
    }
}

/// One try to decide.
#[derive(Clone, Copy)]
struct Try<'a> {
    row: &'a LeadRow,
    wanted: Wanted<'a>,
    unreadable: &'a [Problem],
    given: &'a Given,
    /// Criteria that have failed.
    silenced: &'a Silenced,
    /// Without it nothing is locked and no turn is taken.
    effect: bool,
    /// Whether not to merge into a lead of the same person.
    apart: bool,
    /// The moment by which it is decided.
    now: Micros,
    decided_at: Micros,
}

impl Batch {
    /// Decides about a row. Without `effect` nothing is locked and no turn is taken.
    ///
    /// A rep or queue that is being deleted or renamed cannot be locked. Then a touch is decided again as a lead of its
    /// own, and a lead of such a rep without the rep; what is left goes to the catch-all queue.
    pub fn decide(&mut self, row: &LeadRow, effect: bool, wanted: Wanted<'_>) -> Decided {
        let (start, decided_at) = (Instant::now(), now());
        let (unreadable, given) = (std::mem::take(&mut self.odd), std::mem::take(&mut self.given));
        let apart = given.adopted || matches!(wanted, Wanted::HandOver);
        let now = self.by_when(decided_at);
        let (unreadable, given, silenced) = (&unreadable[..], &given, &Silenced::default());
        let mut attempt = Try { row, wanted, unreadable, given, silenced, effect, apart, now, decided_at };
        // who cannot hold this row may hold the next
        let roster = Rc::clone(&self.roster);
        let mut left_out = LeftOut::default();
        let mut decided = loop {
            let Attempted { answer: Answer { decision, progress }, facts, is_locked } = self.rescue(attempt);
            let Some(decision) = decision else {
                break Decided { pending: None, progress };
            };
            let mut pending = self.pending(decision, facts, attempt, start);
            let problem = self.problem_of_owner(attempt, &pending.decision);
            if is_locked && problem.is_none() {
                break Decided { pending: Some(pending), progress };
            }
            self.dropped(&pending);
            match (&pending.decision.outcome, problem) {
                (Outcome::Owner(rep), Some(problem)) => left_out.unable(rep, problem, &mut self.roster),
                (Outcome::Merged { .. }, _) if !attempt.apart => attempt.apart = true,
                (Outcome::Owner(rep), None) if self.roster.reps.contains_key(rep) => {
                    left_out.gone(rep, &mut self.roster);
                }
                _ => {
                    left_out.caught = true;
                    pipeline::to_catch_all(&mut pending.decision, &self.rules);
                    pending.is_counted = false;
                    break Decided { pending: Some(pending), progress };
                }
            }
        };
        self.roster = roster;
        decided.pending.iter_mut().for_each(|pending| self.add_facts(pending, attempt, &mut left_out));
        decided
    }

    /// Adds what the engine was not asked.
    fn add_facts(&self, pending: &mut Pending, attempt: Try<'_>, left_out: &mut LeftOut) {
        let LeftOut { unable, gone, caught } = std::mem::take(left_out);
        let left_out = self.left_out.iter().map(|rep| (rep.clone(), HANDS_OVER.to_owned()));
        let facts = &mut pending.facts;
        facts.unable = unable.into_iter().chain(left_out).collect();
        (facts.gone, facts.caught) = (gone, caught);
        facts.now = (attempt.now != attempt.decided_at).then_some(attempt.now);
        facts.presence_ttl = settings::presence_ttl_unless_default();
        // what a later update replaces is kept by that
        if self.cause.is_arrival() {
            let (country, industry) = (attempt.row.get("country"), attempt.row.get("industry"));
            let occurred_at = attempt.row.time("occurred_at");
            let given = Lead { country, industry, occurred_at, ..Lead::default() };
            facts.raw = Raw::of(&given, &pending.decision.clean);
        }
    }

    /// The moment by which it decides.
    fn by_when(&self, decided_at: Micros) -> Micros {
        let moment = self.moment.as_ref().map(|moment| moment.at);
        moment.or(self.trial.as_ref().map(Trial::now)).unwrap_or(decided_at)
    }

    /// Why the row cannot have the owner that was decided; asked once for each rep.
    fn problem_of_owner(&self, attempt: Try<'_>, decision: &Decision) -> Option<String> {
        let Outcome::Owner(rep) = &decision.outcome else {
            return None;
        };
        let decided = || attempt.row.as_decided(decision, attempt.decided_at);
        let is_new = self.roster.reps.get(rep).is_some_and(|rep| rep.cannot_hold.is_none());
        let keeps =
            attempt.given.rep() == Some(rep) || attempt.row.get::<String>("owner_id").as_ref() == Some(rep);
        let known_as = self.trial.as_ref().map_or(rep.as_str(), |trial| trial.former_name(rep));
        (is_new && !keeps)
            .then(|| holders::problem(attempt.row, known_as, attempt.effect, &decided))
            .flatten()
    }

    /// The decision, with its turns written.
    fn pending(
        &mut self,
        decision: Box<Decision>,
        facts: Box<Facts>,
        attempt: Try<'_>,
        start: Instant,
    ) -> Pending {
        let counts = attempt.effect || self.trial.is_some();
        let is_counted = counts && self.post(&decision.turns);
        Pending {
            lead_id: attempt.row.get::<i64>("id").unwrap_or_default(),
            decision_id: 0,
            decision,
            is_counted,
            decided_at: attempt.decided_at,
            elapsed_us: i32::try_from(start.elapsed().as_micros()).unwrap_or(i32::MAX),
            requests: Vec::new(),
            note: None,
            has_arrived: false,
            keeps: None,
            facts,
        }
    }

    /// The answer, also after an error.
    fn rescue(&mut self, attempt: Try<'_>) -> Attempted {
        let answered = match self.broken.clone() {
            Some(broken) => Err(broken),
            None => self.without_failed(attempt),
        };
        answered.unwrap_or_else(|(sqlstate, message)| {
            let (rules, roster) = (Rc::clone(&self.rules), Rc::clone(&self.roster));
            let lead = attempt.row.lead();
            let tenant = lead.tenant.clone();
            let context = config::context(&rules, &roster, attempt.now, Some(&tenant));
            let decision = pipeline::rescued(lead, &sqlstate, &message, context, &TimeZones);
            Attempted { answer: Some(decision).into(), facts: Box::default(), is_locked: true }
        })
    }

    /// Tries again as long as only a criterion has failed.
    fn without_failed(&mut self, attempt: Try<'_>) -> Result<Attempted, (String, String)> {
        loop {
            match self.attempt(attempt) {
                Ok(attempted) => return Ok(attempted),
                Err(failure) if attempt.silenced.is_to_blame(&failure.message) => {}
                Err(failure) => return Err(fall_back(failure, self.cause)),
            }
        }
    }

    fn attempt(&mut self, attempt: Try<'_>) -> Result<Attempted, Failure> {
        let Try { row, wanted, unreadable, given, silenced, effect, apart, now, .. } = attempt;
        let (mut persons, trial) = (PERSONS.get(), self.trial.as_ref());
        let (rules, roster) = (Rc::clone(&self.rules), Rc::clone(&self.roster));
        let config = Config { rules, roster, seen: None };
        let is_there = (!self.cause.is_arrival()).then_some(row);
        let (ledgers, patience, companies) = (&mut self.ledgers, &mut self.patience, &self.companies);
        let tenant = row.get::<String>("tenant").unwrap_or_default();
        let result = protect(|| {
            let (persons, document, config) = (&mut persons, None, &config);
            let mut live = Live {
                row,
                ledgers,
                effect,
                persons,
                patience,
                apart,
                companies,
                document,
                silenced,
                config,
                rows: trial.map(Trial::account_rows).unwrap_or_default(),
            };
            let context = config::context(&config.rules, &config.roster, now, Some(&tenant));
            let mut tried;
            let lookups: &mut dyn Lookups = match trial {
                Some(trial) => {
                    tried = Tried { live, trial };
                    &mut tried
                }
                None => &mut live,
            };
            let (answer, facts) = recorded(wanted.of(row, given), unreadable, context, lookups);
            let outcome = answer.decision.as_ref().map(|decision| &decision.outcome);
            let is_locked =
                outcome.is_none_or(|outcome| !effect || assignee_lock::outcome(outcome, is_there, config));
            Attempted { answer, facts, is_locked }
        });
        PERSONS.set(persons);
        result.inspect_err(|_| self.ledgers.undo_choice())
    }

    /// Writes the turn outside the subtransaction that decided it, which therefore needs no transaction id.
    fn post(&mut self, turns: &[Turn]) -> bool {
        self.ledgers.post(turns)
    }
}

/// What the engine answers, and what it was made from.
fn recorded(
    work: Work,
    unreadable: &[Problem],
    context: Context<'_>,
    lookups: &mut dyn Lookups,
) -> (Answer, Box<Facts>) {
    let mut lookups = Recorder::new(lookups, Facts::of(&work, unreadable));
    let mut answer = answer(work, unreadable.to_vec(), context, &mut lookups);
    if let Some(decision) = &mut answer.decision {
        pipeline::within_tenant(decision, context.rules, context.roster);
    }
    let trace = answer.decision.as_ref().map(|decision| &decision.trace[..]);
    let facts = lookups.facts(trace.unwrap_or_default());
    (answer, facts)
}
