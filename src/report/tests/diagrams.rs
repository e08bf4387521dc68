//! Diagrams of rules are well-formed whatever the rules are called.

use crate::diagram::{drawn, Format};
use crate::sample;
use proptest::prelude::*;

/// Reads a quoted label: what is in it, and what follows. `escape` begins a pair of signs.
fn label(text: &str, escape: Option<char>) -> Option<(String, &str)> {
    let mut signs = text.strip_prefix('"')?.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Some((text[1..=at].to_owned(), &text[at + 2..])),
            sign if Some(sign) == escape => {
                signs.next()?;
            }
            _ => {}
        }
    }
    None
}

fn number(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('n')?.trim_start_matches(|sign: char| sign.is_ascii_digit());
    (rest.len() < text.len() - 1).then_some(rest)
}

/// A statement of a flowchart: `n1["label"]`, `n1 -->|"label"| n2`.
fn is_mermaid(line: &str) -> Option<bool> {
    let rest = number(line.strip_prefix("    ")?)?;
    if let Some(arrow) = rest.strip_prefix(" --> ").or_else(|| rest.strip_prefix(" -.-> ")) {
        return Some(number(arrow)?.is_empty());
    }
    if let Some(arrow) = rest.strip_prefix(" -->|").or_else(|| rest.strip_prefix(" -.->|")) {
        let (words, rest) = label(arrow, None)?;
        return Some(is_plain(&words) && number(rest.strip_prefix("| ")?)?.is_empty());
    }
    let pairs = [("([", "])"), ("{{", "}}"), ("[(", ")]"), ("[", "]")];
    let (open, close) = pairs.into_iter().find(|(open, _)| rest.starts_with(open))?;
    let (words, rest) = label(rest.strip_prefix(open)?, None)?;
    Some(is_plain(&words) && rest == close)
}

/// Nothing that Mermaid reads otherwise within quotes.
fn is_plain(words: &str) -> bool {
    let words = words.replace("<br>", "");
    let codes = words
        .split('#')
        .skip(1)
        .all(|code| code.split_once(';').is_some_and(|(n, _)| n.parse::<u32>().is_ok()));
    codes && !words.contains(['%', '`', '<', '>', '&', '"', '{', '}', '\\'])
}

/// A statement of Graphviz: `n1 [shape=box, label="..."];`, `n1 -> n2 [label="..."];`.
fn is_dot(line: &str) -> Option<bool> {
    let rest = number(line.strip_prefix("    ")?)?;
    let rest = match rest.strip_prefix(" -> ") {
        Some(to) => number(to)?.strip_prefix(" [label=")?,
        None => rest
            .strip_prefix(" [shape=")?
            .trim_start_matches(|sign: char| sign.is_ascii_lowercase())
            .strip_prefix(", label=")?,
    };
    let (_, rest) = label(rest, Some('\\'))?;
    Some(matches!(rest, "];" | ", style=dashed];"))
}

fn check(name: &str) {
    let rules = sample::rules(name);
    let mermaid = drawn(&rules, Format::Mermaid);
    let mut lines = mermaid.lines();
    assert_eq!(lines.next(), Some("flowchart LR"));
    for line in lines {
        assert_eq!(is_mermaid(line), Some(true), "{line}");
    }
    let dot = drawn(&rules, Format::Dot);
    let body =
        dot.strip_prefix("digraph leadroute {\n").and_then(|text| text.strip_suffix("}\n")).expect("a graph");
    for line in body.lines().skip(3) {
        assert_eq!(is_dot(line), Some(true), "{line}");
    }
    assert_eq!(body.lines().skip(3).count(), mermaid.lines().skip(1).count());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_name_is_quoted(name in "[^-\\[]{0,30}") {
        check(&name);
    }
}

#[test]
fn names_that_are_words_of_the_language_are_labels() {
    for name in [
        "end",
        "\"",
        "a\"] --> b[\"",
        "%%{init: {}}%%",
        "`md`",
        "#34;",
        "<b>",
        "graph",
        "a\nb",
        "\\",
        "\\\"",
        "x]; y",
        "&quot;",
        "é漢",
    ] {
        check(name);
    }
}

#[test]
fn the_rules_are_all_there() {
    let dot = drawn(&sample::rules("emea"), Format::Dot);
    for words in [
        "label=\"segment emea\\npriority 10\\nterritory emea\"",
        "label=\"pool emea\\nweighted round robin\\nemea × 1.5\\nbob × 1 (not active)\"",
        "label=\"queue catch_all\\ncatch all\"",
        "label=\"partner: 3\"",
        "label=\"hot: [50,)\"",
        "label=\"emea: (,), high intent\"",
        "label=\"segment old\\npriority 30\\nterritory emea\\n(not enabled)\"",
        "label=\"nobody can take it\", style=dashed",
    ] {
        assert!(dot.contains(words), "{words} in {dot}");
    }
    assert!(Format::NAMES.iter().all(|name| Format::named(name).is_some()) && Format::named("svg").is_none());
}
