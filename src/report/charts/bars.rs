//! Bars that lie, one row for each name, with their figures in a column at the right.

use super::{both, drawable, letters, write, Area, Chart, Failed, GRID, INK, MUTED};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

/// One row.
pub struct Row {
    /// Whose.
    pub name: String,
    /// A bar for each: its length, its figure, its colour.
    pub bars: Vec<(Option<f64>, String, RGBColor)>,
}

/// What the bars are measured on.
pub struct Scale {
    /// Its begin: negative where bars go both ways.
    pub from: f64,
    /// Its end.
    pub to: f64,
    /// A place to compare with: a limit.
    pub mark: Vec<f64>,
}

/// Height of a bar with its room, and between two rows.
const BAR: i32 = 15;
const GAP: i32 = 9;
/// On a phone the name of a row stands above its bars.
const NAME: i32 = 17;

/// Draws them. `None` if there are no rows, or that failed.
pub fn bars(rows: &[Row], scale: &Scale) -> Option<Chart> {
    if rows.is_empty() || scale.to <= scale.from {
        return None;
    }
    let height = |name: i32| rows.iter().map(|row| name + height(row) + GAP).sum::<i32>() + GAP;
    let both_heights = (u32::try_from(height(0)).ok()?, u32::try_from(height(NAME)).ok()?);
    both(both_heights, |area, is_narrow| paint(area, rows, scale, is_narrow))
}

fn height(row: &Row) -> i32 {
    BAR.saturating_mul(row.bars.len().max(1) as i32)
}

fn paint(area: &Area, rows: &[Row], scale: &Scale, is_narrow: bool) -> Result<(), Failed> {
    let (width, whole) = area.dim_in_pixel();
    let (width, whole) = (width as i32, whole as i32);
    let (left, figures) = if is_narrow { (2, 72) } else { (230, 90) };
    let place = |value: f64| {
        let part = (value.clamp(scale.from, scale.to) - scale.from) / (scale.to - scale.from);
        left + (part * f64::from(width - left - figures)).round() as i32
    };
    for x in [place(scale.from), place(0.0), place(scale.to)] {
        area.draw(&PathElement::new(vec![(x, 0), (x, whole)], GRID))?;
    }
    for mark in &scale.mark {
        dashes(area, place(*mark), (0, whole))?;
    }
    let mut y = GAP;
    for row in rows {
        if is_narrow {
            let style = letters(INK, HPos::Left, VPos::Center);
            write(area, &row.name, (left + 3, y + NAME / 2), width - figures - 8, &style)?;
            y += NAME;
        } else {
            let style = letters(INK, HPos::Right, VPos::Center);
            write(area, &row.name, (left - 10, y + height(row) / 2), left - 10, &style)?;
        }
        for (value, shown, colour) in &row.bars {
            let (a, b) = (place(0.0), place(drawable(*value)));
            let ends = [(a.min(b), y + 2), (a.max(b), y + BAR - 2)];
            area.draw(&Rectangle::new(ends, colour.filled()))?;
            let style = letters(MUTED, HPos::Right, VPos::Center);
            write(area, shown, (width - 2, y + BAR / 2), figures - 8, &style)?;
            y += BAR;
        }
        y += GAP;
    }
    Ok(())
}

/// A dashed line from top to bottom.
pub fn dashes(area: &Area, x: i32, (top, bottom): (i32, i32)) -> Result<(), Failed> {
    let mut y = top;
    while y < bottom {
        area.draw(&PathElement::new(vec![(x, y), (x, (y + 4).min(bottom))], INK.stroke_width(1)))?;
        y += 7;
    }
    Ok(())
}
