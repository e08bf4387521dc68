//! What a lead said before it is corrected is kept: decisions were made by it.

use crate::db::lead::correction;
use crate::db::lead::row::LeadRow;
use crate::db::pg::function::sql_function;
use crate::db::pg::security::AsOwner;
use crate::db::pg::spi;
use crate::db::pg::trigger_data::{Call, On, When, UPDATE};
use pgrx::pg_sys::{self, Datum};

sql_function! {
    /// `leadroute_internal.lead_corrected()`: row trigger, after an update of `leads` and before others.
    leadroute_lead_corrected, pg_finfo_leadroute_lead_corrected, lead_corrected
}

const CALL: Call =
    Call { function: "lead_corrected", on: On::Table("leads"), when: When::AfterRow, events: UPDATE };

unsafe fn lead_corrected(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuples and relation are valid.
    let (old, new) = unsafe {
        let data = CALL.data(fcinfo);
        let shape = (*data.tg_relation).rd_att;
        (LeadRow::new(data.tg_trigtuple, shape), LeadRow::new(data.tg_newtuple, shape))
    };
    if correction::may_differ(&old, &new) {
        let _owner = AsOwner::begin();
        let ((old, type_id), (new, _)) = (old.composite(), new.composite());
        let keep = "SELECT leadroute_internal.keep_corrected($1, $2)".to_owned();
        spi::ask((keep, vec![type_id, type_id]), &[Some(old), Some(new)], false, |_| ());
    }
    Datum::from(0)
}
