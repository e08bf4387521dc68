//! The space of leads: each column that segments choose by is an axis, each segment a box.
//!
//! Of an axis only those values are told apart that some segment tells apart: the names that are listed and all others,
//! the stretches between the bounds of ranges, and 'unknown'. Values that the same segments take are one class, so ten
//! thousand segments make a small tree (as decision tables are checked for completeness in gorules/zen).

mod axis;
mod cells;
mod common;
pub mod tree;
mod words;

pub use axis::{meet, Axis, Cut, Stretch, Wants, AXES};
pub use common::common;
pub use words::{described, numbers};
