//! The gaps in the space of leads, and the leads that fell into them.

use super::conditions::{Conditions, Idle};
use super::reach::{has_own_tiers, somebody, tenants, tenants_of, tiers};
use super::scores::Scores;
use crate::context::{Context, Routing};
use crate::lead::CleanLead;
use crate::lookups::Lookups;
use crate::routing::layers;
use crate::rules::shadows::can_match;
use crate::rules::space::tree::{Left, Tree};
use crate::rules::space::{described, numbers, Axis, Wants};
use crate::rules::tables::Segment;
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Gaps in which no lead fell are listed up to this number, and looked for no longer than this.
const MOST: (usize, usize) = (200, 20_000_000);

/// What takes nobody's leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// No segment takes them.
    Segment,
    /// No tier takes their score.
    Tier,
    /// Nobody in the pool takes them.
    Pool,
}

/// Leads that nobody takes.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Gap {
    pub kind: Kind,
    /// `None`: no segment, or all that have no tiers of their own.
    pub segment: Option<String>,
    pub tier: Option<String>,
    pub pool: Option<String>,
    /// `None`: all.
    pub tenants: Option<Vec<String>>,
    /// Which leads, in words.
    pub values: String,
    /// Segments that take those for which their condition holds.
    pub unless: Vec<String>,
    /// The queues where they wait.
    pub queues: Vec<String>,
    /// How many came.
    pub leads: u64,
    /// The last of them.
    pub latest: Option<i64>,
}

/// How many leads, and the last of them.
#[derive(Debug, Clone, Copy, Default)]
struct Count(u64, Option<i64>);

impl Count {
    fn add(&mut self, lead: Option<i64>) {
        *self = Self(self.0 + 1, self.1.max(lead));
    }
}

/// A gap behind a segment: kind, segment, tier, pool, and which leads.
type Behind = (Kind, Option<String>, Option<String>, Option<String>, String);

/// What is known of it.
#[derive(Debug, Default)]
struct Found {
    tenants: BTreeSet<String>,
    queues: BTreeSet<String>,
    count: Count,
}

/// Looks at rules and roster, then at leads.
#[derive(Debug)]
pub struct Survey<'a> {
    context: Context<'a>,
    tenants: BTreeSet<String>,
    tree: Tree<'a>,
    outside: BTreeMap<Vec<usize>, (Left<'a>, Count)>,
    behind: BTreeMap<Behind, Found>,
    conditions: Conditions,
    missing: FxHashMap<(String, String), String>,
}

impl<'a> Survey<'a> {
    /// Of the rules and the roster of a moment.
    pub fn new(context: Context<'a>) -> Self {
        let segments = context.rules.segments.all();
        let counts = |row: &Segment| {
            can_match(row, context.now) && row.effective.is_none_or(|span| span.contains(&context.now))
        };
        let members = segments.iter().enumerate().filter(|(_, row)| counts(row));
        let members: Vec<u32> = members.filter_map(|(place, _)| u32::try_from(place).ok()).collect();
        let mut survey = Self {
            context,
            tenants: tenants(context.rules, context.roster),
            tree: Tree::new(segments, members.clone(), None, MOST.1),
            outside: BTreeMap::new(),
            behind: BTreeMap::new(),
            conditions: Conditions::default(),
            missing: FxHashMap::default(),
        };
        for left in survey.tree.left(MOST.0) {
            survey.outside.insert(left.way.clone(), (left, Count::default()));
        }
        for segment in segments.iter().filter(|row| counts(row)) {
            survey.look_behind(segment);
        }
        survey
    }

    fn look_behind(&mut self, segment: &'a Segment) {
        let Context { rules, roster, .. } = self.context;
        for tenant in tenants_of(segment, &self.tenants.clone()) {
            if let Some(gap) = self.missing_scores(segment, tenant) {
                self.found(gap, segment, None, tenant);
            }
            let mut before = Scores::default();
            for tier in tiers(rules, &segment.name, tenant) {
                let pool = tier.pool.as_deref().filter(|_| !before.hold(tier));
                before.add(tier);
                let skills = segment.required_skills.as_deref().unwrap_or_default();
                if let Some(pool) = pool.filter(|pool| !somebody(roster, pool, tenant, skills)) {
                    let gap = self.nobody(segment, tenant, &tier.name, pool);
                    self.found(gap, segment, Some(pool), tenant);
                }
            }
        }
    }

    /// The scores that no tier of a segment takes; those for all are said once.
    fn missing_scores(&mut self, segment: &Segment, tenant: &str) -> Option<Behind> {
        let rules = self.context.rules;
        let own = has_own_tiers(rules, &segment.name, tenant).then(|| segment.name.clone());
        let key = (own.clone().unwrap_or_default(), tenant.to_owned());
        let missing = self.missing.entry(key).or_insert_with_key(|(name, tenant)| {
            let mut scores = Scores::default();
            tiers(rules, name, tenant).for_each(|tier| scores.add(tier));
            let missing = scores.missing();
            if missing.is_empty() {
                String::new()
            } else {
                format!("score {}", numbers(Axis::Revenue, &missing))
            }
        });
        (!missing.is_empty()).then(|| (Kind::Tier, own, None, None, missing.clone()))
    }

