//! The flow of leads through layers, segments, tiers and pools, as a Sankey diagram.
//!
//! The names of a column never lie on each other, since each node has a slot as high as a line of text at least, and a way that
//! skips a column has a slot of its own there ([`layout`]). Nodes are ordered by the barycentre of where their leads come from
//! (Sugiyama, Tagawa and Toda 1981), as d3-sankey does; nothing is random.

pub mod layout;
pub mod ways;

use crate::charts::{Drawing, WIDE};
use crate::words;
use layout::{Layout, Link, Node};
use maud::{html, Markup};
use ways::Kind;

/// Size of letters in pixels, as CSS sets it.
const LETTERS: f64 = 12.5;

/// Width of a node.
const NODE: f64 = 10.0;

/// Draws it. `None` if no lead came.
pub fn sankey(flows: &[crate::data::Flow]) -> Option<Drawing> {
    let layout = layout::lay(&ways::ways(flows))?;
    let shapes = html! {
        @for (no, title) in ways::COLUMNS.iter().enumerate() {
            text class="head" x=(at(column(no))) y="12" { (title) }
        }
        @for link in &layout.links { (ribbon(&layout, link)) }
        @for node in &layout.nodes { @if node.name.is_some() { (drawn(node)) } }
    };
    let height = layout.height.ceil().clamp(0.0, 100_000.0) as u32;
    Some(Drawing { width: WIDE, height, shapes: shapes.into_string() })
}

/// Where a column begins.
fn column(no: usize) -> f64 {
    no as f64 * 228.0
}

/// Room for the names of a column.
fn room(no: usize) -> f64 {
    let end = if no + 1 < ways::COLUMNS.len() { column(no + 1) - 14.0 } else { f64::from(WIDE) };
    end - column(no) - NODE - 6.0
}

/// A coordinate: tenths of pixels are enough.
fn at(value: f64) -> String {
    format!("{:.1}", if value.is_finite() { value } else { 0.0 })
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Rules => "rules",
        Kind::Account => "account",
        Kind::Listed => "listed",
        Kind::Nobody => "nobody",
    }
}

fn drawn(node: &Node) -> Markup {
    let (x, name) = (column(node.column), node.name.as_deref().unwrap_or_default());
    let leads = words::count(node.leads);
    let left = room(node.column) / LETTERS - words::width(&leads) - 1.0;
    html! {
        rect class="node" x=(at(x)) y=(at(node.top)) width=(at(NODE)) height=(at(node.height)) {
            title { (name) ": " (words::plural(node.leads, "lead")) }
        }
        text x=(at(x + NODE + 5.0)) y=(at(node.top + node.height / 2.0 + 4.5)) {
            tspan { (words::clip(name, left)) } " " tspan class="leads" { (leads) }
        }
    }
}

fn ribbon(layout: &Layout, link: &Link) -> Markup {
    let (Some(from), Some(to)) = (layout.nodes.get(link.from), layout.nodes.get(link.to)) else {
        return html! {};
    };
    let edge = |node: &Node| column(node.column) + if node.name.is_some() { NODE } else { 0.0 };
    let (x0, x1) = (edge(from), column(to.column));
    let middle = f64::midpoint(x0, x1);
    let (a, b) = (from.top + link.from_top, to.top + link.to_top);
    let (x0, x1, xm) = (at(x0), at(x1), at(middle));
    let (a1, b1) = (at(a + link.height), at(b + link.height));
    let (a, b) = (at(a), at(b));
    html! {
        path class={ "way " (class(link.kind)) }
             d={ "M" (x0) " " (a) "C" (xm) " " (a) " " (xm) " " (b) " " (x1) " " (b)
                 "V" (b1) "C" (xm) " " (b1) " " (xm) " " (a1) " " (x0) " " (a1) "Z" } {
            title { (link.title) }
        }
    }
}
