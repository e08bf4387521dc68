//! Tests of the whole page and of diagrams.

mod diagrams;
mod hostile;
mod look;
mod numbers;
mod structure;

use roxmltree::{Document, Node, ParsingOptions};

/// The page as a document: it must be well-formed.
pub fn parse(page: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(page, options).expect("the page is well-formed")
}

/// Elements of that name.
pub fn all<'a>(document: &'a Document<'a>, name: &'a str) -> impl Iterator<Item = Node<'a, 'a>> {
    document.descendants().filter(move |node| node.is_element() && node.tag_name().name() == name)
}

/// The text of a node with all within.
pub fn text(node: Node<'_, '_>) -> String {
    node.descendants().filter_map(|inner| if inner.is_text() { inner.text() } else { None }).collect()
}
