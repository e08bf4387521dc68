//! Accounts looked up by name: a few probes of one index, each of which ends after so many rows, however many accounts there
//! are. Names that are the same are asked first; where there are any, no others are looked for.

use crate::db::indexes::{ACCOUNTS, ACCOUNT_NAMES};
use crate::db::pg::spi::Row;
use crate::db::state::account_rows::AccountRows;
use leadroute_engine::lead::account::{MatchedBy, Namesake};
use leadroute_engine::lead::company_name::{probes, similarity, whole_key};
use leadroute_engine::lookups::WantedName;
use leadroute_engine::routing::namesakes;
use rustc_hash::FxHashMap;

/// Names of one key that are compared. A part of a name that more accounts have tells little; another part finds the name.
const MOST_OF_KEY: usize = 25;

/// Accounts of which the rows are read, the most alike first.
const MOST_ACCOUNTS: usize = 50;

impl AccountRows<'_> {
    /// Accounts whose names are like a name, as [`leadroute_engine::lookups::Lookups::namesakes`] says.
    pub fn namesakes(self, wanted: WantedName<'_>) -> Vec<Namesake> {
        let mut alike: Vec<(String, f64)> = self.alike(wanted).into_iter().collect();
        alike.sort_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        alike.truncate(MOST_ACCOUNTS);
        let mut found: Vec<Namesake> =
            alike.iter().filter_map(|(account_id, _)| self.namesake(wanted, account_id)).collect();
        namesakes::rank(&mut found, wanted);
        found.truncate(wanted.policy.max_candidates);
        found
    }

    /// Ids of accounts with names that are near enough, and how alike these are.
    fn alike(self, wanted: WantedName<'_>) -> FxHashMap<String, f64> {
        let mut alike = self.changed_alike(wanted);
        self.add_of_key(&whole_key(wanted.folded), wanted, &mut alike);
        if alike.values().any(|similarity| *similarity >= 1.0) {
            return alike;
        }
        for key in probes(wanted.folded, wanted.policy.threshold) {
            self.add_of_key(&key, wanted, &mut alike);
        }
        alike
    }

    /// Those that a previewed change has written.
    fn changed_alike(self, wanted: WantedName<'_>) -> FxHashMap<String, f64> {
        let names = self.0.into_iter().flat_map(|rows| &rows.names);
        let of_tenant = names.filter(|((tenant, _), _)| tenant == wanted.tenant);
        let compared = of_tenant
            .map(|((_, id), name)| (id.clone(), similarity(&wanted.policy.folded(name), wanted.folded)));
        compared.filter(|(_, similarity)| namesakes::is_near(*similarity, wanted.policy)).collect()
    }

    /// Those in the table under one key.
    fn add_of_key(self, key: &str, wanted: WantedName<'_>, alike: &mut FxHashMap<String, f64>) {
        let mut left = MOST_OF_KEY;
        ACCOUNT_NAMES.texts([key, wanted.tenant], |row| {
            left = left.saturating_sub(1);
            self.add(&row, wanted, alike);
            (left == 0).then_some(())
        });
    }

    fn add(self, row: &Row, wanted: WantedName<'_>, alike: &mut FxHashMap<String, f64>) {
        let (Some(account_id), Some(folded)) = (row.get::<String>(3), row.get::<String>(4)) else {
            return;
        };
        let is_changed = self.written(|rows| &rows.accounts, [wanted.tenant, &account_id]).is_some();
        if is_changed || alike.contains_key(&account_id) {
            return;
        }
        let similarity = similarity(&folded, wanted.folded);
        if namesakes::is_near(similarity, wanted.policy) {
            alike.insert(account_id, similarity);
        }
    }

    /// The account, by the name that it has.
    fn namesake(self, wanted: WantedName<'_>, account_id: &str) -> Option<Namesake> {
        let changed = self.written(|rows| &rows.names, [wanted.tenant, account_id]);
        let stored = || ACCOUNTS.texts([wanted.tenant, account_id], |row| row.get::<String>(2));
        let name = changed.or_else(stored)?;
        let similarity = similarity(&wanted.policy.folded(&name), wanted.folded);
        let found = self.family(wanted.tenant, account_id, MatchedBy::Name)?;
        Some(Namesake { found, name, similarity })
            .filter(|row| namesakes::is_near(row.similarity, wanted.policy))
    }
}
