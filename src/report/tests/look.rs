//! Colours: one can read what is written, in the light and in the dark.

use crate::charts::{ASIDE, FIRST, GRID, INK, MUTED, SECOND};
use crate::page::STYLE;
use plotters::style::RGBColor;
use std::collections::BTreeMap;

/// The colours of each `:root`.
fn palettes() -> Vec<BTreeMap<String, [f64; 3]>> {
    let blocks = STYLE.split(":root {").skip(1).map(|block| block.split('}').next().unwrap_or_default());
    let colours = |block: &str| {
        let named = block.split(';').filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"));
        named.map(|(name, hex)| (name.to_owned(), channels(hex))).collect()
    };
    blocks.map(colours).collect()
}

fn channels(hex: &str) -> [f64; 3] {
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("two digits")) / 255.0)
}

/// Contrast of two colours, by WCAG 2.2.
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
    let light = |[r, g, b]: [f64; 3]| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    let (one, other) = (light(one), light(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn text_has_a_contrast_of_4_5_and_what_is_drawn_one_of_3() {
    let palettes = palettes();
    assert_eq!(palettes.len(), 2, "light and dark");
    for colours in &palettes {
        for paper in ["paper", "page", "bad-paper"] {
            for ink in ["ink", "muted", "link", "good", "bad"] {
                let found = contrast(colours[ink], colours[paper]);
                assert!(found >= 4.5, "{ink} on {paper}: {found:.2}");
            }
        }
        for drawn in ["first", "second", "aside"] {
            let found = contrast(colours[drawn], colours["paper"]);
            assert!(found >= 3.0, "{drawn}: {found:.2}");
        }
    }
}

#[test]
fn each_colour_of_a_chart_is_that_of_the_page_and_has_one_for_the_dark() {
    let light = &palettes()[0];
    let names = [
        (INK, "ink"),
        (MUTED, "muted"),
        (GRID, "rule"),
        (FIRST, "first"),
        (SECOND, "second"),
        (ASIDE, "aside"),
    ];
    for (RGBColor(r, g, b), name) in names {
        assert_eq!(light[name], [r, g, b].map(|part| f64::from(part) / 255.0), "{name}");
        let hex = format!("[fill=\"#{r:02X}{g:02X}{b:02X}\"] {{ fill: var(--{name}); }}");
        assert!(STYLE.contains(&hex), "{hex}");
    }
}
