//! Numbers and names as people read them.

/// Keeps a number and its unit on one line.
const JOINT: char = '\u{a0}';

/// `12345` as `12,345`.
pub fn count(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut grouped = if n < 0 { "−".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 lead`, `12 leads`; for words that take an s.
pub fn plural(n: i64, word: &str) -> String {
    let ending = if n == 1 { "" } else { "s" };
    format!("{}{JOINT}{word}{ending}", count(n))
}

/// `is` or `are`, `was` or `were`, ...
pub fn verb<'a>(n: i64, one: &'a str, many: &'a str) -> &'a str {
    if n == 1 {
        one
    } else {
        many
    }
}

/// A number with at most so many digits after the point, and commas.
pub fn decimal(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "not a number".to_owned();
    }
    if value.abs() >= 1e15 {
        return format!("{value:.3e}");
    }
    let text = format!("{:.digits$}", value.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part = part.trim_end_matches('0');
    let is_zero = part.is_empty() && whole.chars().all(|digit| digit == '0');
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{part}", count(whole.parse().unwrap_or(i64::MAX)))
}

/// `5.0 %`: one digit, so that a column lines up.
pub fn percent(value: f64) -> String {
    if value.is_finite() {
        let sign = if value < 0.0 { "−" } else { "" };
        format!("{sign}{:.1}{JOINT}%", value.abs())
    } else {
        "not a number".to_owned()
    }
}

/// `2 %`: a limit as somebody wrote it.
pub fn limit(value: f64, unit: &str) -> String {
    match unit {
        "percent" => format!("{}{JOINT}%", decimal(value, 2)),
        "minutes" => minutes(value),
        _ => decimal(value, 2),
    }
}

/// A figure in its unit.
pub fn figure(value: f64, unit: &str) -> String {
    match unit {
        "percent" => percent(value),
        "minutes" => minutes(value),
        _ => decimal(value, 2),
    }
}

/// What part of `all` is so many, in percent; 0 where there are none.
pub fn share(part: i64, all: i64) -> f64 {
    if all == 0 {
        return 0.0;
    }
    100.0 * part as f64 / all as f64
}

/// `45 s`, `3.5 min`, `2 h 5 min`, `3 d 4 h`.
pub fn minutes(value: f64) -> String {
    if !value.is_finite() {
        return "not a number".to_owned();
    }
    let two = |large: f64, small: f64, units: (&str, &str)| match small as i64 {
        0 => format!("{}{JOINT}{}", count(large as i64), units.0),
        small => format!("{}{JOINT}{} {small}{JOINT}{}", count(large as i64), units.0, units.1),
    };
    let whole = value.round();
    if value.abs() < 1.0 {
        format!("{}{JOINT}s", decimal(value * 60.0, 0))
    } else if value < 10.0 {
        format!("{}{JOINT}min", decimal(value, 1))
    } else if whole < 60.0 {
        format!("{whole}{JOINT}min")
    } else if whole < 48.0 * 60.0 {
        two((whole / 60.0).floor(), whole % 60.0, ("h", "min"))
    } else {
        let hours = (value / 60.0).round();
        two((hours / 24.0).floor(), hours % 24.0, ("d", "h"))
    }
}

/// How wide a text is, in ems: about, as nobody here knows the font. Signs of East Asia are as wide as high.
pub fn width(text: &str) -> f64 {
    text.chars().map(sign_width).sum()
}

fn sign_width(sign: char) -> f64 {
    match sign {
        'i' | 'l' | 'j' | 't' | 'f' | 'I' | '.' | ',' | ':' | ';' | '|' | '\'' | ' ' | '(' | ')' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 0.92,
        'A'..='Z' | '&' | '#' => 0.7,
        _ if sign < '\u{1100}' => 0.57,
        _ => 1.05,
    }
}

/// The text on one line, cut to so many ems with an ellipsis where it is longer.
pub fn clip(text: &str, ems: f64) -> String {
    let line: String = text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
    if width(&line) <= ems {
        return line;
    }
    let mut left = ems - sign_width('…');
    let fitting = line.chars().take_while(|sign| {
        left -= sign_width(*sign);
        left >= 0.0
    });
    let mut cut = fitting.collect::<String>().trim_end().to_owned();
    cut.push('…');
    cut
}

/// Words in a row: `a`, `a and b`, `a, b and c`.
pub fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
