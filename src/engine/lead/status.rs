//! Where a lead stands.

use serde::{Deserialize, Serialize};

/// `leads.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not routed yet.
    New,
    /// A rep has it.
    Assigned,
    /// It waits in a queue.
    Queued,
    /// Marketing keeps it warm.
    Nurture,
    /// A rep works on it.
    Working,
    /// A rep has found that it is worth the work.
    Qualified,
    /// A touch of an earlier lead.
    Merged,
    /// It became a deal.
    Converted,
    /// It became no deal.
    Lost,
    /// It was no lead after all.
    Disqualified,
}

impl Status {
    const ALL: [Self; 10] = [
        Self::New,
        Self::Assigned,
        Self::Queued,
        Self::Nurture,
        Self::Working,
        Self::Qualified,
        Self::Merged,
        Self::Converted,
        Self::Lost,
        Self::Disqualified,
    ];

    /// The status of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// The name as it stands in `leads.status`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Assigned => "assigned",
            Self::Queued => "queued",
            Self::Nurture => "nurture",
            Self::Working => "working",
            Self::Qualified => "qualified",
            Self::Merged => "merged",
            Self::Converted => "converted",
            Self::Lost => "lost",
            Self::Disqualified => "disqualified",
        }
    }

    /// Whether the work on it has ended: a later submit of the person is a new lead.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Converted | Self::Lost | Self::Disqualified)
    }

    /// Whether it may be without owner and queue.
    pub fn needs_nobody(self) -> bool {
        self == Self::Nurture || self.is_closed()
    }

    /// Whether a rep has it to work on, so that it counts as an open lead of theirs.
    pub const fn is_with_rep(self) -> bool {
        matches!(self, Self::Assigned | Self::Working | Self::Qualified)
    }

    /// Whether a rep has taken it up.
    pub const fn is_taken_up(self) -> bool {
        matches!(self, Self::Working | Self::Qualified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_a_name_of_its_own() {
        for status in Status::ALL {
            assert_eq!(Status::named(status.name()), Some(status));
        }
        assert_eq!(Status::named("won"), None);
    }
}
