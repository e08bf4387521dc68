//! A box in words.

use super::axis::{Axis, Stretch, AXES};
use super::cells::Cell;
use super::tree::Cube;

/// Names that are listed at most.
const NAMES: usize = 8;

/// Which leads are in a box: 'country DE or FR; employees 1 to 499, or unknown'. `named` answers the names that segments
/// know on an axis, which 'others' are told apart from.
pub fn described(cube: &Cube<'_>, named: impl Fn(Axis) -> Vec<String>) -> String {
    let mut parts: Vec<(usize, String)> = Vec::new();
    for (axis, cells) in cube {
        let place = AXES.iter().position(|other| other == axis).unwrap_or_default();
        parts.push((place, part(*axis, cells, || named(*axis))));
    }
    parts.sort();
    let parts: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
    if parts.is_empty() {
        return "any lead".to_owned();
    }
    parts.join("; ")
}

fn part(axis: Axis, cells: &[Cell<'_>], named: impl Fn() -> Vec<String>) -> String {
    let names: Vec<&str> = cells
        .iter()
        .filter_map(|cell| if let Cell::Name(name) = cell { Some(*name) } else { None })
        .collect();
    let has_other = cells.contains(&Cell::Other);
    let mut words: Vec<String> = Vec::new();
    if axis.is_named() {
        if has_other {
            let others: Vec<String> =
                named().into_iter().filter(|name| !names.contains(&name.as_str())).collect();
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            let unset = if axis == Axis::Tenant { "any" } else { "none, or any" };
            return format!("{} {unset} but {}", title(axis), listed(axis, &others, "and"));
        }
        return format!("{} {}", title(axis), listed(axis, &names, "or"));
    }
    let between =
        cells.iter().filter_map(|cell| if let Cell::Between(stretch) = cell { Some(*stretch) } else { None });
    let between: Vec<Stretch> = between.collect();
    words.extend((!between.is_empty()).then(|| numbers(axis, &between)));
    if has_other {
        words.push("unknown".to_owned());
    }
    format!("{} {}", title(axis), words.join(", or "))
}

/// Numbers in words: '1 to 499, or 1000 or more'. Stretches that touch are one.
pub fn numbers(axis: Axis, stretches: &[Stretch]) -> String {
    let mut all = stretches.to_vec();
    all.sort_by(|one, other| {
        one.from.at.total_cmp(&other.from.at).then(one.from.after.cmp(&other.from.after))
    });
    all.dedup_by(|next, last| {
        let touches = last.to == next.from;
        if touches {
            last.to = next.to;
        }
        touches
    });
    let words: Vec<String> = all.into_iter().map(|stretch| number(axis, stretch)).collect();
    words.join(", or ")
}

fn number(axis: Axis, Stretch { from, to }: Stretch) -> String {
    let is_whole = axis == Axis::Employees;
    match (from.at.is_finite(), to.at.is_finite()) {
        (false, false) => "any number".to_owned(),
        (false, true) if to.after => format!("up to {}", to.at),
        (false, true) => format!("below {}", to.at),
        (true, false) if from.after => format!("above {}", from.at),
        (true, false) => format!("{} or more", from.at),
        (true, true) if is_whole && from.at + 1.0 >= to.at => format!("{}", from.at),
        (true, true) if is_whole => format!("{} to {}", from.at, to.at - 1.0),
        (true, true) if from.at >= to.at => format!("{}", from.at),
        (true, true) => {
            let (above, below) =
                (if from.after { "above " } else { "" }, if to.after { "" } else { "below " });
            format!("{above}{} to {below}{}", from.at, to.at)
        }
    }
}

/// 'DE, FR or GB', and how many more there are.
fn listed(axis: Axis, names: &[&str], word: &str) -> String {
    let more = if axis == Axis::Postal { "..." } else { "" };
    let quoted: Vec<String> = names.iter().take(NAMES).map(|name| format!("{}{more}", shown(name))).collect();
    if names.len() > NAMES {
        return format!("{} {word} {} more", quoted.join(", "), names.len() - NAMES);
    }
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} {word} {last}", before.join(", ")),
    }
}

/// Names with blanks or commas stand in quotes.
fn shown(name: &str) -> String {
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    if is_plain {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}

const fn title(axis: Axis) -> &'static str {
    match axis {
        Axis::Tenant => "tenant",
        Axis::Country => "country",
        Axis::Region => "region",
        Axis::Postal => "postal code",
        Axis::Industry => "industry",
        Axis::Employees => "employees",
        Axis::Revenue => "revenue",
        Axis::Product => "product",
        Axis::Language => "language",
        Axis::Source => "source",
        Axis::Event => "event",
        Axis::Time => "time",
    }
}
