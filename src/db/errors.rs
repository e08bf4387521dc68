//! Every error and warning that Rust code raises, with its SQLSTATE and a hint that states the remedy.

mod attached;
mod change;
mod report;

pub use attached::*;
pub use change::*;
use pgrx::PgSqlErrorCode;
use report::{raise, warn};

/// A lead is corrected while the rules cannot be read: its values stay as they are given.
pub fn warn_not_cleaned(sqlstate: &str, message: &str) {
    warn(
        format!("a lead was cleaned without rules: {message}"),
        sqlstate,
        "Mend the rules; see leadroute.config_problems.",
    );
}

/// The step of the ladder failed.
pub fn warn_not_escalated(id: i64, sqlstate: &str, message: &str) {
    let message = format!("lead {id} could not be escalated: {message}");
    warn(message, sqlstate, "Fix what the message names; the lead is tried again in a minute.");
}

/// A corrected lead keeps its decision, since another cannot be made.
pub fn warn_not_routed_again(lead: i64, sqlstate: &str, message: &str) {
    let message = format!("lead {lead} was corrected and stays where it is: {message}");
    warn(message, sqlstate, "Mend the cause, then call leadroute.reroute_lead().");
}

/// The clock of a lead is not touched, since the policies cannot be read.
pub fn warn_clock_stays(lead: i64, sqlstate: &str, message: &str) {
    let message = format!("the clock of lead {lead} goes on as it was: {message}");
    warn(message, sqlstate, "Mend the routing tables; see leadroute.config_problems.");
}

/// How far a preview is.
pub fn tell_progress(is_after: bool, leads: i64) {
    let rules = if is_after { "after" } else { "before" };
    pgrx::notice!("{leads} leads are routed by the rules {rules} the change");
}

/// A lead could not be merged into the first one of its person.
pub fn warn_not_merged(id: i64, sqlstate: &str, message: &str) {
    let message = format!("lead {id} could not be merged: {message}");
    warn(message, sqlstate, "Fix what the message names; the lead is tried again by the next run.");
}

/// A lead that was there without routing could not be taken in.
pub fn warn_lead_not_adopted(id: i64, sqlstate: &str, message: &str) {
    let message = format!("lead {id} was not adopted: {message}");
    warn(message, sqlstate, "Mend the cause, and call leadroute.adopt_leads() again.");
}

/// A held lead could not be handed out.
pub fn warn_not_assigned(id: i64, sqlstate: &str, message: &str) {
    let message = format!("lead {id} could not be assigned: {message}");
    warn(message, sqlstate, "Fix what the message names; the lead stays in its queue and is tried again.");
}

/// A lead stays with a rep who hands over.
pub fn warn_not_handed_over(id: i64, sqlstate: &str, message: &str) {
    let message = format!("lead {id} could not be handed over: {message}");
    warn(message, sqlstate, "Fix what the message names, and call hand_over_leads again.");
}

/// Too many leads of a rep who hands over are held by others.
pub fn warn_not_all_handed_over(rep: &str) {
    let message =
        format!("not all leads of rep \"{rep}\" could be handed over: others hold too many of them");
    warn(message, "55P03", "Call hand_over_leads again.");
}

/// The argument is not a JSON object.
pub fn not_an_object(function: &str, kind: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("{function} expects a JSON object, not {kind}"),
        "Pass one lead, for example '{\"email\": \"ada@acme.com\", \"event\": \"demo_request\"}'.",
    )
}

/// There is no such lead.
pub fn no_such_lead(id: i64) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
        format!("lead {id} does not exist"),
        "Look it up in leadroute.leads.",
    )
}

/// What is kept of a decision is not what replaying reads.
pub fn cannot_replay(id: i64, why: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
        format!("decision {id} cannot be replayed: {why}"),
        "Somebody has changed decisions, config_seen or config_history by hand, or another version of leadroute wrote them.",
    )
}

/// There is no such decision.
pub fn no_such_decision(id: i64) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
        format!("decision {id} does not exist"),
        "Look it up in leadroute.audit_log.",
    )
}

