//! What reports read in the traces of decisions. A trace may be of an earlier version, or of somebody else: what cannot be read
//! says nothing.

mod candidate;
mod candidates;
mod full_trace;
mod pool_shares;
