//! Whom routing asks for what is missing of a lead.

use serde::Deserialize;

/// What a provider does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// Gives a score.
    Qualify,
    /// Knows fields.
    Enrich,
    /// Writes to the buyer, by the playbook.
    Sequence,
}

/// One row of `providers`.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Provider {
    pub name: String,
    pub kind: ProviderKind,
    /// It is asked where one of these is missing.
    #[serde(default)]
    pub fields: Vec<String>,
    pub tenants: Option<Vec<String>>,
}
