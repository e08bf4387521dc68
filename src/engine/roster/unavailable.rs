//! Why somebody gets no lead.

use crate::roster::Presence;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a rep is not available.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "away")]
#[allow(missing_docs)]
pub enum Away {
    /// No such rep in the roster.
    Unknown,
    /// `reps.tenant` is not that of the lead.
    OtherTenant,
    /// The row of the lead cannot have them as its owner.
    CannotHold { problem: String },
    /// `reps.active` is false.
    Inactive,
    /// The rep set it so.
    Presence { presence: Presence },
    /// An absence covers this moment.
    Absent { kind: String },
    /// A holiday of the schedule.
    Holiday { name: String },
    /// Outside the hours of the schedule.
    OffHours { schedule: String },
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(f, "is not in the roster"),
            Self::OtherTenant => write!(f, "belongs to another tenant"),
            Self::CannotHold { problem } => write!(f, "{problem}"),
            Self::Inactive => write!(f, "is not active"),
            Self::Presence { presence: Presence::Away } => write!(f, "is away"),
            Self::Presence { .. } => write!(f, "is offline"),
            Self::Absent { kind } => write!(f, "is absent ({kind})"),
            Self::Holiday { name } => write!(f, "has a holiday ({name})"),
            Self::OffHours { schedule } => write!(f, "is outside working hours ({schedule})"),
        }
    }
}

impl Away {
    /// Whether the rep works here and is only outside their hours. All others who are away are absent.
    pub const fn is_off_duty(&self) -> bool {
        matches!(self, Self::Holiday { .. } | Self::OffHours { .. })
    }

    /// Whether the rep comes back by itself.
    pub const fn is_passing(&self) -> bool {
        !matches!(self, Self::Unknown | Self::OtherTenant | Self::CannotHold { .. } | Self::Inactive)
    }
}

/// Somebody who was asked to stand in, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Refusal {
    pub rep: String,
    #[serde(flatten)]
    pub why: Away,
}

impl Ineligible {
    /// Whether they have as many leads as they may have, or somebody counts.
    pub const fn is_full(&self) -> bool {
        matches!(
            self,
            Self::DailyCap { .. } | Self::WeeklyCap { .. } | Self::OpenLeads { .. } | Self::Counted
        )
    }
}

/// Why a candidate of a pool was not eligible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
#[allow(missing_docs)]
pub enum Ineligible {
    /// The rep cannot take leads now.
    Away {
        #[serde(flatten)]
        away: Away,
    },
    /// `pool_members.active` is false.
    Paused,
    /// The weight in the pool is 0.
    ZeroWeight,
    /// Does not speak the lead's language.
    Language { needs: String },
    /// Does not sell the product.
    Product { needs: String },
    /// Lacks a skill that the segment requires.
    Skill { needs: String },
    /// Has had this lead already.
    AlreadyTried,
    /// Has got as many leads today as `reps.daily_cap`.
    DailyCap { cap: i64 },
    /// Has got as many leads this week as `reps.weekly_cap`.
    WeeklyCap { cap: i64 },
    /// Has as many open leads as `reps.max_open_leads`.
    OpenLeads { cap: i64 },
    /// Is being counted by another transaction, and has caps that must be kept.
    Counted,
}
