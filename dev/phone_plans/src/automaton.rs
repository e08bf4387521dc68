//! States, each with where the ten digits lead. Two from which the same digits lead to numbers are one.

use crate::Result;
use std::collections::HashMap;

/// Marks where a number may end.
pub const IS_NUMBER: u16 = 1 << 15;

/// The states so far.
pub struct States {
    all: Vec<[u16; 10]>,
    places: HashMap<[u16; 10], u16>,
}

impl States {
    /// The one that leads nowhere.
    pub fn begin() -> Self {
        Self { all: vec![[0; 10]], places: HashMap::from([([0; 10], 0)]) }
    }

    /// The state from which digits lead so.
    pub fn place(&mut self, to: [u16; 10]) -> Result<u16> {
        if let Some(place) = self.places.get(&to) {
            return Ok(*place);
        }
        let place = u16::try_from(self.all.len())?;
        if place >= IS_NUMBER {
            return Err("more states than fit".into());
        }
        self.all.push(to);
        self.places.insert(to, place);
        Ok(place)
    }

    /// All of them, in their order.
    pub fn numbers(&self) -> impl Iterator<Item = u16> + '_ {
        self.all.iter().flatten().copied()
    }
}
