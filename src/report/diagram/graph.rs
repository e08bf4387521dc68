//! Nodes and edges, and how both languages write them.

use super::quote;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a node looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Where leads begin, or are divided by score.
    Round,
    /// What is asked.
    Question,
    /// Somebody.
    Box,
    /// Where leads wait.
    Store,
}

/// What stands for a node: its kind, and its name among those.
pub type Key<'a> = (&'static str, &'a str);

/// A diagram.
#[derive(Debug, Default)]
pub struct Graph {
    numbers: BTreeMap<(&'static str, String), usize>,
    nodes: Vec<(Shape, String)>,
    edges: Vec<Edge>,
}

#[derive(Debug)]
struct Edge {
    from: usize,
    to: usize,
    words: String,
    is_fallback: bool,
}

impl Graph {
    /// Adds a node; the first one of a key stays.
    pub fn node(&mut self, kind: &'static str, name: &str, shape: Shape, label: String) {
        let next = self.nodes.len();
        let number = *self.numbers.entry((kind, name.to_owned())).or_insert(next);
        if number == next {
            self.nodes.push((shape, label));
        }
    }

    /// Adds an edge, if both nodes are there.
    pub fn edge(&mut self, from: Key, to: Key, words: &str) {
        self.link(from, to, words, false);
    }

    /// Adds an edge to a queue for leads that find nobody, if there is one.
    pub fn fallback(&mut self, from: Key, queue: Option<&str>, words: &str) {
        if let Some(queue) = queue {
            self.link(from, ("queue", queue), words, true);
        }
    }

    fn link(&mut self, from: Key, to: Key, words: &str, is_fallback: bool) {
        let number = |key: Key| self.numbers.get(&(key.0, key.1.to_owned())).copied();
        if let (Some(from), Some(to)) = (number(from), number(to)) {
            self.edges.push(Edge { from, to, words: words.to_owned(), is_fallback });
        }
    }

    /// As a flowchart of Mermaid.
    pub fn mermaid(&self) -> String {
        let mut text = "flowchart LR\n".to_owned();
        for (number, (shape, label)) in self.nodes.iter().enumerate() {
            let (open, close) = match shape {
                Shape::Round => ("([", "])"),
                Shape::Question => ("{{", "}}"),
                Shape::Box => ("[", "]"),
                Shape::Store => ("[(", ")]"),
            };
            let _ = writeln!(text, "    n{number}{open}{}{close}", quote::mermaid(label));
        }
        for Edge { from, to, words, is_fallback } in &self.edges {
            let arrow = if *is_fallback { "-.->" } else { "-->" };
            let label = if words.is_empty() { String::new() } else { format!("|{}|", quote::mermaid(words)) };
            let _ = writeln!(text, "    n{from} {arrow}{label} n{to}");
        }
        text
    }

    /// As a graph of Graphviz.
    pub fn dot(&self) -> String {
        let mut text = "digraph leadroute {\n    rankdir=LR;\n    node [fontname=\"sans-serif\", fontsize=11];\n    edge [fontname=\"sans-serif\", fontsize=9];\n".to_owned();
        for (number, (shape, label)) in self.nodes.iter().enumerate() {
            let shape = match shape {
                Shape::Round => "ellipse",
                Shape::Question => "hexagon",
                Shape::Box => "box",
                Shape::Store => "cylinder",
            };
            let _ = writeln!(text, "    n{number} [shape={shape}, label={}];", quote::dot(label));
        }
        for Edge { from, to, words, is_fallback } in &self.edges {
            let style = if *is_fallback { ", style=dashed" } else { "" };
            let _ = writeln!(text, "    n{from} -> n{to} [label={}{style}];", quote::dot(words));
        }
        text.push_str("}\n");
        text
    }
}
