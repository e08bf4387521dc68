//! Tenants by name. Most leads have none, whose name is empty.

/// Whether two names are the same. An empty text in Rust points at no memory, from which `memcmp` reads nothing, but at the cost
/// of a fault (100 ns): a lead would pay it for every member of its pool.
pub fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && (one.is_empty() || one == other)
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn no_tenant_is_a_tenant_of_its_own() {
        assert!(is_same("", ""));
        assert!(is_same("acme", "acme"));
        assert!(!is_same("", "acme"));
        assert!(!is_same("acme", "acne"));
        assert!(!is_same("acme", "acme "));
    }
}
