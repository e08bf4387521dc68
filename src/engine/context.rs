//! What layers work with: rules, roster and time, one lead on its way, and what they answer.

use crate::decision::reason::Reason;
use crate::decision::Outcome;
use crate::lead::account::{AccountMatch, Company};
use crate::lead::CleanLead;
use crate::lookups::Lookups;
use crate::roster::rotation::Turn;
use crate::roster::Roster;
use crate::rules::tables::DomainKind;
use crate::rules::Rules;
use crate::Micros;

/// What does not change while leads are routed.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The compiled rules.
    pub rules: &'a Rules,
    /// The compiled roster.
    pub roster: &'a Roster,
    /// The time of routing.
    pub now: Micros,
    /// How long a reported presence counts; `None` is for ever.
    pub presence_ttl: Option<Micros>,
    /// The tenant of the lead, to whom reps of others are not there; `None` where no lead is asked about.
    pub tenant: Option<&'a str>,
}

/// One lead on its way through the layers.
pub struct Routing<'a> {
    /// Rules, roster and time.
    pub context: Context<'a>,
    /// Look-ups.
    pub lookups: &'a mut dyn Lookups,
    /// The lead; cleaned once intake was asked.
    pub clean: CleanLead,
    /// Reps who have had the lead and must not get it by rotation again.
    pub tried: &'a [String],
    /// The rule that knows the lead's domain.
    pub domain_rule: Option<(String, DomainKind, Option<String>)>,
    /// The account; the outer `Option` says whether it was looked up.
    pub account: Option<Option<AccountMatch>>,
    /// What the look-up by name found, until it is in the trace.
    pub by_name: Option<Reason>,
    /// The person's first lead, where that is in nurture.
    pub nurtured: Option<i64>,
    /// Place of the segment in the matcher.
    pub segment: Option<usize>,
    /// Name of the tier.
    pub tier: Option<String>,
    /// Name of the pool.
    pub pool: Option<String>,
    /// The company whose open leads the pool keeps together.
    pub company: Option<Company>,
    /// Turns that were taken.
    pub turns: Vec<Turn>,
    /// The pool keeps the lead until somebody is back.
    pub held: bool,
    /// The lead belongs to another part of a customer.
    pub expansion: bool,
    /// The lead comes back from a disqualified account.
    pub recycled: bool,
}

impl<'a> Routing<'a> {
    /// A lead that no layer has seen.
    pub const fn new(clean: CleanLead, context: Context<'a>, lookups: &'a mut dyn Lookups) -> Self {
        Self {
            context,
            lookups,
            clean,
            tried: &[],
            domain_rule: None,
            account: None,
            by_name: None,
            nurtured: None,
            segment: None,
            tier: None,
            pool: None,
            company: None,
            turns: Vec::new(),
            held: false,
            expansion: false,
            recycled: false,
        }
    }
}

/// What a layer answers: a reason, and an outcome if it decided.
#[derive(Debug)]
pub struct Finding {
    /// Why.
    pub reason: Reason,
    /// Where the lead ends, if the layer decided.
    pub outcome: Option<Outcome>,
}

impl Finding {
    /// The layer does not decide.
    pub const fn passed(reason: Reason) -> Self {
        let outcome = None;
        Self { reason, outcome }
    }

    /// The layer decides.
    pub const fn decided(outcome: Outcome, reason: Reason) -> Self {
        let outcome = Some(outcome);
        Self { reason, outcome }
    }
}
