//! What counts as a failure of the extension, and the list of those that were found: each kind is printed once.

use crate::server::Said;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Internal errors that are the server's own, each with why.
const OWN_OF_POSTGRES: &[&str] = &[
    // two sessions change the same row of a catalog at once, as with two ALTER TABLE; the second fails
    "tuple concurrently updated",
    "tuple concurrently deleted",
];
/// How panics of Rust begin or what they hold; they should never reach a user.
const RUST: &[&str] = &[
    "panicked at",
    "called `Option::unwrap",
    "called `Result::unwrap",
    "index out of bounds",
    "out of range for slice",
    "range end index",
    "range start index",
    "not a char boundary",
    "with overflow",
    "attempt to divide by zero",
    "entered unreachable code",
    "already borrowed",
    "already mutably borrowed",
    "assertion failed",
    "assertion `left",
    "capacity overflow",
    "TryFromIntError",
    "null pointer",
    "invalid utf-8",
    "Utf8Error",
    "PoisonError",
    "RefCell",
    "Rust panic",
];

/// Whether it should never be seen: an internal error, or a panic of Rust in any form.
pub fn is_failure(said: &Said) -> bool {
    if OWN_OF_POSTGRES.contains(&said.message.as_str()) {
        return false;
    }
    said.sqlstate.starts_with("XX")
        || said.detail.contains("The error was XX")
        || [&said.message, &said.detail, &said.context].iter().any(|text| is_panic(text))
}

/// Whether it looks like a panic of Rust.
pub fn is_panic(text: &str) -> bool {
    let unfinished = ["not implemented", "not yet implemented"].iter().any(|begin| text.starts_with(begin));
    unfinished || RUST.iter().any(|part| text.contains(part))
}

/// Whether a line of the server log tells that the server broke.
pub fn is_broken(line: &str) -> bool {
    let ends = ["PANIC:  ", "TRAP: ", "was terminated by signal", "panicked at", "stack overflow"];
    ends.iter().any(|end| line.contains(end))
}

/// What is equal in failures of one kind: digits and quoted names differ.
fn kind_of(text: &str) -> String {
    let mut kind = String::new();
    let mut quoted: Option<char> = None;
    for c in text.chars() {
        match quoted {
            Some(end) if c == end => quoted = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => {
                quoted = Some(c);
                kind.push('~');
            }
            None if c.is_ascii_digit() => {
                if !kind.ends_with('#') {
                    kind.push('#');
                }
            }
            None => kind.push(c),
        }
        if kind.len() > 160 {
            break;
        }
    }
    kind
}

/// What all sessions share: counts, and the kinds of failures.
#[derive(Default)]
pub struct Tally {
    statements: AtomicU64,
    mistakes: AtomicU64,
    kinds: Mutex<BTreeMap<String, u64>>,
    targets: Mutex<BTreeMap<String, [u64; 2]>>,
}

impl Tally {
    /// Counts a statement, and whether it succeeded.
    pub fn count(&self, target: &str, succeeded: bool) {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        let [done, refused] = targets.entry(target.to_owned()).or_default();
        *(if succeeded { done } else { refused }) += 1;
    }

    /// Counts an error that tells the user what is wrong.
    pub fn mistake(&self) {
        self.mistakes.fetch_add(1, Ordering::Relaxed);
    }

    /// Prints what was tried, how often it succeeded, and how often not.
    pub fn print_targets(&self) {
        let targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        for (target, [done, refused]) in targets.iter() {
            println!("{done:7} done {refused:7} refused  {target}");
        }
    }

    /// Counts a failure and prints the first of its kind, with how to see it again.
    pub fn fail(&self, what: &str, target: &str, said: &Said, how: &str) {
        let kind = format!("{what} {} in {target}: {}", said.sqlstate, kind_of(&said.message));
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let count = kinds.entry(kind).or_default();
        *count += 1;
        if *count > 1 {
            return;
        }
        println!("\n==== {what} in {target}: {} {}", said.sqlstate, said.message);
        for (name, text) in [("DETAIL", &said.detail), ("CONTEXT", &said.context)] {
            if !text.is_empty() {
                println!("{name}: {text}");
            }
        }
        println!("{how}\n");
    }

    /// Prints what was found; how many kinds of failures there were.
    pub fn summary(&self) -> usize {
        let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, count) in kinds.iter() {
            println!("{count:6} x {kind}");
        }
        println!(
            "fuzz: {} statements, {} errors by users' mistakes, {} failures",
            self.statements.load(Ordering::Relaxed),
            self.mistakes.load(Ordering::Relaxed),
            kinds.len()
        );
        kinds.len()
    }
}
