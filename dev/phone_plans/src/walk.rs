//! All patterns that say whether digits are a number are walked side by side, as the library asks them one after the other.
//! Where this is more than a few rules (a prefix with a meaning, a number with its country code but without `+`), digits are left
//! to the library.

use crate::automaton::{States, IS_NUMBER};
use crate::machines::Machines;
use crate::plan::{Kind, Plan};
use crate::Result;
use regex_automata::util::primitives::StateID;
use rlibphonenumber::interfaces::AsOriginal;
use rlibphonenumber::{Region, PHONE_NUMBER_UTIL};
use std::collections::HashMap;

/// Most digits of a number with its country code.
const MOST_DIGITS: usize = 15;

/// A pattern that is asked of the digits behind some.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    machine: usize,
    skipped: usize,
}

/// Where a pattern is after some digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct At {
    state: StateID,
    /// Whether it has matched some digits at the beginning, but not all.
    has_matched: bool,
}

/// Where all patterns are after some digits.
struct Seen<'a> {
    walk: &'a Walk<'a>,
    at: &'a [At],
    length: usize,
}

impl Seen<'_> {
    fn at(&self, machine: usize, skipped: usize) -> Result<At> {
        let place = self.walk.asked.binary_search(&Asked { machine, skipped }).map_err(|_| "not asked")?;
        Ok(*self.at.get(place).ok_or("not walked")?)
    }

    /// Whether a pattern matches all digits behind some.
    fn whole(&self, machine: usize, skipped: usize) -> Result<bool> {
        self.walk.machines.matches(machine, self.at(machine, skipped)?.state)
    }

    /// Whether digits behind some begin so.
    fn begins(&self, machine: Option<usize>, skipped: usize) -> Result<bool> {
        let Some(machine) = machine else {
            return Ok(false);
        };
        Ok(self.at(machine, skipped)?.has_matched || self.whole(machine, skipped)?)
    }

    fn is_of(&self, kind: &Kind, skipped: usize) -> Result<bool> {
        Ok(kind.has_length(self.length.saturating_sub(skipped)) && self.whole(kind.pattern, skipped)?)
    }

    /// Whether digits behind some are a number of one of the countries of a calling code, the first that they belong to.
    fn is_number(&self, skipped: usize) -> Result<bool> {
        for plan in self.walk.plans {
            let mut is_known = false;
            if plan.general.as_ref().map_or(Ok(false), |general| self.is_of(general, skipped))? {
                for kind in &plan.kinds {
                    is_known |= self.is_of(kind, skipped)?;
                }
            }
            if is_known || self.walk.plans.len() > 1 && self.begins(plan.leading, skipped)? {
                return Ok(is_known);
            }
        }
        Ok(false)
    }

    /// Whether they match what the library asks of a number before it looks closer.
    fn is_general(&self, skipped: usize) -> Result<bool> {
        let general = self.walk.home.general.as_ref();
        general.map_or(Ok(false), |general| self.whole(general.pattern, skipped))
    }
}

/// How numbers are dialled: in a country, or with its calling code from anywhere.
struct Walk<'a> {
    machines: &'a Machines,
    plans: &'a [Plan],
    home: &'a Plan,
    /// The calling code; its machine where numbers are dialled at home, and so may begin with it by chance.
    code: (&'a str, Option<usize>),
    /// Digits of the prefix of home that come before the number.
    skipped: usize,
    asked: Vec<Asked>,
}

