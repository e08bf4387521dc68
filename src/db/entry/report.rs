//! The page of `report_html()` and the text of `rules_diagram()`: both are drawn from JSON that SQL has collected.

use crate::db::errors;
use crate::db::pg::function::{argument, sql_function};
use leadroute_report::diagram::{self, Format};
use leadroute_report::page;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};

sql_function! {
    /// `leadroute_internal.report_page(text)`
    leadroute_report_page, pg_finfo_leadroute_report_page, report_page
}

sql_function! {
    /// `leadroute_internal.diagram_text(text, text)`
    leadroute_diagram_text, pg_finfo_leadroute_diagram_text, diagram_text
}

unsafe fn report_page(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, text.
    let data = unsafe { text(fcinfo, 0) }.unwrap_or_default();
    match page::page(&data) {
        Ok(page) => page.into_datum().unwrap_or(Datum::from(0)),
        Err(error) => errors::not_drawable("report", &error.to_string()),
    }
}

unsafe fn diagram_text(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: text, text.
    let (rules, format) = unsafe { (text(fcinfo, 0).unwrap_or_default(), text(fcinfo, 1)) };
    let Some(format) = format.as_deref().and_then(Format::named) else {
        errors::no_such_format(format.as_deref(), &Format::NAMES);
    };
    match diagram::diagram(&rules, format) {
        Ok(diagram) => diagram.into_datum().unwrap_or(Datum::from(0)),
        Err(error) => errors::not_drawable("diagram", &error.to_string()),
    }
}

/// # Safety
/// As `argument`, and argument `n` is a text.
unsafe fn text(fcinfo: pg_sys::FunctionCallInfo, n: usize) -> Option<String> {
    // SAFETY: the caller vouches for it.
    unsafe { argument(fcinfo, n).and_then(|datum| String::from_datum(datum, false)) }
}
