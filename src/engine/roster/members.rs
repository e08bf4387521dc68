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
    /// Adds one, whose place [`sort`](Self::sort) finds.
    pub fn add(&mut self, tenant: &str, member: Member) {
        let members = match tenant {
            "" => &mut self.of_none,
            _ => self.by_tenant.entry(tenant.to_owned()).or_default(),
        };
        members.push(member);
    }

    /// Puts all in the order of their seats.
    pub fn sort(&mut self) {
        self.lists().for_each(|members| members.sort_by_key(|member| member.seat));
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

#[cfg(test)]
mod tests {
    use super::{Member, Members};

    fn member(seat: i32) -> Member {
        Member { pool: "emea".to_owned(), rep_id: format!("rep {seat}"), seat, weight: 1000, active: true }
    }

    fn seats<'a>(members: impl IntoIterator<Item = &'a Member>) -> Vec<i32> {
        members.into_iter().map(|member| member.seat).collect()
    }

    #[test]
    fn each_tenant_has_its_own_in_the_order_of_their_seats() {
        let mut members = Members::default();
        for (tenant, seat) in [("", 7), ("acme", 6), ("", 2), ("acme", 1), ("", 5)] {
            members.add(tenant, member(seat));
        }
        members.sort();
        assert_eq!(seats(members.of("")), [2, 5, 7]);
        assert_eq!(seats(members.of("acme")), [1, 6]);
        assert!(members.of("other").is_empty());
        members.lists().for_each(|list| list.retain(|member| member.seat > 2));
        let mut all = seats(members.all());
        all.sort_unstable();
        assert_eq!(all, [5, 6, 7]);
    }
}
