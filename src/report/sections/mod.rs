//! The parts of the page. Each begins with a sentence that says what is seen.

pub mod calibration;
pub mod changes;
pub mod fairness;
pub mod flow;
pub mod headline;
pub mod health;
pub mod misroutes;
pub mod sla;
pub mod speed;
pub mod territories;
pub mod trend;

/// Rows of a chart; its table has all.
pub const DRAWN: usize = 15;

/// A name as the page has it where there is none, with its tenant where several are shown.
pub fn named(name: Option<&str>, tenant: &str) -> String {
    let name = name.filter(|name| !name.is_empty()).unwrap_or("none");
    if tenant.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({tenant})")
    }
}
