//! Shares with the interval in which the true ones are likely.

use super::trend::Frame;
use super::{both, drawable, letters, round_up, write, Area, Chart, Failed, ASIDE, FIRST, INK, MUTED};
use crate::words;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

/// One share.
pub struct Interval {
    /// Of what.
    pub name: String,
    /// Percent; none where there is nothing to count.
    pub value: Option<f64>,
    /// The true one is hardly less.
    pub low: Option<f64>,
    /// The true one is hardly more.
    pub high: Option<f64>,
    /// Whether too few were counted to rely on it.
    pub is_vague: bool,
}

/// Draws them side by side. `None` if there are none.
pub fn intervals(rows: &[Interval]) -> Option<Chart> {
    if rows.is_empty() {
        return None;
    }
    both((280, 260), |area, is_narrow| paint(area, rows, is_narrow))
}

fn paint(area: &Area, rows: &[Interval], is_narrow: bool) -> Result<(), Failed> {
    let (width, height) = area.dim_in_pixel();
    let frame = Frame { left: 56, right: width as i32 - 8, top: 22, bottom: height as i32 - 28 };
    let most = rows.iter().map(|row| drawable(row.high).max(drawable(row.value))).fold(1.0, f64::max);
    let most = round_up(most).min(100.0);
    for part in 0..=4 {
        let value = most * f64::from(part) / 4.0;
        frame.rule(area, frame.up(value / most), &format!("{}\u{a0}%", words::decimal(value, 2)))?;
    }
    let pitch = (frame.right - frame.left) / rows.len() as i32;
    for (no, row) in rows.iter().enumerate() {
        let x = frame.across((no as f64 + 0.5) / rows.len() as f64);
        let colour = if row.is_vague { ASIDE } else { FIRST };
        write(area, &row.name, (x, frame.bottom + 10), pitch, &letters(MUTED, HPos::Center, VPos::Top))?;
        let Some(value) = row.value else {
            let style = letters(MUTED, HPos::Center, VPos::Bottom);
            write(area, if is_narrow { "–" } else { "none closed" }, (x, frame.bottom - 4), pitch, &style)?;
            continue;
        };
        let up = |value: Option<f64>| frame.up(drawable(value) / most);
        let (low, high) = (up(row.low.or(Some(value))), up(row.high.or(Some(value))));
        area.draw(&PathElement::new(vec![(x, low), (x, high)], colour.stroke_width(2)))?;
        for y in [low, high] {
            area.draw(&PathElement::new(vec![(x - 7, y), (x + 7, y)], colour.stroke_width(2)))?;
        }
        area.draw(&Circle::new((x, up(Some(value))), 5, colour.filled()))?;
        let room = (pitch - 14).max(0);
        if room > 44 {
            let style = letters(INK, HPos::Left, VPos::Center);
            write(area, &words::percent(value), (x + 12, up(Some(value))), room, &style)?;
        }
    }
    Ok(())
}
