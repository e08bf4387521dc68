//! Queries with kept plans, each under a snapshot taken just before it runs.
//!
//! A read after waiting for a lock must not use the snapshot from before the wait, and at REPEATABLE
//! READ not the one of the transaction either; so every query gets `GetLatestSnapshot()`, after a
//! command counter increment that lets it see the rows this statement has inserted so far.

use crate::db::errors;
use crate::db::pg::catalog;
use crate::db::pg::security::SafeSettings;
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::{FromDatum, IntoDatum};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{c_char, CStr, CString};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A query that is prepared once per session.
pub struct Query {
    sql: &'static str,
    types: &'static [Oid],
    options: u32,
    plan: AtomicPtr<pg_sys::_SPI_plan>,
}

impl Query {
    /// A query with the types of its parameters.
    pub const fn new(sql: &'static str, types: &'static [Oid]) -> Self {
        // One plan for all values: planning each time costs more than running.
        Self { sql, types, options: pg_sys::CURSOR_OPT_GENERIC_PLAN, plan: AtomicPtr::new(null_mut()) }
    }

    /// The same, planned anew for the values of each run.
    pub const fn planned_with_values(self) -> Self {
        Self { options: pg_sys::CURSOR_OPT_CUSTOM_PLAN, ..self }
    }

    /// Runs a query that only reads; `each` is called for every row.
    pub fn read<T>(&self, args: &[Option<Datum>], each: impl FnMut(Row) -> T) -> Vec<T> {
        self.run(args, true, each).1
    }

    /// The first row of a query that only reads.
    pub fn first<T>(&self, args: &[Option<Datum>], each: impl FnMut(Row) -> T) -> Option<T> {
        self.read(args, each).into_iter().next()
    }

    /// Runs a statement that writes; answers how many rows it touched.
    pub fn write(&self, args: &[Option<Datum>]) -> u64 {
        self.run(args, false, |_| ()).0
    }

    /// Runs a statement that writes and returns rows.
    pub fn returning<T>(&self, args: &[Option<Datum>], each: impl FnMut(Row) -> T) -> Vec<T> {
        self.run(args, false, each).1
    }

    fn run<T>(&self, args: &[Option<Datum>], read_only: bool, each: impl FnMut(Row) -> T) -> (u64, Vec<T>) {
        debug_assert_eq!(args.len(), self.types.len());
        // SAFETY: the plan has as many parameters; it is made while SPI is connected.
        unsafe { run(|| self.plan(), args, read_only, each) }
    }

    unsafe fn plan(&self) -> pg_sys::SPIPlanPtr {
        let kept = self.plan.load(Ordering::Relaxed);
        if !kept.is_null() {
            return kept;
        }
        // SAFETY: SPI is connected.
        let plan = unsafe { keep(self.sql, self.types, self.options) };
        self.plan.store(plan, Ordering::Relaxed);
        plan
    }
}

/// Prepares a statement for the rest of the session.
///
/// # Safety
/// SPI must be connected.
unsafe fn keep(sql: &str, types: &[Oid], options: u32) -> pg_sys::SPIPlanPtr {
    let sql = CString::new(sql).unwrap_or_default();
    // SAFETY: SPI copies the types.
    unsafe {
        let (count, types) = (types.len() as i32, types.as_ptr().cast_mut());
        let plan = pg_sys::SPI_prepare_cursor(sql.as_ptr(), count, types, options as i32);
        assert!(!plan.is_null(), "SPI_prepare failed: {}", { pg_sys::SPI_result });
        pg_sys::SPI_keepplan(plan);
        plan
    }
}

/// Runs the plan that `plan` answers while SPI is connected.
///
/// # Safety
/// `args` must be what the plan has parameters for.
unsafe fn run<T>(
    plan: impl FnOnce() -> pg_sys::SPIPlanPtr,
    args: &[Option<Datum>],
    read_only: bool,
    mut each: impl FnMut(Row) -> T,
) -> (u64, Vec<T>) {
    let mut rows = Vec::new();
    let _path = SafeSettings::begin();
    // SAFETY: connect and finish are paired (an error rolls back to a level that closes SPI); the
    // arrays are as long as the plan has parameters; rows are read before SPI frees them.
    unsafe {
        pg_sys::SPI_connect();
        execute(plan(), args, read_only);
        let processed = pg_sys::SPI_processed;
        if !pg_sys::SPI_tuptable.is_null() {
            let table = &*pg_sys::SPI_tuptable;
            for n in 0..processed as usize {
                let tuple = *table.vals.add(n);
                rows.push(each(Row { tuple, desc: table.tupdesc }));
            }
        }
        pg_sys::SPI_finish();
        (processed, rows)
    }
}

