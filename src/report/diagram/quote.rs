//! Labels in quotes.

/// For Mermaid: whatever is neither a letter, a digit nor harmless becomes an entity code, as its documentation has it
/// (<https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters>). A `%` could begin a directive otherwise, a
/// backtick Markdown, and a `#` a code.
pub fn mermaid(words: &str) -> String {
    let mut quoted = "\"".to_owned();
    for sign in words.chars() {
        match sign {
            '\n' => quoted.push_str("<br>"),
            ' ' | '.' | ',' | '_' | '-' | '/' | ':' | '+' | '?' | '×' => quoted.push(sign),
            _ if sign.is_alphanumeric() => quoted.push(sign),
            _ if sign.is_control() => quoted.push(' '),
            _ => quoted.push_str(&format!("#{};", sign as u32)),
        }
    }
    quoted.push('"');
    quoted
}

/// For Graphviz: quotes and backslashes are escaped, and `&`, since labels know the entities of HTML.
pub fn dot(words: &str) -> String {
    let mut quoted = "\"".to_owned();
    for sign in words.chars() {
        match sign {
            '\n' => quoted.push_str("\\n"),
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '&' => quoted.push_str("&amp;"),
            _ if sign.is_control() => quoted.push(' '),
            _ => quoted.push(sign),
        }
    }
    quoted.push('"');
    quoted
}
