//! The regular expressions of the metadata, each compiled once.

use crate::Result;
use regex_automata::dfa::{dense, Automaton, StartKind};
use regex_automata::util::primitives::StateID;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};
use std::collections::HashMap;

/// All machines that were asked for, by the text of their regular expressions.
#[derive(Default)]
pub struct Machines {
    places: HashMap<String, usize>,
    dfas: Vec<dense::DFA<Vec<u32>>>,
}

impl Machines {
    /// The machine that matches whole numbers.
    pub fn whole(&mut self, pattern: &str) -> Result<usize> {
        self.place(format!("^(?:{pattern})$"))
    }

    /// The machine that matches what numbers begin with.
    pub fn beginning(&mut self, pattern: &str) -> Result<usize> {
        self.place(format!("^(?:{pattern})"))
    }

    fn place(&mut self, pattern: String) -> Result<usize> {
        if let Some(place) = self.places.get(&pattern) {
            return Ok(*place);
        }
        let all = dense::Config::new().match_kind(MatchKind::All).start_kind(StartKind::Anchored);
        let bytes = syntax::Config::new().unicode(false).utf8(false);
        self.dfas.push(dense::Builder::new().syntax(bytes).configure(all).build(&pattern)?);
        self.places.insert(pattern, self.dfas.len() - 1);
        Ok(self.dfas.len() - 1)
    }

    fn dfa(&self, machine: usize) -> Result<&dense::DFA<Vec<u32>>> {
        Ok(self.dfas.get(machine).ok_or("no such machine")?)
    }

    /// Where a machine begins.
    pub fn start(&self, machine: usize) -> Result<StateID> {
        Ok(self.dfa(machine)?.start_state_forward(&Input::new("").anchored(Anchored::Yes))?)
    }

    /// Where a digit leads.
    pub fn step(&self, machine: usize, state: StateID, digit: u8) -> Result<StateID> {
        Ok(self.dfa(machine)?.next_state(state, b'0' + digit))
    }

    /// Whether it has matched what came before the last digit.
    pub fn has_matched(&self, machine: usize, state: StateID) -> Result<bool> {
        Ok(self.dfa(machine)?.is_match_state(state))
    }

    /// Whether it matches the digits so far, if no more come.
    pub fn matches(&self, machine: usize, state: StateID) -> Result<bool> {
        let dfa = self.dfa(machine)?;
        Ok(dfa.is_match_state(dfa.next_eoi_state(state)))
    }

    /// Whether it can match any more.
    pub fn is_dead(&self, machine: usize, state: StateID) -> Result<bool> {
        Ok(self.dfa(machine)?.is_dead_state(state))
    }
}
