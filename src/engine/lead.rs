//! The lead as the layers see it.

use crate::Micros;

/// The columns of `leadroute.leads` that routing reads. Values are as the app gave them until
/// [`crate::layers::intake`] has cleaned them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lead {
    /// Key of the row; `None` for a lead that is only previewed.
    pub id: Option<i64>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number in any notation.
    pub phone: Option<String>,
    /// Company name.
    pub company: Option<String>,
    /// Company web site, with or without scheme and path.
    pub website: Option<String>,
    /// Account key in the CRM, equal to `accounts.id`.
    pub crm_account_id: Option<String>,
    /// Country: ISO 3166-1 code or name.
    pub country: Option<String>,
    /// Region or state.
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Industry.
    pub industry: Option<String>,
    /// Number of employees.
    pub employees: Option<i32>,
    /// Annual revenue; compared as a double, so exact to 15 digits.
    pub annual_revenue: Option<f64>,
    /// Product of interest.
    pub product: Option<String>,
    /// Language that the buyer speaks.
    pub language: Option<String>,
    /// Score given by qualification; `None` counts as 0.
    pub score: Option<f64>,
    /// Name of the trigger event.
    pub event: Option<String>,
    /// When the buyer acted.
    pub occurred_at: Option<Micros>,
    /// Where the lead came from.
    pub source: Option<String>,
}
