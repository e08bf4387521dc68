//! Rules are stored as leads are compared with them: the triggers of routing tables clean each value, or refuse it.

use crate::db::errors;
use crate::db::indexes::COUNTRY_ALIASES;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::security::AsOwner;
use crate::db::pg::trigger_data::{arguments, Call, On, When, INSERT, UPDATE};
use crate::db::pg::tuple::{Replaced, Values};
use crate::db::state::lookups;
use crate::db::state::restoring::is_within_restore;
use leadroute_engine::lead::normalize;
use leadroute_engine::rules::clean::{Form, Refused};
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use std::ffi::CString;

sql_function! {
    /// `leadroute_internal.clean_rule()`: row trigger, before a rule is written. Arguments are columns with what they hold.
    leadroute_clean_rule, pg_finfo_leadroute_clean_rule, clean_rule
}

sql_function! {
    /// `leadroute_internal.cleaned(text, text)`
    leadroute_cleaned, pg_finfo_leadroute_cleaned, cleaned
}

sql_function! {
    /// `leadroute_internal.person_of(text)`
    leadroute_person_of, pg_finfo_leadroute_person_of, person_of
}

const CALL: Call =
    Call { function: "clean_rule", on: On::Ours, when: When::BeforeRow, events: INSERT | UPDATE };

/// A value as it is stored.
fn clean(form: Form<'_>, given: &str) -> Result<String, Refused> {
    let alias = |name: &str| {
        let _owner = AsOwner::begin();
        COUNTRY_ALIASES.text(name, |row| row.get::<String>(2))
    };
    let country = |name: &str| {
        let _owner = AsOwner::begin();
        lookups::country(name)
    };
    form.clean(given, &mut { alias }, &mut { country })
}

unsafe fn clean_rule(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for a row that is written; tuple and relation are valid.
    unsafe {
        let data = CALL.data(fcinfo);
        let is_update = data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK == pg_sys::TRIGGER_EVENT_UPDATE;
        let tuple = if is_update { data.tg_newtuple } else { data.tg_trigtuple };
        let desc = (*data.tg_relation).rd_att;
        let values = Values::of(tuple, desc);
        let before = is_update.then(|| Values::of(data.tg_trigtuple, desc));
        let mut replaced = Replaced::none(desc);
        let mut is_changed = false;
        for pair in arguments(data).chunks_exact(2) {
            let [column, form] = pair else { continue };
            let (place, type_id) = column_of(desc, column);
            let Some(value) = values.get(place) else { continue };
            // what stood there may be older than this check: a change of another column is no reason to refuse it
            let old = before.as_ref().and_then(|before| before.get(place));
            if old.is_some_and(|old| is_same(old, value, type_id)) {
                continue;
            }
            let table = || std::ffi::CStr::from_ptr(pg_sys::get_rel_name((*data.tg_relation).rd_id));
            let refuse = |value: &str, refused: Refused| {
                let place = format!("{}.{column}", table().to_string_lossy());
                errors::rule_refused(&place, value, &refused.what, &refused.hint)
            };
            if let Some(clean) = clean_value(value, type_id, Form::named(form), column, &refuse) {
                replaced.set(place, Some(clean));
                is_changed = true;
            }
        }
        Datum::from(if is_changed { replaced.in_tuple(tuple) } else { tuple })
    }
}

/// Place and type of a column.
unsafe fn column_of(desc: pg_sys::TupleDesc, column: &str) -> (usize, pg_sys::Oid) {
    let name = CString::new(column).unwrap_or_default();
    // SAFETY: looks a name and its type up in the descriptor.
    let (number, type_id) = unsafe {
        let number = pg_sys::SPI_fnumber(desc, name.as_ptr());
        if number <= 0 {
            errors::column_has_another_type(column);
        }
        (number, pg_sys::getBaseType(pg_sys::SPI_gettypeid(desc, number)))
    };
    (usize::try_from(number - 1).unwrap_or(usize::MAX), type_id)
}

/// # Safety
/// Both must be of the type.
unsafe fn is_same(one: Datum, other: Datum, type_id: pg_sys::Oid) -> bool {
    // SAFETY: the caller vouches for the type.
    unsafe {
        match type_id {
            pg_sys::TEXTOID => String::from_datum(one, false) == String::from_datum(other, false),
            pg_sys::TEXTARRAYOID => {
                let list = |datum| Vec::<Option<String>>::from_datum(datum, false);
                list(one) == list(other)
            }
            _ => false,
        }
    }
}

/// The value as it is stored; `None` where it is so already. What cannot be read is refused, but for a restore, which
/// brings what was there.
unsafe fn clean_value(
    value: Datum,
    type_id: pg_sys::Oid,
    form: Form<'_>,
    column: &str,
    refuse: &dyn Fn(&str, Refused),
) -> Option<Datum> {
    let clean = |given: &String| match clean(form, given) {
        Ok(clean) => clean,
        Err(refused) => {
            if !is_within_restore() {
                refuse(given, refused);
            }
            given.clone()
        }
    };
    // SAFETY: the type of the column was looked up.
    unsafe {
        match type_id {
            pg_sys::TEXTOID => {
                let given = String::from_datum(value, false)?;
                let clean = clean(&given);
                (clean != given).then(|| clean.into_datum())?
            }
            pg_sys::TEXTARRAYOID => {
                let given = Vec::<Option<String>>::from_datum(value, false)?;
                let given: Vec<String> = given.into_iter().flatten().collect();
                let mut list: Vec<String> = Vec::with_capacity(given.len());
                for clean in given.iter().map(clean) {
                    if !list.contains(&clean) {
                        list.push(clean);
                    }
                }
                (list != given).then(|| list.into_datum())?
            }
            _ => errors::column_has_another_type(column),
        }
    }
}

/// A value ($2) in a form ($1); NULL if it cannot be read.
unsafe fn cleaned(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, text, text; the call info is valid.
    unsafe {
        let value = |n| argument(fcinfo, n).and_then(|datum| String::from_datum(datum, false));
        let (form, given) = (value(0).unwrap_or_default(), value(1).unwrap_or_default());
        let clean = clean(Form::named(&form), &given).ok();
        clean.and_then(IntoDatum::into_datum).unwrap_or_else(|| null(fcinfo))
    }
}

/// The person whom an address stands for.
unsafe fn person_of(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, text; the call info is valid.
    unsafe {
        let email = argument(fcinfo, 0).and_then(|datum| String::from_datum(datum, false));
        let person = email.map(|email| normalize::email(&email).map_or(email, |address| address.key));
        person.and_then(IntoDatum::into_datum).unwrap_or_else(|| null(fcinfo))
    }
}
