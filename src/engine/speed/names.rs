//! Names as numbers.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize, Serializer};

/// Names in the order in which they came; their numbers count from 1.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Vec<Box<[u8]>>")]
pub struct Names {
    numbers: FxHashMap<Box<[u8]>, u32>,
    names: Vec<Box<[u8]>>,
}

impl Names {
    /// The number of a name, which is a new one where it was not there.
    pub fn number(&mut self, name: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.names.push(name.into());
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.into(), number);
        number
    }

    /// The same, or 0 for no name.
    pub fn number_or_none(&mut self, name: Option<&[u8]>) -> u32 {
        name.map_or(0, |name| self.number(name))
    }

    /// The name of a number.
    pub fn name(&self, number: u32) -> Option<&[u8]> {
        self.names.get((number as usize).checked_sub(1)?).map(AsRef::as_ref)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// All names.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// Takes over the names of others, and tells their numbers here, in the order in which they have them.
    pub fn take_over(&mut self, others: &Self) -> Vec<u32> {
        others.iter().map(|name| self.number(name)).collect()
    }
}

/// A number after [`Names::take_over`].
pub fn translated(numbers: &[u32], number: u32) -> u32 {
    (number as usize).checked_sub(1).and_then(|place| numbers.get(place)).copied().unwrap_or(0)
}

impl From<Vec<Box<[u8]>>> for Names {
    fn from(list: Vec<Box<[u8]>>) -> Self {
        let mut names = Self::default();
        for name in &list {
            names.number(name);
        }
        names
    }
}

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names.serialize(serializer)
    }
}
