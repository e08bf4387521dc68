//! Which decision and which response an action of a buyer led to.

use crate::speed::actions::{Action, Actions, Dimension, Response, ALL, CHANNEL, EVENT, INTENT, REP, TEAM};
use crate::speed::names::{translated, Names};
use crate::Micros;
use rustc_hash::FxHashMap;

/// An answer that was given so much before the action still counts, as the clocks of two computers differ.
const MINUTE: Micros = 60_000_000;

/// Decisions and responses, by lead and in the order of time.
pub struct Matches<'a> {
    pub decisions: &'a [(i64, Micros)],
    pub responses: &'a [Response],
    pub responders: &'a Names,
    pub channels: &'a Names,
    pub managers: FxHashMap<&'a [u8], &'a [u8]>,
    pub intents: FxHashMap<&'a [u8], &'a [u8]>,
}

impl Actions {
    /// The rows in the order of their leads.
    pub fn by_lead(&self) -> Vec<(i64, u32)> {
        let mut rows: Vec<(i64, u32)> = self.rows.iter().map(|action| action.lead_id).zip(0..).collect();
        rows.sort_unstable();
        rows
    }

    /// Completes each action with when it was routed and answered, by whom and how.
    pub fn match_with(&mut self, matches: &Matches<'_>, by_lead: &[(i64, u32)]) {
        let (mut decisions, mut responses) = (matches.decisions, matches.responses);
        for (lead_id, row) in by_lead {
            let of_lead = of_lead(&mut decisions, *lead_id, |decision| decision.0);
            let answers = self::of_lead(&mut responses, *lead_id, |response| response.lead_id);
            let Some(action) = self.rows.get_mut(*row as usize) else { continue };
            action.routed = action.routed.or_else(|| action.first_routed(of_lead));
            if let Some(response) = action.response_of(answers) {
                let is_without_clock = action.started.is_none();
                if is_without_clock {
                    action.answered = Some(response.at);
                }
                self.answered_by(*row, response, is_without_clock, matches);
            }
        }
    }

    fn answered_by(&mut self, row: u32, response: Response, is_by_rep: bool, matches: &Matches<'_>) {
        let rep = matches.responders.name(response.rep).filter(|_| is_by_rep);
        for (no, name) in [(REP, rep), (CHANNEL, matches.channels.name(response.channel))] {
            let Some(dimension) = self.dimensions.get_mut(no) else { continue };
            if let (Some(name), Some(value)) = (name, dimension.of_row.get_mut(row as usize)) {
                *value = dimension.names.number(name);
            }
        }
    }

    /// The dimensions that follow from others: all, the manager of the rep, and the intent of the event.
    pub fn fill(&mut self, matches: &Matches<'_>, lower: impl Fn(&[u8]) -> Vec<u8>) {
        let manager = |rep: Option<&[u8]>| matches.managers.get(rep?).copied();
        self.follows(TEAM, REP, manager);
        self.follows(INTENT, EVENT, |event| {
            let intent = event.and_then(|event| matches.intents.get(lower(event).as_slice()).copied());
            Some(intent.unwrap_or(b"medium"))
        });
        self.follows(ALL, REP, |_| Some(b"all"));
    }

    /// Sets the values of a dimension by those of another.
    fn follows<'a>(
        &mut self,
        dimension: usize,
        other: usize,
        of: impl Fn(Option<&[u8]>) -> Option<&'a [u8]>,
    ) {
        let Some(other) = self.dimensions.get(other) else { return };
        let mut names = Names::default();
        let of_none = names.number_or_none(of(None));
        let of_name: Vec<u32> = other.names.iter().map(|name| names.number_or_none(of(Some(name)))).collect();
        let of_row = other.of_row.iter().map(|number| match number {
            0 => of_none,
            number => translated(&of_name, *number),
        });
        let values = Dimension { of_row: of_row.collect(), names };
        if let Some(place) = self.dimensions.get_mut(dimension) {
            *place = values;
        }
    }
}

impl Action {
    /// The first decision from the action on.
    fn first_routed(&self, decisions: &[(i64, Micros)]) -> Option<Micros> {
        let acted = self.acted?;
        decisions.iter().map(|(_, at)| *at).find(|at| *at >= acted)
    }

    /// The response that stopped the clock; of a lead without clock the first one from the action on.
    fn response_of(&self, responses: &[Response]) -> Option<Response> {
        if !self.is_by_response {
            return None;
        }
        let is_it = |response: &&Response| match (self.started, self.acted) {
            (Some(started), _) => Some(response.at.max(started)) == self.answered,
            (None, Some(acted)) => response.at >= acted.saturating_sub(MINUTE),
            (None, None) => false,
        };
        responses.iter().find(is_it).copied()
    }
}

/// The rows of a lead in a list that is sorted by leads, from which what lies before them is dropped.
fn of_lead<'a, T>(list: &mut &'a [T], lead_id: i64, lead_of: impl Fn(&T) -> i64) -> &'a [T] {
    // the next lead is near most times, so the search begins at the front
    let is_before = |row: &T| lead_of(row) < lead_id;
    let mut end = 1;
    while list.get(end).is_some_and(is_before) {
        end *= 2;
    }
    let near = list.get(..=end).unwrap_or(list);
    let start = near.partition_point(is_before);
    *list = list.get(start..).unwrap_or_default();
    let count = list.iter().take_while(|row| lead_of(row) == lead_id).count();
    list.get(..count).unwrap_or_default()
}
