//! Answers in the order in which they were given. Nothing is kept of the empty answer, nor of one that is that before it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// What one look-up answered: from which call on, counted from 1, and what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tape<T>(Vec<(i32, T)>);

impl<T> Default for Tape<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone + Default + PartialEq> Tape<T> {
    /// Whether every answer was the empty one.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the answer to a call.
    pub fn keep(&mut self, call: i32, answer: &T) {
        let is_known = match self.0.last() {
            Some((_, last)) => last == answer,
            None => *answer == T::default(),
        };
        if !is_known {
            self.0.push((call, answer.clone()));
        }
    }

    /// The answer to a call.
    pub fn answer(&self, call: i32) -> T {
        let given = self.0.iter().rev().find(|(first, _)| *first <= call);
        given.map(|(_, answer)| answer.clone()).unwrap_or_default()
    }
}

/// Three numbers.
pub type Numbers = [i64; 3];

/// Tapes of numbers, by the number of a rep. As text, since jsonb takes twelve bytes for each number: `7:3,10,40 9@2:1`
/// says of rep 7 three numbers, and of rep 9 one from the second call on; zeros at the end are left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counts(BTreeMap<i32, Tape<Numbers>>);

impl Counts {
    /// Whether all are zero.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the answer to a call about a rep.
    pub fn keep(&mut self, rep_no: i32, call: i32, answer: Numbers) {
        if answer != Numbers::default() || self.0.contains_key(&rep_no) {
            self.0.entry(rep_no).or_default().keep(call, &answer);
        }
    }

    /// The answer to a call about a rep.
    pub fn answer(&self, rep_no: i32, call: i32) -> Numbers {
        self.0.get(&rep_no).map(|tape| tape.answer(call)).unwrap_or_default()
    }

    fn text(&self) -> String {
        let entry = |(rep_no, (call, numbers)): (&i32, &(i32, Numbers))| {
            let used = numbers.iter().rposition(|number| *number != 0).map_or(0, |place| place + 1);
            let numbers: Vec<String> = numbers.iter().take(used).map(i64::to_string).collect();
            let call = if *call == 1 { String::new() } else { format!("@{call}") };
            format!("{rep_no}{call}:{}", numbers.join(","))
        };
        let entries =
            self.0.iter().flat_map(|(rep_no, tape)| tape.0.iter().map(move |answer| (rep_no, answer)));
        entries.map(entry).collect::<Vec<String>>().join(" ")
    }

    fn of_text(text: &str) -> Option<Self> {
        let mut counts = Self::default();
        for entry in text.split_whitespace() {
            let (head, numbers) = entry.split_once(':')?;
            let (rep_no, call) = head.split_once('@').unwrap_or((head, "1"));
            let mut answer = Numbers::default();
            let given = numbers.split(',').filter(|number| !number.is_empty());
            for (place, number) in answer.iter_mut().zip(given) {
                *place = number.parse().ok()?;
            }
            let tape = counts.0.entry(rep_no.parse().ok()?).or_default();
            tape.0.push((call.parse().ok()?, answer));
        }
        Some(counts)
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::of_text(&text).ok_or_else(|| serde::de::Error::custom("not the counts of reps"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_until_another_is_given() {
        let mut tape = Tape::default();
        for (call, answer) in [(1, 0), (2, 5), (3, 5), (4, 0), (5, 7)] {
            tape.keep(call, &answer);
        }
        assert_eq!(serde_json::to_string(&tape).unwrap(), "[[2,5],[4,0],[5,7]]");
        let answers: Vec<i32> = (1..=6).map(|call| tape.answer(call)).collect();
        assert_eq!(answers, [0, 5, 5, 0, 7, 7]);
    }

    #[test]
    fn counts_are_a_short_text() {
        let mut counts = Counts::default();
        counts.keep(9, 1, [0, 0, 0]);
        assert!(counts.is_empty());
        counts.keep(9, 2, [1, 0, 0]);
        counts.keep(7, 1, [3, 10, 40]);
        counts.keep(7, 3, [0, 0, 0]);
        counts.keep(8, 1, [0, 0, -2]);
        let text = serde_json::to_string(&counts).unwrap();
        assert_eq!(text, r#""7:3,10,40 7@3: 8:0,0,-2 9@2:1""#);
        let back: Counts = serde_json::from_str(&text).unwrap();
        assert_eq!(back, counts);
        assert_eq!([back.answer(7, 2), back.answer(7, 4), back.answer(1, 1)], [[3, 10, 40], [0; 3], [0; 3]]);
        assert!(serde_json::from_str::<Counts>(r#""7:many""#).is_err());
    }
}
