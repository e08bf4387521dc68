//! A lead that is there already, with the owner or queue that an earlier decision gave it.

use crate::context::{Context, Routing};
use crate::decision::{Decision, Layer, Notice, Outcome, Step};
use crate::lead::{words, CleanLead, Lead};
use crate::lookups::Lookups;
use crate::rules::compared::language;
use serde::{Deserialize, Serialize};

/// A lead that waits for somebody, as the tables hold it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Waiting {
    /// Not written with the others.
    #[serde(skip)]
    pub lead: Lead,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub territory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub playbook: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub expansion: bool,
    /// Its pool keeps it until somebody is back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// Reps who have had the lead already.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<String>,
}

impl Waiting {
    /// Routing that starts at the last layers: segment, tier and pool are those that the lead has.
    pub fn routing<'a>(&'a self, context: Context<'a>, lookups: &'a mut dyn Lookups) -> Routing<'a> {
        let segment = self.segment.as_deref();
        let clean = CleanLead { lead: folded(&self.lead), ..CleanLead::default() };
        Routing {
            tried: &self.tried,
            account: Some(None),
            segment: segment.and_then(|name| context.rules.segments.place(name)),
            tier: self.tier.clone(),
            pool: self.pool.clone(),
            ..Routing::new(clean, context, lookups)
        }
    }

    /// The decision that moves the lead; its clock goes on.
    pub fn decision(
        &self,
        layer: Layer,
        outcome: Outcome,
        routing: Routing<'_>,
        trace: Vec<Step>,
        notices: Vec<Notice>,
    ) -> Decision {
        let Routing { turns, clean, held, company, .. } = routing;
        Decision {
            layer,
            outcome,
            account_id: self.account_id.clone(),
            segment: self.segment.clone(),
            territory: self.territory.clone(),
            tier: self.tier.clone(),
            pool: self.pool.clone(),
            playbook: self.playbook.clone(),
            expansion: self.expansion,
            trace,
            clock: None,
            turns,
            company,
            held,
            notices,
            clean,
        }
    }
}

/// What distribution compares, in the form that intake gives it.
fn folded(lead: &Lead) -> Lead {
    let language = lead.language.as_deref().and_then(language);
    let product = lead.product.as_deref().and_then(words::folded);
    Lead { language, product, ..lead.clone() }
}
