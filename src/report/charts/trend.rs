//! Lines over weeks, with a limit.

use super::{both, drawable, letters, round_up, write, Area, Chart, Failed, GRID, INK, MUTED};
use crate::words;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

/// One line.
pub struct Line {
    /// Its colour.
    pub colour: RGBColor,
    /// A value for each week, in percent.
    pub values: Vec<Option<f64>>,
    /// Whether its points are squares: lines differ also without colours.
    pub is_square: bool,
}

/// Draws the lines. `None` if there is nothing to draw.
pub fn trend(weeks: &[String], lines: &[Line], limit: Option<f64>) -> Option<Chart> {
    if weeks.is_empty() {
        return None;
    }
    both((260, 240), |area, is_narrow| paint(area, weeks, lines, limit, is_narrow))
}

fn paint(
    area: &Area,
    weeks: &[String],
    lines: &[Line],
    limit: Option<f64>,
    is_narrow: bool,
) -> Result<(), Failed> {
    let (width, height) = area.dim_in_pixel();
    let frame = Frame { left: 56, right: width as i32 - 24, top: 14, bottom: height as i32 - 28 };
    let values = lines.iter().flat_map(|line| &line.values).map(|value| drawable(*value));
    let most = round_up(values.fold(drawable(limit).max(1.0), f64::max) * 1.1);
    let across = |no: usize| frame.across((no as f64 + 0.5) / weeks.len() as f64);
    let up = |value: f64| frame.up(value / most);
    for part in 0..=4 {
        let value = most * f64::from(part) / 4.0;
        frame.rule(area, up(value), &format!("{}\u{a0}%", words::decimal(value, 2)))?;
    }
    let fits = ((frame.right - frame.left) / if is_narrow { 70 } else { 80 }).max(1) as usize;
    let step = weeks.len().div_ceil(fits);
    for (no, week) in weeks.iter().enumerate().step_by(step) {
        write(area, week, (across(no), frame.bottom + 10), 90, &letters(MUTED, HPos::Center, VPos::Top))?;
    }
    if let Some(limit) = limit {
        let mut x = frame.left;
        while x < frame.right {
            let y = up(drawable(Some(limit)));
            area.draw(&PathElement::new(vec![(x, y), ((x + 5).min(frame.right), y)], INK))?;
            x += 9;
        }
    }
    for line in lines {
        let points = line.values.iter().enumerate();
        let points: Vec<_> =
            points.filter_map(|(no, v)| v.map(|v| (across(no), up(drawable(Some(v)))))).collect();
        area.draw(&PathElement::new(points.clone(), line.colour.stroke_width(2)))?;
        for (x, y) in points {
            if line.is_square {
                area.draw(&Rectangle::new([(x - 4, y - 4), (x + 4, y + 4)], line.colour.filled()))?;
            } else {
                area.draw(&Circle::new((x, y), 4, line.colour.filled()))?;
            }
        }
    }
    Ok(())
}

/// The room of a chart with labels at its left and below.
pub struct Frame {
    /// In pixels, as the others.
    pub left: i32,
    /// Of the plot.
    pub right: i32,
    /// Of the plot.
    pub top: i32,
    /// Of the plot.
    pub bottom: i32,
}

impl Frame {
    /// From 0, left, to 1, right.
    pub fn across(&self, part: f64) -> i32 {
        self.left + (part * f64::from(self.right - self.left)).round() as i32
    }

    /// From 0, at the bottom, to 1.
    pub fn up(&self, part: f64) -> i32 {
        self.bottom - (part.clamp(0.0, 1.0) * f64::from(self.bottom - self.top)).round() as i32
    }

    /// A line of the grid, with its label.
    pub fn rule(&self, area: &Area, y: i32, label: &str) -> Result<(), Failed> {
        area.draw(&PathElement::new(vec![(self.left, y), (self.right, y)], GRID))?;
        write(area, label, (self.left - 8, y), self.left - 8, &letters(MUTED, HPos::Right, VPos::Center))
    }
}
