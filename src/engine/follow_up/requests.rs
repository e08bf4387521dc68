//! What providers are asked about a new lead.

use crate::decision::{Decision, Layer, Outcome};
use crate::rules::providers::{Provider, ProviderKind};
use crate::rules::Rules;

/// What a provider is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The provider.
    pub provider: String,
    /// What is missing.
    pub missing: Vec<String>,
}

/// Whom to ask about a new lead. A touch is filled into its first lead, about which they were asked; of partners, competitors
/// and the like nobody wants to know more.
pub fn requests(rules: &Rules, decision: &Decision, has: impl Fn(&str) -> bool) -> Vec<Request> {
    let is_open = matches!(decision.outcome, Outcome::Owner(_) | Outcome::Queue(_) | Outcome::Nurture);
    if !is_open || decision.layer == Layer::DomainRule {
        return Vec::new();
    }
    let is_sequenced = matches!(decision.outcome, Outcome::Owner(_)) && decision.playbook.is_some();
    let asked = |provider: &Provider| {
        let missing: Vec<String> = match provider.kind {
            ProviderKind::Sequence => Vec::new(),
            _ => provider.fields.iter().filter(|field| !has(field)).cloned().collect(),
        };
        let is_asked = !missing.is_empty() || provider.kind == ProviderKind::Sequence && is_sequenced;
        is_asked.then(|| Request { provider: provider.name.clone(), missing })
    };
    rules.providers.of(&decision.clean.lead.tenant).filter_map(asked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::Lead;
    use crate::testkit::{lead, Setup};
    use serde_json::json;

    fn asked(lead: Lead, has: &[&str]) -> Vec<(String, Vec<String>)> {
        let mut setup = Setup::new(
            json!({
                "segments": [{"name": "all", "priority": 1, "fallback_queue": "catch_all"}],
                "tiers": [
                    {"name": "cold", "score": {"upper": 0}, "action": "nurture"},
                    {"name": "warm", "score": {"lower": 0, "lower_inc": true}, "action": "pool", "pool": "sales"},
                ],
                "pools": [{"name": "sales", "pool_no": 1}],
                "playbooks": [{"name": "call"}],
                "providers": [
                    {"name": "a", "kind": "enrich", "fields": ["country", "employees"]},
                    {"name": "b", "kind": "qualify", "fields": ["score"]},
                    {"name": "c", "kind": "sequence"},
                    {"name": "d", "kind": "enrich", "fields": ["industry"], "tenants": ["other"]},
                ],
            }),
            json!({"reps": [{"id": "ann"}, {"id": "otto", "tenant": "other"}], "members": [{"pool": "sales", "rep_id": "ann"}]}),
        );
        let decision = setup.route(lead);
        let requests = requests(&setup.rules, &decision, |field| has.contains(&field));
        requests.into_iter().map(|request| (request.provider, request.missing)).collect()
    }

    #[test]
    fn who_knows_what_is_missing_is_asked_for_that_and_the_sequence_tool_is_told_of_leads_with_reps() {
        let one = |name: &str, missing: &[&str]| {
            (name.to_owned(), missing.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(
            asked(lead("ada@acme.com"), &["country"]),
            [one("a", &["employees"]), one("b", &["score"]), one("c", &[])]
        );
        assert_eq!(asked(lead("ada@acme.com"), &["country", "employees", "score"]), [one("c", &[])]);
        let cold = Lead { score: Some(-1.0), ..lead("ada@acme.com") };
        assert_eq!(asked(cold, &["country", "employees", "score"]), []);
        let other = Lead { tenant: "other".into(), ..lead("ada@acme.com") };
        assert_eq!(asked(other, &["country", "employees", "score"])[0], one("d", &["industry"]));
    }
}
