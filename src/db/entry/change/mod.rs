//! Change requests: SQL that changes rules, checked when it is proposed and again when it runs.

mod apply;
mod propose;
mod required;
mod run;
mod sql_check;
mod sql_parts;
mod sql_time;
mod touched;
