//! Rows that are for some tenants only: a lead is compared with those of its own tenant and those for all, however many
//! tenants there are.

use rustc_hash::FxHashMap;

/// Rows by tenant.
#[derive(Debug, Clone)]
pub struct ByTenant<T> {
    any: Vec<T>,
    own: FxHashMap<String, Vec<T>>,
}

impl<T> Default for ByTenant<T> {
    fn default() -> Self {
        Self { any: Vec::new(), own: FxHashMap::default() }
    }
}

impl<T: Clone> ByTenant<T> {
    /// Files a row under each of its tenants; `None` is all.
    pub fn push(&mut self, row: T, tenants: Option<&[String]>) {
        match tenants {
            None => self.any.push(row),
            Some(tenants) => {
                for tenant in tenants {
                    self.own.entry(tenant.clone()).or_default().push(row.clone());
                }
            }
        }
    }

    /// Files rows, in their order.
    pub fn new(rows: Vec<T>, tenants: impl Fn(&T) -> &Option<Vec<String>>) -> Self {
        let mut filed = Self::default();
        for row in rows {
            let tenants = tenants(&row).clone();
            filed.push(row, tenants.as_deref());
        }
        filed
    }
}

impl<T> ByTenant<T> {
    /// The rows for a lead of a tenant: those for it alone first.
    pub fn of(&self, tenant: &str) -> impl Iterator<Item = &T> {
        // one tenant alone has no rows of its own, and pays for no look-up
        let own = if self.own.is_empty() { None } else { self.own.get(tenant) };
        own.into_iter().flatten().chain(&self.any)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.any.is_empty() && self.own.is_empty()
    }

    /// All rows; one for several tenants comes several times.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.any.iter().chain(self.own.values().flatten())
    }
}
