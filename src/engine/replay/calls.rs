//! How often each look-up was called.

use std::collections::BTreeMap;

/// Numbers of calls, from 1 on.
#[derive(Debug, Default)]
pub struct Calls {
    domain: i32,
    country: i32,
    earlier: i32,
    account: i32,
    namesakes: i32,
    company_owner: i32,
    load: BTreeMap<i32, i32>,
    open: BTreeMap<i32, i32>,
}

const fn next(calls: &mut i32) -> i32 {
    *calls += 1;
    *calls
}

/// Each is called once for each call of the look-up of its name.
#[allow(missing_docs)]
impl Calls {
    pub const fn domain(&mut self) -> i32 {
        next(&mut self.domain)
    }

    pub const fn country(&mut self) -> i32 {
        next(&mut self.country)
    }

    pub const fn earlier(&mut self) -> i32 {
        next(&mut self.earlier)
    }

    pub const fn account(&mut self) -> i32 {
        next(&mut self.account)
    }

    pub const fn namesakes(&mut self) -> i32 {
        next(&mut self.namesakes)
    }

    pub const fn company_owner(&mut self) -> i32 {
        next(&mut self.company_owner)
    }

    pub fn load(&mut self, rep_no: i32) -> i32 {
        next(self.load.entry(rep_no).or_default())
    }

    pub fn open(&mut self, rep_no: i32) -> i32 {
        next(self.open.entry(rep_no).or_default())
    }
}
