//! Rules in the form in which leads are compared with them: the same functions clean both.

use crate::lead::{company_name, language, normalize, words};
use crate::rules::tables::{Alias, RuleTables, Segment};
use rustc_hash::FxHashMap;

/// A list of a rule, or nothing for 'any'.
pub type List = Option<Vec<String>>;

/// Whether a list of a rule, or any, has a value.
pub fn allows(list: &List, value: Option<&str>) -> bool {
    match list {
        None => true,
        Some(list) => value.is_some_and(|value| list.iter().any(|item| item == value)),
    }
}

/// Whether a list, or any, has all of another.
pub fn allows_all(list: &List, other: &List) -> bool {
    match (list, other) {
        (None, _) => true,
        (Some(list), Some(other)) => other.iter().all(|value| list.contains(value)),
        (Some(_), None) => false,
    }
}

/// Gives every value of a list a form; one that has none stays as it is, and takes no lead.
pub fn each(list: &mut List, form: impl Fn(&str) -> Option<String>) {
    for value in list.iter_mut().flatten() {
        if let Some(formed) = form(value) {
            *value = formed;
        }
    }
}

/// A language as leads have it: its tag in lower case, else what was said.
pub fn language(given: &str) -> Option<String> {
    words::folded(&language::language(given).unwrap_or_else(|| given.to_owned()))
}

fn country(given: &str) -> Option<String> {
    let code = normalize::country_code(given).map(str::to_owned);
    code.or_else(|| words::shown(given).map(|name| name.to_uppercase()))
}

/// Aliases by their folded names.
pub fn aliases(list: Vec<Alias>) -> FxHashMap<String, String> {
    list.into_iter().map(|row| (words::folded(&row.alias).unwrap_or(row.alias), row.canonical)).collect()
}

/// Gives all tables that form.
pub fn compared(mut tables: RuleTables) -> RuleTables {
    let industries = aliases(std::mem::take(&mut tables.industry_aliases));
    for segment in &mut tables.segments {
        compare_segment(segment, &industries);
    }
    let alias = |(alias, canonical)| Alias { alias, canonical };
    tables.industry_aliases = industries.into_iter().map(alias).collect();
    for event in &mut tables.event_types {
        event.name = words::slug(&event.name).unwrap_or_default();
    }
    tables.sla_policies.iter_mut().for_each(|policy| each(&mut policy.events, words::slug));
    tables.playbooks.iter_mut().for_each(|playbook| each(&mut playbook.events, words::slug));
    for rule in &mut tables.recycle_rules {
        rule.reason = words::folded(&rule.reason).unwrap_or_default();
    }
    let form = |given: &str| Some(company_name::legal_form(given));
    tables.account_matching.iter_mut().for_each(|policy| each(&mut policy.legal_forms, form));
    tables
}

fn compare_segment(segment: &mut Segment, aliases: &FxHashMap<String, String>) {
    let industry = |given: &str| {
        let folded = words::folded(given)?;
        aliases.get(&folded).and_then(|canonical| words::folded(canonical)).or(Some(folded))
    };
    each(&mut segment.countries, country);
    each(&mut segment.regions, words::folded);
    each(&mut segment.postal_prefixes, words::postal);
    each(&mut segment.industries, industry);
    each(&mut segment.products, words::folded);
    each(&mut segment.languages, language);
    each(&mut segment.sources, words::folded);
    each(&mut segment.events, words::slug);
    each(&mut segment.required_skills, words::folded);
}