/// Text of a statement and types of its parameters.
pub type Written = (String, Vec<Oid>);

thread_local! {
    /// Plans of statements about tables of the user, by text, and the epoch in which they were made: PostgreSQL does
    /// not plan again when the row type of a parameter changes.
    static PLANS: RefCell<(u64, HashMap<Written, pg_sys::SPIPlanPtr>)> = RefCell::default();
    /// Statements with such plans that are running.
    static ASKING: Cell<u32> = const { Cell::new(0) };
}

/// Until it is dropped, plans are in use.
struct Asking;

impl Asking {
    fn begin() -> Self {
        if ASKING.get() == 0 {
            forget_old_plans();
        }
        ASKING.set(ASKING.get() + 1);
        Self
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        ASKING.set(ASKING.get().saturating_sub(1));
    }
}

fn forget_old_plans() {
    let old = PLANS.with_borrow_mut(|kept| match kept.0 == catalog::epoch() {
        true => HashMap::new(),
        false => {
            kept.0 = catalog::epoch();
            std::mem::take(&mut kept.1)
        }
    });
    // SAFETY: nobody runs them.
    old.into_values().for_each(|plan| unsafe {
        pg_sys::SPI_freeplan(plan);
    });
}

/// When a statement that is kept is planned.
#[derive(Clone, Copy)]
pub enum Planning {
    /// Once, for all values.
    Once,
    /// Each time, for the values that it has then.
    EachTime,
}

/// Runs a statement whose text is only known now, with a plan that is kept.
pub fn ask<T>(
    statement: Written,
    args: &[Option<Datum>],
    read_only: bool,
    each: impl FnMut(Row) -> T,
) -> Vec<T> {
    ask_planned(statement, Planning::Once, args, read_only, each)
}

/// The same; a text is always planned in the same way.
pub fn ask_planned<T>(
    statement: Written,
    planning: Planning,
    args: &[Option<Datum>],
    read_only: bool,
    each: impl FnMut(Row) -> T,
) -> Vec<T> {
    debug_assert_eq!(args.len(), statement.1.len());
    let _asking = Asking::begin();
    let plan = || {
        if let Some(plan) = PLANS.with_borrow(|kept| kept.1.get(&statement).copied()) {
            return plan;
        }
        let options = match planning {
            Planning::Once => pg_sys::CURSOR_OPT_GENERIC_PLAN,
            Planning::EachTime => pg_sys::CURSOR_OPT_CUSTOM_PLAN,
        };
        // SAFETY: SPI is connected when this is called.
        let plan = unsafe { keep(&statement.0, &statement.1, options) };
        PLANS.with_borrow_mut(|kept| kept.1.insert(statement, plan));
        plan
    };
    // SAFETY: the caller gives a value for each parameter.
    unsafe { run(plan, args, read_only, each) }.1
}

/// Runs a plan under a snapshot of now.
///
/// # Safety
/// SPI must be connected; `args` must be what the plan has parameters for.
pub unsafe fn execute(plan: pg_sys::SPIPlanPtr, args: &[Option<Datum>], read_only: bool) {
    let zero = Datum::from(0);
    let mut values: Vec<Datum> = args.iter().map(|arg| arg.unwrap_or(zero)).collect();
    let nulls: Vec<c_char> =
        (args.iter()).map(|arg| if arg.is_some() { b' ' } else { b'n' } as c_char).collect();
    // SAFETY: the arrays are as long as the plan has parameters.
    unsafe {
        pg_sys::CommandCounterIncrement();
        let (snapshot, fire) = (pg_sys::GetLatestSnapshot(), !read_only);
        let (values, nulls, none) = (values.as_mut_ptr(), nulls.as_ptr(), null_mut());
        let code = pg_sys::SPI_execute_snapshot(plan, values, nulls, snapshot, none, read_only, fire, 0);
        assert!(code > 0, "SPI_execute_snapshot failed: {code}");
    }
}