    /// The gap behind a tier whose pool has nobody for the leads of a segment.
    fn nobody(&self, segment: &Segment, tenant: &str, tier: &str, pool: &str) -> Behind {
        let Context { rules, roster, .. } = self.context;
        let lists = rules.tiers.get(&segment.name);
        let is_own = lists.is_some_and(|tiers| tiers.of(tenant).any(|row| row.name == tier));
        let skills = segment.required_skills.as_deref().unwrap_or_default();
        let is_empty = skills.is_empty() || !somebody(roster, pool, tenant, &[]);
        let why = match is_empty {
            true => "nobody in the pool can take leads".to_owned(),
            false => format!("nobody in the pool has the required skills {}", skills.join(", ")),
        };
        let segment = (is_own || !is_empty).then(|| segment.name.clone());
        (Kind::Pool, segment, Some(tier.to_owned()), Some(pool.to_owned()), why)
    }

    fn found(&mut self, gap: Behind, segment: &Segment, pool: Option<&str>, tenant: &str) -> &mut Count {
        let (_, queue) = self.context.rules.way_out(Some(segment), pool, tenant);
        let found = self.behind.entry(gap).or_default();
        found.queues.insert(queue.to_owned());
        found.tenants.insert(tenant.to_owned());
        &mut found.count
    }

    /// Looks where a lead falls by the rules; intake must have cleaned it.
    pub fn count(&mut self, clean: CleanLead, lookups: &mut dyn Lookups) {
        let (rules, roster) = (self.context.rules, self.context.roster);
        let (id, tenant) = (clean.lead.id, clean.lead.tenant.clone());
        self.conditions.count(&rules.segments, &clean, self.context.now, lookups);
        let context = Context { tenant: Some(&tenant), ..self.context };
        let mut routing = Routing::new(clean, context, lookups);
        layers::segment::ask(&mut routing);
        let Some(segment) = routing.segment.and_then(|place| rules.segments.get(place)) else {
            if let Some(left) = self.tree.left_of(&routing.clean.lead) {
                let found = self.outside.entry(left.way.clone());
                found.or_insert_with(|| (left, Count::default())).1.add(id);
            }
            return;
        };
        layers::tier::ask(&mut routing);
        let skills = segment.required_skills.as_deref().unwrap_or_default();
        let gap = match (routing.tier.as_deref(), routing.pool.as_deref()) {
            (None, _) => self.missing_scores(segment, &tenant),
            (Some(tier), Some(pool)) if !somebody(roster, pool, &tenant, skills) => {
                Some(self.nobody(segment, &tenant, tier, pool))
            }
            _ => None,
        };
        if let Some(gap) = gap {
            self.found(gap, segment, routing.pool.as_deref(), &tenant).add(id);
        }
    }

    /// Conditions that held for no lead.
    pub fn idle_conditions(&self) -> Vec<Idle<'a>> {
        self.conditions.idle(&self.context.rules.segments)
    }

    /// All gaps: those with most leads first, then those of segments, tiers and pools.
    pub fn gaps(&self) -> Vec<Gap> {
        let outside = self.outside.values().map(|(left, count)| self.outside(left, *count));
        let all = self.tenants.len();
        let behind = self.behind.iter().map(|((kind, segment, tier, pool, values), found)| Gap {
            kind: *kind,
            segment: segment.clone(),
            tier: tier.clone(),
            pool: pool.clone(),
            tenants: (found.tenants.len() < all).then(|| found.tenants.iter().cloned().collect()),
            values: values.clone(),
            unless: Vec::new(),
            queues: found.queues.iter().cloned().collect(),
            leads: found.count.0,
            latest: found.count.1,
        });
        let mut gaps: Vec<Gap> = outside.chain(behind).collect();
        gaps.sort_by(|one, other| (other.leads, one.kind).cmp(&(one.leads, other.kind)));
        gaps
    }

    fn outside(&self, left: &Left<'_>, count: Count) -> Gap {
        let rules = self.context.rules;
        let tenants = left.tenants();
        let queues = match &tenants {
            Some(list) => list.iter().map(|tenant| rules.catch_all(tenant).to_owned()).collect(),
            None => BTreeSet::from([rules.catch_all("").to_owned()]),
        };
        let name = |place: &u32| Some(rules.segments.get(usize::try_from(*place).ok()?)?.name.clone());
        Gap {
            kind: Kind::Segment,
            segment: None,
            tier: None,
            pool: None,
            tenants,
            values: described(&left.cube, |axis| self.names(axis)),
            unless: left.unless.iter().filter_map(name).collect(),
            queues: queues.into_iter().collect(),
            leads: count.0,
            latest: count.1,
        }
    }

    /// All names that segments know on an axis.
    fn names(&self, axis: Axis) -> Vec<String> {
        let mut names = BTreeSet::new();
        for row in self.context.rules.segments.all() {
            if let Wants::Names(list) = axis.wanted(row) {
                names.extend(list.iter().cloned());
            }
        }
        names.into_iter().collect()
    }
}
