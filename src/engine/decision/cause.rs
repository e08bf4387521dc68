//! Why a decision was made.

/// `decisions.cause` of decisions that routing makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A row of `leads` was inserted.
    Insert,
    /// `route_lead` was called.
    RouteLead,
    /// A row of an attached table was inserted.
    Attach,
    /// Routing takes in a row of `leads` that was inserted without it.
    Adopt,
    /// Somebody asked for a new decision, or housekeeping did.
    Reroute,
    /// The rep who has the lead goes away.
    HandOver,
    /// The app has corrected what the lead was routed by.
    Enrichment,
    /// The buyer did something that shows more intent.
    Event,
    /// Nobody answered in time.
    Escalation,
    /// The lead waited in a queue.
    AutoAssign,
}

impl Cause {
    /// The name as it stands in `decisions.cause`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insert | Self::Adopt => "insert",
            Self::RouteLead => "route_lead",
            Self::Attach => "attach",
            Self::Reroute | Self::HandOver => "reroute",
            Self::Enrichment => "enrichment",
            Self::Event => "event",
            Self::Escalation => "escalation",
            Self::AutoAssign => "auto_assign",
        }
    }

    /// Whether the decision is about a new lead, not about one that is there already.
    pub const fn is_arrival(self) -> bool {
        matches!(self, Self::Insert | Self::RouteLead | Self::Attach)
    }

    /// Whether an app or a buyer did something that must not fail because routing does; otherwise somebody has asked for
    /// a decision, and can ask again.
    pub const fn may_fall_back(self) -> bool {
        self.is_arrival() || matches!(self, Self::Enrichment | Self::Event)
    }

    /// Whether the running clock goes on; any other decision stops it, and starts a new one if it needs one.
    pub const fn keeps_clock(self) -> bool {
        matches!(self, Self::Escalation | Self::AutoAssign | Self::HandOver | Self::Adopt)
    }
}
