//! The report page of leadroute, and its rules as a diagram. Data comes in as JSON, text goes out; nothing here knows
//! PostgreSQL, reads a clock, or asks for anything from outside.
//!
//! A module imports only from modules below it in this list; `make lint` checks that:
//!
//! 1. [`page`]: the whole page
//! 2. [`sections`]: its parts, each with a sentence, charts and their numbers
//! 3. [`html`]: sections, figures and tables
//! 4. [`charts`] and [`sankey`]: pictures
//! 5. [`diagram`]: rules as text for Mermaid and Graphviz
//! 6. [`words`]: numbers and names as people read them
//! 7. [`data`]: what is shown

pub mod charts;
pub mod data;
pub mod diagram;
pub mod html;
pub mod page;
pub mod sankey;
pub mod sections;
pub mod words;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
