//! A name that stands in the code, as a key that is found by its address: some sixty are looked up for each lead.

use std::hash::{Hash, Hasher};

/// A literal. The same text at another place in memory is another key, so what is kept for it must follow from the text.
#[derive(Debug, Clone, Copy)]
pub struct Literal(pub &'static str);

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Literal {}

impl Hash for Literal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_ptr().hash(state);
    }
}
