//! What the extension has made outside of itself goes with it: jobs of pg_cron. Event triggers of an extension are gone
//! when `sql_drop` would fire for it, so the command is looked at before it runs; if it fails, the jobs stay.

use crate::db::errors;
use crate::db::pg::function::sql_function;
use crate::db::pg::spi::text;
use crate::db::queries;
use pgrx::pg_sys::{self, Datum, NodeTag, ObjectType, RoleSpecType};
use pgrx::IntoDatum;
use std::ffi::CStr;

sql_function! {
    /// `leadroute_internal.extension_dropping()`: event trigger, before something is dropped.
    leadroute_extension_dropping, pg_finfo_leadroute_extension_dropping, extension_dropping
}

unsafe fn extension_dropping(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: the node tag says that the context is that of an event trigger.
    let command = unsafe {
        let context = (*fcinfo).context;
        if context.is_null() || (*context).type_ != NodeTag::T_EventTriggerData {
            errors::not_a_trigger("extension_dropping");
        }
        (*context.cast::<pg_sys::EventTriggerData>()).parsetree
    };
    // SAFETY: PostgreSQL has parsed it.
    if let Some((kind, names)) = unsafe { dropped(command) } {
        let arguments = [text(Some(kind)), names.into_datum()];
        if queries::IS_DROPPED_WITH.first(&arguments, |row| row.get::<bool>(1)).flatten() == Some(true) {
            queries::JOBS_GONE.returning(&[], |_| ());
        }
    }
    Datum::from(0)
}

/// What a command drops, if the extension may go with it: extensions, schemas, or what roles own.
unsafe fn dropped(command: *mut pg_sys::Node) -> Option<(&'static str, Vec<String>)> {
    // SAFETY: a node is of the type that its tag names; lists have as many elements as they say.
    unsafe {
        match (*command).type_ {
            NodeTag::T_DropStmt => {
                let statement = command.cast::<pg_sys::DropStmt>();
                let kind = match (*statement).removeType {
                    ObjectType::OBJECT_EXTENSION => "extension",
                    ObjectType::OBJECT_SCHEMA => "schema",
                    _ => return None,
                };
                Some((kind, elements((*statement).objects).map(|name| name_of(name)).collect()))
            }
            NodeTag::T_DropOwnedStmt => {
                let roles = (*command.cast::<pg_sys::DropOwnedStmt>()).roles;
                let name = |role: *mut pg_sys::Node| {
                    let role = role.cast::<pg_sys::RoleSpec>();
                    // this function itself runs as the owner of the extension
                    let oid = match (*role).roletype {
                        RoleSpecType::ROLESPEC_CURRENT_USER | RoleSpecType::ROLESPEC_CURRENT_ROLE => {
                            pg_sys::GetOuterUserId()
                        }
                        _ => pg_sys::get_rolespec_oid(role, true),
                    };
                    let name = pg_sys::GetUserNameFromId(oid, true);
                    (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
                };
                Some(("role", elements(roles).filter_map(name).collect()))
            }
            _ => None,
        }
    }
}

/// The nodes in a list.
unsafe fn elements(list: *mut pg_sys::List) -> impl Iterator<Item = *mut pg_sys::Node> {
    // SAFETY: the caller vouches for the list.
    let count = if list.is_null() { 0 } else { unsafe { (*list).length as usize } };
    // SAFETY: it has as many elements.
    (0..count).map(move |n| unsafe { (*(*list).elements.add(n)).ptr_value.cast() })
}

/// The text of a name.
unsafe fn name_of(node: *mut pg_sys::Node) -> String {
    #[cfg(feature = "pg14")]
    // SAFETY: the grammar makes names of extensions and schemas such nodes.
    let name = unsafe { (*node.cast::<pg_sys::Value>()).val.str_ };
    #[cfg(not(feature = "pg14"))]
    // SAFETY: as above.
    let name = unsafe { (*node.cast::<pg_sys::String>()).sval };
    // SAFETY: it ends with a zero.
    unsafe { CStr::from_ptr(name).to_string_lossy().into_owned() }
}
