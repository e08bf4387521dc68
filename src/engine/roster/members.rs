//! The members of one pool, by the tenant for whom they work.

use rustc_hash::FxHashMap;
use serde::Deserialize;

/// One row of `pool_members`; `weight` in thousandths.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Member {
    pub pool: String,
    pub rep_id: String,
    pub seat: i32,
    pub weight: i64,
    #[serde(default = "yes")]
    pub active: bool,
}

const fn yes() -> bool {
    true
}

/// Members in the order of their seats.
#[derive(Debug, Clone, Default)]
pub struct Members {
    /// Of no tenant: all of them, in most companies.
    of_none: Vec<Member>,
    by_tenant: FxHashMap<String, Vec<Member>>,
}

impl Members {
    /// Adds one, in its place.
    pub fn add(&mut self, tenant: &str, member: Member) {
        let members = match tenant {
            "" => &mut self.of_none,
            _ => self.by_tenant.entry(tenant.to_owned()).or_default(),
        };
        let place = members.partition_point(|other| other.seat <= member.seat);
        members.insert(place, member);
    }

    /// Those who work for a tenant.
    pub fn of(&self, tenant: &str) -> &[Member] {
        match tenant {
            "" => &self.of_none,
            _ => self.by_tenant.get(tenant).map(Vec::as_slice).unwrap_or_default(),
        }
    }

    /// All, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Member> {
        self.of_none.iter().chain(self.by_tenant.values().flatten())
    }

    /// All, to be changed, by tenant.
    pub fn lists(&mut self) -> impl Iterator<Item = &mut Vec<Member>> {
        std::iter::once(&mut self.of_none).chain(self.by_tenant.values_mut())
    }
}
