//! What look-ups of accounts by name, and of accounts above, say.

use crate::decision::reason::{NameCandidate, Reason, TieBreaker};

/// Whose owner takes a lead, where that is an account above.
pub fn of_above(account: Option<&str>) -> String {
    account.map(|above| format!(" of {above}, the account above it")).unwrap_or_default()
}

const fn because(decided_by: TieBreaker) -> &'static str {
    match decided_by {
        TieBreaker::Similarity => ", as its name is more alike than the next",
        TieBreaker::LegalForm => ", as its name is the same with the legal form",
        TieBreaker::Country => ", as it is at home in the country of the lead",
        TieBreaker::Customer => ", as it is a customer",
        TieBreaker::Named => ", as it is a named account",
        TieBreaker::Id => ", as its id comes first",
    }
}

/// One sentence, if the reason is about names.
pub fn sentence(reason: &Reason) -> Option<String> {
    Some(match reason {
        Reason::Namesakes { company, threshold, candidates, decided_by } => {
            let is_alike = |row: &&NameCandidate| row.similarity >= *threshold;
            let by = decided_by.map_or("", because);
            match candidates.first().filter(is_alike) {
                Some(first) => {
                    format!("\"{company}\" is most like the name of account {}{by}", first.account)
                }
                None => format!("no account has a name that is {threshold} like \"{company}\""),
            }
        }
        Reason::Ambiguous { accounts, queue } => {
            let accounts = accounts.join(" or ");
            match queue {
                Some(queue) => format!("by its name it may be account {accounts}: queue {queue}"),
                None => format!("by its name it may be account {accounts}: taken for neither"),
            }
        }
        _ => return None,
    })
}

/// Each account whose name was compared.
pub fn details(reason: &Reason) -> Vec<String> {
    let Reason::Namesakes { candidates, threshold, .. } = reason else {
        return Vec::new();
    };
    let line = |row: &NameCandidate| {
        let below = if row.similarity < *threshold { ", which is too little" } else { "" };
        format!("{} \"{}\": {}{below}", row.account, row.name, row.similarity)
    };
    candidates.iter().map(line).collect()
}
