//! The lead as the layers see it.

pub mod account;
pub mod company_name;
pub mod exact;
pub mod language;
pub mod normalize;
pub mod phone;
pub mod quantity;
pub mod score;
pub mod status;
pub mod tenant;
pub mod value;
pub mod words;

use crate::lead::quantity::Quantity;
use crate::lead::status::Status;
use crate::span::Span;
use crate::Micros;
use serde::{Deserialize, Serialize};

/// The columns of `leadroute.leads` that routing reads. Values are as the app gave them until
/// [`crate::routing::layers::intake`] has cleaned them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lead {
    /// Key of the row; `None` for a lead that is only previewed.
    pub id: Option<i64>,
    /// The organisation that it belongs to.
    pub tenant: String,
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
    /// What is known of the two where only a range is.
    pub ranges: Ranges,
    /// Product of interest.
    pub product: Option<String>,
    /// Language that the buyer speaks.
    pub language: Option<String>,
    /// Score given by qualification; `None` counts as 0.
    pub score: Option<f64>,
    /// The score as it is written, where a double is not exact.
    pub exact_score: Option<String>,
    /// Name of the trigger event.
    pub event: Option<String>,
    /// When the buyer acted.
    pub occurred_at: Option<Micros>,
    /// Where the lead came from.
    pub source: Option<String>,
    /// What its row says of its life already.
    pub given: Given,
}

/// Ranges as CRMs write them, such as `51-200`. A rule takes a range that lies within its own.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ranges {
    /// Of the number of employees.
    pub employees: Option<Span<i32>>,
    /// Of the annual revenue.
    pub annual_revenue: Option<Span<f64>>,
}

impl Ranges {
    /// Of texts; what is no range is left out.
    pub fn of(employees: Option<&str>, annual_revenue: Option<&str>) -> Self {
        let range = |text: Option<&str>| match quantity::read(text?)? {
            Quantity::Between(low, high) => Some((low, high)),
            Quantity::Exact(_) => None,
        };
        // a float that is out of range becomes the nearest integer
        let whole = |(low, high): (f64, Option<f64>)| Span::closed(low as i32, high.map(|high| high as i32));
        let revenue = |(low, high)| Span::closed(low, high);
        Self { employees: range(employees).map(whole), annual_revenue: range(annual_revenue).map(revenue) }
    }
}

/// The tenant of a lead whose tenant cannot be read. No rep works for it, so the lead waits in the catch-all queue, and it
/// is nobody's touch.
pub const UNKNOWN_TENANT: &str = "?";

/// What the row of an app says of the life of a new lead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Given {
    /// Who owns it, as it stands in the row, and the rep that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<(String, Option<String>)>,
    /// The queue in which it waits, where it has no owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Worked on, closed, or in nurture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// When somebody answered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Micros>,
    /// It was there before routing was: its owner keeps it, nobody is told, no clock starts, and it is nobody's touch.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// It came while routing was off: a rep has time to answer from now on, whenever the buyer acted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub waited_for_routing: bool,
    /// Who has it, where a lead is routed again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// Criteria gave the score that it has: it is routed as if it had none. A replay tells it by the trace.
    #[serde(skip)]
    pub is_scored: bool,
}

/// Who has a lead that is routed again because the app has corrected it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holder {
    /// The rep.
    pub rep: String,
    /// The pool whose turn it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// Whether somebody else gets the lead if they cannot answer in time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub must_answer: bool,
}

impl Given {
    /// The rep who owns it.
    pub fn rep(&self) -> Option<&str> {
        self.owner.as_ref().and_then(|(_, rep)| rep.as_deref())
    }

    /// Whether a rep has the lead already.
    pub fn is_held_by(&self, rep: &str) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.rep == rep)
    }

    /// Whether it says where the lead is.
    pub fn has_place(&self) -> bool {
        self.owner.is_some() || self.queue.is_some() || self.status == Some(Status::Nurture)
    }

    /// The status, if the work has ended.
    pub fn closed(&self) -> Option<Status> {
        self.status.filter(|status| status.is_closed())
    }
}

/// A value of the lead that intake could not use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Problem {
    pub field: String,
    /// Continues a sentence that starts with the field: 'is not an address'.
    pub what: String,
}

/// Identity of a person: the e-mail address, or the phone number where there is no e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "key")]
pub enum Person {
    /// Lower-case address without plus-tag.
    Email(String),
    /// E.164: `+4930123456`.
    Phone(String),
}

impl Person {
    /// The key as it is stored in `leads.person_key`.
    pub fn key(&self) -> &str {
        match self {
            Self::Email(key) | Self::Phone(key) => key,
        }
    }
}

/// A lead after intake.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CleanLead {
    /// The values that rules are compared with: folded to lower case, countries upper case.
    pub lead: Lead,
    /// The e-mail address to store; `None` leaves the given one.
    pub email: Option<String>,
    /// The industry to store; `None` leaves the given one.
    pub industry: Option<String>,
    /// The language to store, as a tag of BCP 47; `None` leaves the given one.
    pub language: Option<String>,
    /// The phone number to store, in E.164; `None` leaves the given one.
    pub phone: Option<String>,
    /// The extension that was given with it.
    pub extension: Option<String>,
    /// Who the person is.
    pub person: Option<Person>,
    /// The score to store, which criteria gave; `None` leaves the given one.
    pub scored: Option<f64>,
    /// Names of the mail or web host, longest first; empty without a usable domain.
    pub names: Vec<String>,
    /// Public suffixes that the names lie below, longest first: `ac.uk`.
    pub suffixes: Vec<String>,
    /// The names without free-mail and disposable domains; set when the lists have been asked.
    pub company_names: Vec<String>,
    /// Values that could not be read at all.
    pub unreadable: Vec<Problem>,
    /// Values that were read but are unknown or were changed.
    pub notes: Vec<Problem>,
}
