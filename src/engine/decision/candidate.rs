//! Members of a pool as a trace keeps them. Those who were eligible are most of a trace, so each of them is a string there, which
//! is shorter and sooner written than an object with arrays of numbers.

use crate::roster::rotation::{Filled, Share};
use crate::roster::unavailable::Ineligible;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A candidate of a pool: eligible, or why not.
///
/// In a stored trace whoever was eligible is `seat:weight:owed REP`, in a pool that goes by load `open:capacity REP` or
/// `seat:weight:owed:open:capacity REP`; [`full`](crate::decision::stored::full) tells them as objects again. Everybody else is an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Their id.
    pub rep: String,
    /// Of who took part in the rotation.
    pub share: Option<Part>,
    /// How full they were, where the pool goes by that.
    pub load: Option<Filled>,
    /// Why they could not get the lead.
    pub not: Option<Ineligible>,
}

/// What somebody has in a rotation, by which their turn can be told and given back. In a trace `[seat, weight, owed]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part(
    /// Seat.
    pub i32,
    /// Weight in thousandths.
    pub i64,
    /// What they were owed with this lead, in units of [`LEAD`](crate::roster::rotation::LEAD).
    pub i64,
);

impl Part {
    /// The share in the rotation, of which a trace does not tell `rep_no` and limits.
    pub const fn share(self) -> Share {
        Share { seat: self.0, weight: self.1, rep_no: 0, limits: None }
    }
}

/// The form of those who are not eligible, and of everybody in a full trace.
#[derive(Debug, Serialize, Deserialize)]
pub struct Object {
    rep: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<Part>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    load: Option<Filled>,
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    not: Option<Ineligible>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Compact(String),
    Object(Object),
}

impl Candidate {
    /// As a full trace has it.
    pub fn object(&self) -> Object {
        let Self { rep, share, load, not } = self.clone();
        Object { rep, share, load, not }
    }

    fn compact(&self) -> Option<String> {
        let share = self.share.map(|Part(seat, weight, owed)| [i64::from(seat), weight, owed]);
        let load = self.load.map(|Filled { open, capacity }| [open, capacity]);
        if self.not.is_some() || (share.is_none() && load.is_none()) {
            return None;
        }
        let (mut text, mut digits) = (String::with_capacity(48 + self.rep.len()), itoa::Buffer::new());
        for number in share.iter().flatten().chain(load.iter().flatten()) {
            if !text.is_empty() {
                text.push(':');
            }
            text.push_str(digits.format(*number));
        }
        text.push(' ');
        text.push_str(&self.rep);
        Some(text)
    }

    /// Whoever was eligible, by the string of a stored trace.
    pub fn read(text: &str) -> Option<Self> {
        let Eligible { rep, share, load } = Eligible::read(text)?;
        Some(Self { rep: rep.to_owned(), share, load, not: None })
    }
}

/// Whoever was eligible, as a stored trace tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eligible<'a> {
    /// Their id.
    pub rep: &'a str,
    /// Of who took part in the rotation.
    pub share: Option<Part>,
    /// How full they were, where the pool goes by that.
    pub load: Option<Filled>,
}

impl<'a> Eligible<'a> {
    /// Reads the string of a stored trace.
    pub fn read(text: &'a str) -> Option<Self> {
        let (stored, rep) = text.split_once(' ')?;
        let (mut numbers, mut count) = ([0; 5], 0);
        for number in stored.split(':') {
            *numbers.get_mut(count)? = number.parse().ok()?;
            count += 1;
        }
        let part = |seat: i64, weight, owed| Some(Part(i32::try_from(seat).ok()?, weight, owed));
        let (share, load) = match (count, numbers) {
            (3, [seat, weight, owed, ..]) => (Some(part(seat, weight, owed)?), None),
            (2, [open, capacity, ..]) => (None, Some(Filled { open, capacity })),
            (5, [seat, weight, owed, open, capacity]) => {
                (Some(part(seat, weight, owed)?), Some(Filled { open, capacity }))
            }
            _ => return None,
        };
        Some(Self { rep, share, load })
    }
}

impl Serialize for Candidate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.compact() {
            Some(text) => serializer.serialize_str(&text),
            None => self.object().serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Candidate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Stored::deserialize(deserializer)? {
            Stored::Object(Object { rep, share, load, not }) => Ok(Self { rep, share, load, not }),
            Stored::Compact(text) => {
                Self::read(&text).ok_or_else(|| serde::de::Error::custom(format!("no candidate: {text:?}")))
            }
        }
    }
}

#[cfg(test)]
mod tests;
