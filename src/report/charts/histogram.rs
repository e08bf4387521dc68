//! How long answers take: bars by time, with percentiles and the target above them.

use super::bars::dashes;
use super::{both, letters, round_up, write, Area, Chart, Failed, ASIDE, FIRST, GRID, INK, MUTED};
use crate::data::Speed;
use crate::words;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

/// Above the bars: one line for each label, so that none lies on another.
const LINE: i32 = 17;
/// Below the bars: two lines of names on a phone, where every other one stands lower.
const BELOW: (i32, i32) = (26, 42);

/// Draws it. `None` if there is nothing to draw.
pub fn histogram(speed: &Speed) -> Option<Chart> {
    let all: i64 = speed.buckets.iter().map(|bucket| bucket.leads).sum::<i64>() + speed.unanswered;
    if all == 0 {
        return None;
    }
    both((320, 280), |area, is_narrow| paint(area, speed, is_narrow))
}

/// What is marked: its name, and minutes.
fn marks(speed: &Speed) -> Vec<(String, f64)> {
    let [p50, p90, p99] = speed.percentiles();
    let percentiles = [("p50", p50), ("p90", p90), ("p99", p99), ("target", speed.target)];
    let known = percentiles.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)));
    let mut marks: Vec<_> =
        known.map(|(name, value)| (format!("{name} {}", words::minutes(value)), value)).collect();
    // the line of one that comes first is left of the labels below it
    marks.sort_by(|a, b| a.1.total_cmp(&b.1));
    marks
}

/// Where so many minutes are, in bars.
pub fn position(speed: &Speed, minutes: f64) -> f64 {
    let mut from = 0.0;
    for (no, bucket) in speed.buckets.iter().enumerate() {
        match bucket.up_to {
            Some(to) if minutes <= to => return no as f64 + ((minutes - from) / (to - from)).clamp(0.0, 1.0),
            Some(to) => from = to,
            None => return no as f64 + 0.5,
        }
    }
    speed.buckets.len() as f64
}

fn paint(area: &Area, speed: &Speed, is_narrow: bool) -> Result<(), Failed> {
    let (width, height) = area.dim_in_pixel();
    let below = if is_narrow { BELOW.1 } else { BELOW.0 };
    let (width, bottom) = (width as i32 - 6, height as i32 - below);
    let marks = marks(speed);
    let top = LINE * marks.len() as i32 + 6;
    let left = if is_narrow { 38 } else { 56 };
    let bars = bars(speed, is_narrow);
    let most = round_up(bars.iter().map(|bar| bar.1).max().unwrap_or(0).max(4) as f64);
    let pitch = f64::from(width - left) / bars.len() as f64;
    let across = |place: f64| left + (place * pitch).round() as i32;
    let up = |leads: f64| bottom - (leads / most * f64::from(bottom - top)).round() as i32;
    for part in 0..=4 {
        let leads = most * f64::from(part) / 4.0;
        let y = up(leads);
        area.draw(&PathElement::new(vec![(left, y), (width, y)], GRID))?;
        let style = letters(MUTED, HPos::Right, VPos::Center);
        write(area, &words::decimal(leads, 1), (left - 6, y), left, &style)?;
    }
    for (no, (name, leads, colour)) in bars.iter().enumerate() {
        let ends = [(across(no as f64) + 2, up(*leads as f64)), (across(no as f64 + 1.0) - 2, bottom)];
        area.draw(&Rectangle::new(ends, colour.filled()))?;
        let lower = if is_narrow && no % 2 == 1 { LINE - 2 } else { 0 };
        let at = (across(no as f64 + 0.5), bottom + 8 + lower);
        write(
            area,
            name,
            at,
            pitch as i32 * if is_narrow { 2 } else { 1 } + 8,
            &letters(MUTED, HPos::Center, VPos::Top),
        )?;
    }
    let place = |minutes| across(position(speed, minutes));
    paint_marks(area, &marks, place, bottom)
}

/// Lines from their labels down; the labels last, so that no line crosses one.
fn paint_marks(
    area: &Area,
    marks: &[(String, f64)],
    place: impl Fn(f64) -> i32,
    bottom: i32,
) -> Result<(), Failed> {
    let half = area.dim_in_pixel().0 as i32 / 2;
    let places = marks.iter().map(|(_, minutes)| place(*minutes));
    let places: Vec<_> = places.enumerate().map(|(no, x)| (x, LINE * no as i32)).collect();
    for (x, y) in &places {
        dashes(area, *x, (y + 2, bottom))?;
    }
    for ((name, _), (x, y)) in marks.iter().zip(places) {
        let is_right = x > half;
        let side = if is_right { HPos::Right } else { HPos::Left };
        let at = (if is_right { x - 5 } else { x + 5 }, y + LINE / 2 + 2);
        write(area, name, at, half, &letters(INK, side, VPos::Center))?;
    }
    Ok(())
}

/// Each bar: its name, how many leads, its colour.
fn bars(speed: &Speed, is_narrow: bool) -> Vec<(String, i64, RGBColor)> {
    let mut last = 0.0;
    let mut bars: Vec<_> = speed
        .buckets
        .iter()
        .map(|bucket| {
            let name = bucket.up_to.map_or_else(|| format!("> {}", short(last)), short);
            last = bucket.up_to.unwrap_or(last);
            let name = if is_narrow { name.replace(['\u{a0}', ' '], "").replace("min", "m") } else { name };
            (name, bucket.leads, FIRST)
        })
        .collect();
    bars.push((if is_narrow { "none" } else { "no answer" }.to_owned(), speed.unanswered, ASIDE));
    bars
}

/// A border of buckets: whole days, hours or minutes.
fn short(minutes: f64) -> String {
    if minutes >= 1440.0 {
        return format!("{}\u{a0}d", words::decimal(minutes / 1440.0, 1));
    }
    words::minutes(minutes)
}
