//! Charts as SVG, by `plotters`. Each is drawn twice, for a page and for a phone, and CSS shows the one that fits; colours are
//! those of the light page, and `style.css` names others for each in the dark.

pub mod bars;
pub mod histogram;
pub mod intervals;
pub mod trend;

use crate::words;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;

/// What is said, black on white.
pub const INK: RGBColor = RGBColor(0x1B, 0x24, 0x30);
/// Labels of axes.
pub const MUTED: RGBColor = RGBColor(0x52, 0x5F, 0x70);
/// Lines of the grid.
pub const GRID: RGBColor = RGBColor(0xD9, 0xDE, 0xE5);
/// The first series. This and the next two are told apart by the colour-blind (Okabe and Ito 2008).
pub const FIRST: RGBColor = RGBColor(0x00, 0x72, 0xB2);
/// The second series, and what is not as it should be.
pub const SECOND: RGBColor = RGBColor(0xC8, 0x4E, 0x00);
/// What stands aside: neither good nor bad.
pub const ASIDE: RGBColor = RGBColor(0x8A, 0x94, 0xA3);

/// A chart for a page and one for a phone: what stands inside `<svg>`, and how large it is.
pub struct Chart {
    /// For a page.
    pub wide: Drawing,
    /// For a phone.
    pub narrow: Drawing,
}

/// The inside of an `<svg>`.
pub struct Drawing {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Its elements.
    pub shapes: String,
}

/// Where one draws.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Nothing that a string cannot hold is drawn, so this does not happen.
pub type Failed = Box<dyn Error>;

/// Size of letters in pixels.
pub const LETTERS: f64 = 13.0;

/// `plotters` divides sizes by it.
const POINTS: f64 = 1.24;

/// Width of charts for a page.
pub const WIDE: u32 = 880;
/// Width of charts for a phone.
pub const NARROW: u32 = 340;

/// Draws one chart in both sizes. `None` if that failed.
pub fn both(height: (u32, u32), paint: impl Fn(&Area, bool) -> Result<(), Failed>) -> Option<Chart> {
    let wide = draw(WIDE, height.0, |area| paint(area, false))?;
    let narrow = draw(NARROW, height.1, |area| paint(area, true))?;
    Some(Chart { wide, narrow })
}

fn draw(width: u32, height: u32, paint: impl Fn(&Area) -> Result<(), Failed>) -> Option<Drawing> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        paint(&area).ok()?;
        area.present().ok()?;
    }
    let (_, inside) = svg.split_once('>')?;
    let shapes = inside.trim().strip_suffix("</svg>")?.trim().to_owned();
    Some(Drawing { width, height, shapes })
}

/// A style of text.
pub fn letters(ink: RGBColor, across: HPos, down: VPos) -> TextStyle<'static> {
    ("sans-serif", LETTERS * POINTS).into_font().color(&ink).pos(Pos::new(across, down))
}

/// Writes `text` at a place, cut to `room` pixels.
pub fn write(
    area: &Area,
    text: &str,
    at: (i32, i32),
    room: i32,
    style: &TextStyle<'static>,
) -> Result<(), Failed> {
    let text = words::clip(text, f64::from(room) / LETTERS);
    area.draw_text(&text, style, at)?;
    Ok(())
}

/// The end of an axis that holds `most`: a quarter of it is a short number, as axes have labels at quarters.
pub fn round_up(most: f64) -> f64 {
    if !most.is_finite() || most <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(most.log10().floor());
    let steps = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|end| *end >= most * 0.999_999).unwrap_or(most)
}

/// As a number that can be drawn.
pub fn drawable(value: Option<f64>) -> f64 {
    value.filter(|value| value.is_finite()).unwrap_or(0.0).clamp(-1e15, 1e15)
}
