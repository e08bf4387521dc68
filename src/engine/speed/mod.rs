//! How fast leads are answered: figures by many dimensions at once.
//!
//! What is read of clocks, decisions and responses comes in any order and from several processes; only when all of it is there
//! is each action of a buyer matched with what was done about it (`matched`), and then counted (`figures`).

mod actions;
mod figures;
mod matched;
mod names;
#[cfg(test)]
mod tests;

pub use actions::{Action, DIMENSIONS};
pub use figures::Figures;

use crate::Micros;
use actions::{Actions, Pairs, Response, FOLLOWING};
use matched::Matches;
use names::Names;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// Actions, decisions and responses, of one process or of several.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Speed {
    tenants: Vec<Actions>,
    #[serde(skip)]
    by_tenant: FxHashMap<String, usize>,
    /// Leads, and when they were routed.
    decisions: Vec<(i64, Micros)>,
    responses: Vec<Response>,
    responders: Names,
    channels: Names,
    /// Reps and their managers.
    teams: Pairs,
    /// Trigger events, in lower case, and their intents.
    intents: Pairs,
}

impl Speed {
    /// Adds an action of a buyer with the value of each dimension.
    pub fn action<'a>(
        &mut self,
        tenant: &str,
        action: Action,
        values: impl IntoIterator<Item = Option<&'a [u8]>>,
    ) {
        let actions = self.of_tenant(tenant);
        actions.rows.push(action);
        for ((no, dimension), value) in actions.dimensions.iter_mut().enumerate().zip(values) {
            if !FOLLOWING.contains(&no) {
                dimension.of_row.push(dimension.names.number_or_none(value));
            }
        }
    }

    /// Adds a decision of routing about a lead.
    pub fn decision(&mut self, lead_id: i64, at: Micros) {
        self.decisions.push((lead_id, at));
    }

    /// Adds an answer to a lead.
    pub fn response(
        &mut self,
        id: i64,
        lead_id: i64,
        at: Micros,
        rep: Option<&[u8]>,
        channel: Option<&[u8]>,
    ) {
        let rep = self.responders.number_or_none(rep);
        let channel = self.channels.number_or_none(channel);
        self.responses.push(Response { lead_id, at, id, rep, channel });
    }

    /// Adds a rep with their manager.
    pub fn rep(&mut self, rep: &[u8], manager: &[u8]) {
        self.teams.push((rep.into(), manager.into()));
    }

    /// Adds a trigger event with its intent.
    pub fn event(&mut self, event: &[u8], intent: &[u8]) {
        self.intents.push((event.into(), intent.into()));
    }

    /// Adds what another process has, which is empty then.
    pub fn join(&mut self, other: &mut Self) {
        self.decisions.append(&mut other.decisions);
        let responders = self.responders.take_over(&other.responders);
        let channels = self.channels.take_over(&other.channels);
        self.responses.extend(other.responses.drain(..).map(|response| Response {
            rep: names::translated(&responders, response.rep),
            channel: names::translated(&channels, response.channel),
            ..response
        }));
        self.teams.append(&mut other.teams);
        self.intents.append(&mut other.intents);
        for mut actions in other.tenants.drain(..) {
            self.of_tenant(&actions.tenant).join(&mut actions);
        }
    }

    /// What all of it adds up to. `lower` is a text in lower case, as the database has it.
    pub fn figures(&mut self, lower: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Figures> {
        let (tenants, matches) = self.sorted();
        let figures = |actions: &mut Actions| {
            let by_lead = actions.by_lead();
            actions.match_with(&matches, &by_lead);
            actions.fill(&matches, &lower);
            actions.figures(&by_lead)
        };
        tenants.iter_mut().flat_map(figures).collect()
    }

    /// The actions of each tenant, and with what they are matched.
    fn sorted(&mut self) -> (&mut [Actions], Matches<'_>) {
        self.decisions.sort_unstable();
        self.responses.sort_unstable();
        let matches = Matches {
            decisions: &self.decisions,
            responses: &self.responses,
            responders: &self.responders,
            channels: &self.channels,
            managers: by_first(&self.teams),
            intents: by_first(&self.intents),
        };
        (&mut self.tenants, matches)
    }

    fn of_tenant(&mut self, tenant: &str) -> &mut Actions {
        let known = self.by_tenant.get(tenant).copied();
        let place = known.unwrap_or_else(|| {
            self.by_tenant.insert(tenant.to_owned(), self.tenants.len());
            self.tenants.len()
        });
        if place == self.tenants.len() {
            self.tenants.push(Actions { tenant: tenant.to_owned(), ..Actions::default() });
        }
        #[allow(clippy::indexing_slicing, reason = "it was pushed if it was not there")]
        &mut self.tenants[place]
    }
}

fn by_first(pairs: &Pairs) -> FxHashMap<&[u8], &[u8]> {
    pairs.iter().map(|(first, second)| (first.as_ref(), second.as_ref())).collect()
}
