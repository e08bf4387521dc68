//! Which columns of a lead conditions ask for: most name one or two of fifty, and a jsonb of all takes a third as long as
//! the whole insert without it.

use std::collections::BTreeSet;

/// Whitespace of a jsonpath.
const BLANK: [char; 5] = [' ', '\t', '\n', '\r', '\u{c}'];

/// The columns that one of these jsonpaths can ask for; `None` where that cannot be told.
pub fn columns<'a>(mut conditions: impl Iterator<Item = &'a str>) -> Option<Vec<String>> {
    let all = conditions.try_fold(BTreeSet::new(), |mut all, condition| {
        all.extend(members(condition)?);
        Some(all)
    });
    all.map(|all| all.into_iter().map(str::to_owned).collect())
}

/// The members of the root that a jsonpath names. `None` where it can see others: each `$` must be followed by the plain
/// name of a member, as in `$.score` or `$."score"`.
fn members(path: &str) -> Option<Vec<&str>> {
    if path.contains("/*") {
        return None;
    }
    let (mut rest, mut found) = (path, Vec::new());
    while let Some(at) = rest.find(['"', '$']) {
        let (is_root, after) = (rest[at..].starts_with('$'), &rest[at + 1..]);
        if is_root {
            let (name, after) = member(after)?;
            found.push(name);
            rest = after;
        } else {
            rest = after_string(after)?;
        }
    }
    Some(found)
}

/// The name that follows `$`, and what comes after it.
fn member(after_root: &str) -> Option<(&str, &str)> {
    let text = after_root.trim_start_matches(BLANK).strip_prefix('.')?.trim_start_matches(BLANK);
    let (name, after) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => text.split_at(text.find(|c: char| !is_plain(c)).unwrap_or(text.len())),
    };
    let is_name = !name.is_empty() && name.chars().all(is_plain);
    // a name may go on with what is written otherwise; with a parenthesis it is a method
    let next = after.trim_start_matches(BLANK).chars().next();
    let ends = after.chars().next().is_none_or(|c| c.is_ascii() && !['\\', '$', '"'].contains(&c));
    (is_name && ends && next != Some('(')).then_some((name, after))
}

const fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// What comes after the end of a string that has begun.
fn after_string(text: &str) -> Option<&str> {
    let mut escaped = false;
    let end = text.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })?;
    Some(&text[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_name_their_columns() {
        for (path, expected) in [
            (r#"($."employees" >= 0)"#, vec!["employees"]),
            (
                "$.score > 5 && $ . country == \"$.tier \\\" $\" || exists ($.attributes.page)",
                vec!["score", "country", "attributes"],
            ),
            (r#"strict $."attributes"."a b"[*] ? (@."k" == $."product")"#, vec!["attributes", "product"]),
            (r#"$.size > 1 && $.phone.type() == "string""#, vec!["size", "phone"]),
            ("true", vec![]),
        ] {
            assert_eq!(members(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn whatever_may_see_everything_is_told() {
        for path in [
            "$",
            "$.*",
            "$.**.x",
            "$[*].x",
            "$ ? (@.x > 1)",
            "$.keyvalue().key == \"x\"",
            "$.size ()",
            r#"$"x""#,
            "$x.y",
            r#"$."a b""#,
            r#"$."a\u0062""#,
            r"$.a\u0062",
            "$.aé",
            "$.a$b",
            "/* \" */ $.x",
            "$\u{a0}.x",
            "$.score > 1 && exists($)",
            r#"$.a == "x"#,
            "$.",
        ] {
            assert_eq!(members(path), None, "{path}");
        }
    }

    #[test]
    fn columns_are_told_once_and_in_order() {
        assert_eq!(columns(["$.b > $.a", "$.b"].into_iter()), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(columns(["$.b", "$"].into_iter()), None);
    }
}