/// A name as SQL.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// One row of a result, valid during the callback.
#[derive(Clone, Copy)]
pub struct Row {
    /// The tuple.
    pub tuple: pg_sys::HeapTuple,
    /// Its tuple descriptor.
    pub desc: pg_sys::TupleDesc,
}

impl Row {
    /// Column `n`, counted from 1. Pass-by-reference values must be copied out. An error if the column has become
    /// another type, whose values would be misread.
    pub fn get<T: Held>(&self, n: i32) -> Option<T> {
        let mut isnull = false;
        // SAFETY: tuple and descriptor belong together; FromDatum copies text and arrays.
        unsafe {
            if !is_held::<T>(pg_sys::SPI_gettypeid(self.desc, n)) {
                let name = pg_sys::SPI_fname(self.desc, n);
                let name = if name.is_null() { c"?".into() } else { CStr::from_ptr(name).to_owned() };
                errors::column_has_another_type(&name.to_string_lossy());
            }
            let datum = pg_sys::SPI_getbinval(self.tuple, self.desc, n, &mut isnull);
            T::from_datum(datum, isnull)
        }
    }
}

/// A Rust type that values of columns are read as.
pub trait Held: FromDatum {
    /// The types of columns that have such values.
    const TYPES: &'static [Oid];
}

impl Held for String {
    const TYPES: &'static [Oid] = &[pg_sys::TEXTOID];
}
impl Held for bool {
    const TYPES: &'static [Oid] = &[pg_sys::BOOLOID];
}
impl Held for i32 {
    const TYPES: &'static [Oid] = &[pg_sys::INT4OID, pg_sys::DATEOID];
}
impl Held for i64 {
    const TYPES: &'static [Oid] = &[pg_sys::INT8OID, pg_sys::TIMESTAMPTZOID];
}
impl Held for Oid {
    const TYPES: &'static [Oid] = &[pg_sys::OIDOID, pg_sys::REGCLASSOID, pg_sys::REGTYPEOID];
}
impl Held for Vec<Option<i32>> {
    const TYPES: &'static [Oid] = &[pg_sys::INT4ARRAYOID];
}
impl Held for Vec<Option<i64>> {
    const TYPES: &'static [Oid] = &[pg_sys::INT8ARRAYOID];
}

/// Whether values of a type are read as `T`; those of a domain are values of its base type.
fn is_held<T: Held>(type_id: Oid) -> bool {
    let base = |type_id: Oid| {
        // SAFETY: looks a type up in the syscache; a dropped column has none.
        (type_id != Oid::INVALID).then(|| unsafe { pg_sys::getBaseType(type_id) })
    };
    T::TYPES.contains(&type_id) || base(type_id).is_some_and(|base| T::TYPES.contains(&base))
}

/// A text parameter.
pub fn text(value: Option<&str>) -> Option<Datum> {
    value.and_then(IntoDatum::into_datum)
}

/// A text[] parameter.
pub fn texts<'a>(values: impl Iterator<Item = &'a str>) -> Option<Datum> {
    values.collect::<Vec<_>>().into_datum()
}

/// A bigint[] parameter.
pub fn bigints(values: &[i64]) -> Option<Datum> {
    let mut values: Vec<Datum> = values.iter().map(|value| Datum::from(*value)).collect();
    let (count, first) = (values.len() as i32, values.as_mut_ptr());
    // SAFETY: the array has as many values; length and alignment are those of the type.
    let array = unsafe { pg_sys::construct_array(first, count, pg_sys::INT8OID, 8, true, b'd' as c_char) };
    Some(Datum::from(array))
}

/// An integer[] parameter.
pub fn integers(values: &[i32]) -> Option<Datum> {
    let mut values: Vec<Datum> = values.iter().map(|value| Datum::from(*value)).collect();
    let (count, first) = (values.len() as i32, values.as_mut_ptr());
    // SAFETY: the array has as many values; length and alignment are those of the type.
    let array = unsafe { pg_sys::construct_array(first, count, pg_sys::INT4OID, 4, true, b'i' as c_char) };
    Some(Datum::from(array))
}

/// A timestamptz parameter from microseconds since 1970.
pub fn timestamp(value: Option<i64>) -> Option<Datum> {
    value.map(|micros| Datum::from(crate::db::pg::time::to_postgres_epoch(micros)))
}
