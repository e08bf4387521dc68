//! Makes `src/engine/lead/phone/plans.bin`, the phone numbers that the engine knows without the library, of the metadata of the
//! library: `cargo run -p leadroute-phone-plans`, after each update of it.
//!
//! The file is made of numbers of 16 bits, little end first: how many countries and calling codes there are; countries,
//! calling codes, each in ascending order, and states. A country is its code as two ASCII letters, its calling code, a prefix,
//! whether other countries are dialled with 00 and nothing else, and the states in which its numbers begin: as they are, and
//! behind the prefix. A calling code has no letters and no 00. A prefix is how many digits it has, times 256, and these digits as
//! a number. A state is where each digit leads to, with `automaton::IS_NUMBER` where a number may end; 0 leads nowhere.

mod automaton;
mod machines;
mod plan;
mod walk;

use std::error::Error;
use std::path::Path;

/// What may go wrong: metadata of another shape.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/engine/lead/phone/plans.bin");
    std::fs::write(path, walk::plans()?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_of_the_engine_is_made_of_the_metadata_of_the_library() {
        let table = include_bytes!("../../../src/engine/lead/phone/plans.bin");
        assert!(crate::walk::plans().unwrap() == table, "cargo run -p leadroute-phone-plans");
    }
}