/// A decision without a turn has none to give back.
pub fn took_no_turn(id: i64) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("decision {id} took no turn"),
        "Only decisions by rotation (layer distribution, or an escalation to the next rep) take turns.",
    )
}

/// The pool is deleted, and its turns with it.
pub fn pool_is_gone(id: i64, pool: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("pool \"{pool}\" of decision {id} does not exist any more"),
        "There is no rotation to give the turn back to.",
    )
}

/// A closed lead is not routed again.
pub fn is_closed(lead: i64, status: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("lead {lead} is closed: {status}"),
        "Open it again by its status first, or record the new event of the buyer with leadroute.record_event().",
    )
}

/// A touch is not routed by itself.
pub fn is_a_touch(id: i64, first: i64) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("lead {id} is a touch of lead {first}"),
        "Route that lead instead.",
    )
}

/// A required argument is NULL.
pub fn null_argument(function: &str, argument: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
        format!("{function}: {argument} must not be null"),
        "Give a value.",
    )
}

/// A batch must be positive; `hint` says what leaving it out means.
pub fn bad_batch(batch: i32, hint: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("batch must be at least 1, not {batch}"),
        hint,
    )
}

/// Nothing is then.
pub fn infinite_moment(function: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("{function}: at must be a time that is not infinite"),
        "Leave it out for now.",
    )
}

/// Another open transaction has inserted the same external id.
pub fn submit_in_flight(external_id: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE,
        format!("lead with external_id \"{external_id}\" is being submitted by another transaction"),
        "Try again: nothing is lost, the other transaction has it, and once it has ended this call answers with that lead.",
    )
}

/// A row that says that it was routed is with nobody.
pub fn imported_to_nobody(id: i64) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_CHECK_VIOLATION,
        format!("lead {id} comes with routed_at and is with nobody"),
        "Give it an owner_id, a queue, or the status nurture; or leave routed_at out, and it is routed.",
    )
}

/// The external id is that of a lead of another tenant.
pub fn external_id_of_another_tenant(external_id: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_UNIQUE_VIOLATION,
        format!("external_id \"{external_id}\" is in use by another tenant"),
        "External ids are unique over all tenants: put the tenant into them.",
    )
}

/// A row was not routed because its lead was there; then the lead was deleted and the row inserted.
pub fn deleted_while_submitted() -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
        "a lead was deleted while it was being submitted again".to_owned(),
        "Try again: it is inserted as a new lead then.",
    )
}

/// A rep, queue or pool cannot be deleted or renamed while a lead is given to it.
pub fn is_being_given(kind: &str, name: &str) -> ! {
    let first = match kind {
        "rep" => "Set reps.active to false first; it counts at once. ",
        _ => "Take it out of the rules first; that counts at once. ",
    };
    raise(
        PgSqlErrorCode::ERRCODE_OBJECT_IN_USE,
        format!("{kind} \"{name}\" is being given a lead by an open transaction"),
        &format!("{first}Try again when the transaction has ended."),
    )
}

/// A lead cannot be given to what is being deleted or renamed.
pub fn is_being_closed(kind: &str, name: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_OBJECT_IN_USE,
        format!("{kind} \"{name}\" is being deleted or renamed by an open transaction"),
        "Try again when the transaction has ended, or choose another.",
    )
}

/// A lead cannot be given to what is not there.
pub fn is_gone(kind: &str, name: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_FOREIGN_KEY_VIOLATION,
        format!("{kind} \"{name}\" does not exist"),
        &format!("Insert the {kind} into leadroute.{kind}s first."),
    )
}

/// A trigger of the user dropped the row.
pub fn row_was_dropped() -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION,
        "the lead was not inserted".to_owned(),
        "A BEFORE INSERT trigger of yours on leadroute.leads returned NULL.",
    )
}

/// A trigger function was called outside its trigger.
pub fn not_a_trigger(function: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
        format!("{function} can only be called by the triggers of leadroute"),
        "Do not create triggers with it.",
    )
}

