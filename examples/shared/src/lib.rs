//! What the listener and the worker have in common: the environment, pauses, and how they sleep and stop.

pub mod backoff;
pub mod environment;
pub mod listening;
pub mod process;