impl Walk<'_> {
    /// All that is asked of the digits behind the prefix, and of all digits.
    fn ask(&mut self) {
        let kinds = self.plans.iter().flat_map(|plan| plan.general.iter().chain(&plan.kinds));
        let leading = self.plans.iter().filter_map(|plan| plan.leading);
        let behind = kinds.map(|kind| kind.pattern).chain(leading).chain(self.home.prefix);
        let abroad = self.home.abroad.filter(|_| self.is_at_home());
        let general = self.home.general.as_ref().map(|general| general.pattern);
        let all = [abroad, self.code.1, general].into_iter().flatten();
        let behind = behind.map(|machine| Asked { machine, skipped: self.skipped });
        self.asked = behind.chain(all.map(|machine| Asked { machine, skipped: 0 })).collect();
        self.asked.sort_unstable();
        self.asked.dedup();
    }

    fn is_at_home(&self) -> bool {
        self.code.1.is_some()
    }

    /// Whether the digits are a number as they stand.
    fn as_they_are(&self, seen: &Seen<'_>) -> Result<bool> {
        let has_code = seen.begins(self.code.1, 0)?;
        let keeps_code = !has_code || seen.is_general(0)? && !self.home.is_too_long(seen.length);
        let goes_abroad = self.is_at_home() && seen.begins(self.home.abroad, 0)?;
        Ok(keeps_code && !goes_abroad && !seen.begins(self.home.prefix, 0)? && seen.is_number(0)?)
    }

    /// Whether they are a number without the prefix.
    fn behind_prefix(&self, seen: &Seen<'_>) -> Result<bool> {
        let skipped = self.skipped;
        let length = seen.length.saturating_sub(skipped);
        if self.is_at_home() && seen.begins(self.home.abroad, 0)? || length == 0 {
            return Ok(false);
        }
        let (was_general, is_general) = (seen.is_general(0)?, seen.is_general(skipped)?);
        let is_taken_away = match seen.begins(self.code.1, 0)? {
            // in North America the prefix is the calling code, too
            true => {
                let is_code = !was_general && is_general || self.home.is_too_long(seen.length);
                self.code.0 == self.home.plain_prefix && is_code && !seen.begins(self.home.prefix, skipped)?
            }
            false => (!was_general || is_general) && self.home.is_possible(length),
        };
        Ok(is_taken_away && seen.is_number(skipped)?)
    }

    fn step(&self, at: &[At], digits: usize, digit: u8) -> Result<Vec<At>> {
        let step = |(asked, at): (&Asked, &At)| {
            if digits < asked.skipped {
                return Ok(*at);
            }
            let state = self.machines.step(asked.machine, at.state, digit)?;
            let matched = digits > asked.skipped && self.machines.has_matched(asked.machine, state)?;
            Ok(At { state, has_matched: at.has_matched || matched })
        };
        self.asked.iter().zip(at).map(step).collect()
    }

    /// The state in which numbers begin: as they are, or behind the prefix.
    fn root(mut self, is_behind: bool, states: &mut States) -> Result<u16> {
        let prefix = if is_behind { self.home.plain_prefix.as_str() } else { "" };
        self.skipped = prefix.len();
        self.ask();
        let start = |asked: &Asked| Ok(At { state: self.machines.start(asked.machine)?, has_matched: false });
        let mut at = self.asked.iter().map(start).collect::<Result<Vec<At>>>()?;
        for (digits, digit) in prefix.bytes().enumerate() {
            at = self.step(&at, digits, digit - b'0')?;
        }
        let most = MOST_DIGITS - self.code.0.len() + prefix.len();
        self.go_on(at, prefix.len(), &mut Way { states, most, seen: HashMap::new() })
    }

    fn go_on(&self, at: Vec<At>, digits: usize, way: &mut Way<'_>) -> Result<u16> {
        let mut is_over = true;
        for (asked, at) in self.asked.iter().zip(&at) {
            is_over &= self.machines.is_dead(asked.machine, at.state)?;
        }
        if is_over || digits >= way.most {
            return Ok(0);
        }
        let place = (at, digits);
        if let Some(state) = way.seen.get(&place) {
            return Ok(*state);
        }
        let mut to = [0; 10];
        for (digit, to) in (0..).zip(&mut to) {
            let next = self.step(&place.0, digits, digit)?;
            let seen = Seen { walk: self, at: &next, length: digits + 1 };
            let is_number =
                if self.skipped > 0 { self.behind_prefix(&seen)? } else { self.as_they_are(&seen)? };
            let ends = if is_number { IS_NUMBER } else { 0 };
            *to = ends | self.go_on(next, digits + 1, way)?;
        }
        let state = way.states.place(to)?;
        way.seen.insert(place, state);
        Ok(state)
    }
}

/// What becomes of a walk.
struct Way<'a> {
    states: &'a mut States,
    most: usize,
    /// States by where the patterns were.
    seen: HashMap<(Vec<At>, usize), u16>,
}

/// Where numbers begin that are dialled so, with what a user of the table must know.
fn record<'a>(walk: impl Fn() -> Walk<'a>, letters: &str, states: &mut States) -> Result<[u16; 6]> {
    let Walk { home, code, .. } = walk();
    let prefix = match home.plain_prefix.as_str() {
        "" => 0,
        digits => (digits.len() as u16) << 8 | digits.parse::<u16>()?,
    };
    let behind = if prefix == 0 { 0 } else { walk().root(true, states)? };
    let is_00 = u16::from(!letters.is_empty() && home.is_abroad_00);
    let letters = letters.bytes().fold(0, |all, letter| all << 8 | u16::from(letter));
    Ok([letters, code.0.parse()?, prefix, is_00, walk().root(false, states)?, behind])
}

/// The table.
pub fn plans() -> Result<Vec<u8>> {
    let library = PHONE_NUMBER_UTIL.as_original();
    let (mut machines, mut states) = (Machines::default(), States::begin());
    let (mut countries, mut codes) = (Vec::new(), Vec::new());
    for code in library.get_supported_calling_codes() {
        let regions: Vec<Region> =
            library.get_regions_for_country_calling_code(code).into_iter().flatten().collect();
        let plans = regions.into_iter().map(|region| Plan::read(&mut machines, code, region));
        let plans = plans.collect::<Result<Vec<Plan>>>()?;
        let code = code.to_string();
        let at_home = Some(machines.beginning(&code)?);
        let walk = |home, machine| {
            let (machines, plans, code) = (&machines, plans.as_slice(), (code.as_str(), machine));
            Walk { machines, plans, home, code, skipped: 0, asked: Vec::new() }
        };
        // with the calling code the rules of its first country hold
        let first = plans.first().ok_or("no country")?;
        codes.push(record(|| walk(first, None), "", &mut states)?);
        for plan in plans.iter().filter(|plan| plan.region != Region::World) {
            countries.push(record(|| walk(plan, at_home), &plan.region.to_string(), &mut states)?);
        }
    }
    countries.sort_unstable();
    codes.sort_unstable();
    let counts = [u16::try_from(countries.len())?, u16::try_from(codes.len())?];
    let records = countries.into_iter().chain(codes).flatten();
    Ok(counts.into_iter().chain(records).chain(states.numbers()).flat_map(u16::to_le_bytes).collect())
}