/// The routing tables could not be compiled.
pub fn unreadable_config(what: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_CONFIG_FILE_ERROR,
        format!("routing tables could not be read: {what}"),
        "Compare leadroute.rules_json() and leadroute.roster_json() with the tables.",
    )
}

/// A value that a routing table does not take.
pub fn not_allowed(column: &str, value: &str, allowed: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_CHECK_VIOLATION,
        format!("{column}: {value} is not allowed"),
        &format!("Allowed is {allowed}."),
    )
}

/// A value of a routing table that no lead can be compared with.
pub fn rule_refused(column: &str, value: &str, what: &str, hint: &str) {
    raise(PgSqlErrorCode::ERRCODE_CHECK_VIOLATION, format!("{column}: \"{value}\" {what}"), hint);
}

/// A column of leads cannot be read.
pub fn column_has_another_type(column: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
        format!("column \"{column}\" of a table of leadroute has another type than leadroute expects"),
        "Change it back with ALTER TABLE, and keep values of your own in attributes or in a column of your own.",
    )
}

/// The objects of the extension are not where they belong.
pub fn broken_installation(what: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
        format!("{what} of extension leadroute is missing"),
        "Drop and create the extension again, after a dump of its data.",
    )
}

/// A row names another one that is not there.
pub fn names_nothing(table: &str, column: &str, value: &str, parent: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_FOREIGN_KEY_VIOLATION,
        format!("{column} \"{value}\" of table \"{table}\" is not present in table \"{parent}\""),
        &format!("Insert it into leadroute.{parent} first."),
    )
}

/// A row is deleted that another one names.
pub fn is_still_named(table: &str, value: &str, child: &str, column: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_FOREIGN_KEY_VIOLATION,
        format!("\"{value}\" cannot be deleted from table \"{table}\": {column} of table \"{child}\" still names it"),
        &format!("Change leadroute.{child} first."),
    )
}

/// A table is emptied whose rows another one names.
pub fn rows_are_still_named(table: &str, child: &str, column: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_FOREIGN_KEY_VIOLATION,
        format!("table \"{table}\" cannot be truncated: {column} of table \"{child}\" still names its rows"),
        &format!("Truncate leadroute.{child} in the same command."),
    )
}

/// A row that only the extension should write was changed by another session.
pub fn changed_by_hand(table: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
        format!("a row of leadroute.{table} was changed by somebody else at the same time"),
        "Try again. Only leadroute itself should write to that table.",
    )
}

/// A function that only the extension may call.
pub fn only_for_the_extension(function: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("{function} can only be called by functions of leadroute"),
        "Call a function of schema leadroute instead.",
    )
}

/// A report reads more than processes can hand over to each other.
pub fn too_much_for_a_report() -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        "a report cannot add up so many leads at once".to_owned(),
        "Ask for a shorter period, or for one tenant.",
    )
}

/// The empty fields of a first lead could not be filled from its touch.
pub fn warn_not_filled(first: i64, touch: i64, sqlstate: &str, message: &str) {
    let message = format!("lead {first} was not filled from its touch {touch}: {message}");
    warn(message, sqlstate, "Both leads are as they were; copy by hand what is missing.");
}

/// Rows of an attached table cannot be found.
pub fn primary_key_is_gone(table: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("attached table {table} has no primary key any more"),
        "Give it one and attach it again, or detach it.",
    )
}

/// A diagram in a format that there is none of.
pub fn no_such_format(format: Option<&str>, known: &[&str]) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        format!(
            "there is no diagram in format {}",
            format.map_or("NULL".to_owned(), |name| format!("\"{name}\""))
        ),
        &format!("Formats are {}.", known.join(" and ")),
    )
}

/// What is to be drawn is not what SQL collects for it: somebody made it up, or library and script are of different versions.
pub fn not_drawable(what: &str, problem: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("the {what} cannot be drawn: {problem}"),
        "Call report_html() or rules_diagram(); if they fail with this, library and SQL functions are of different versions: run ALTER EXTENSION leadroute UPDATE.",
    )
}
