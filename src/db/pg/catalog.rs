//! Relations of the extension by name. Each is looked up once, and again after any relation has changed.

use crate::db::errors;
use crate::db::pg::literal::Literal;
use pgrx::pg_sys::{self, Datum, Oid};
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::ffi::c_int;

thread_local! {
    static RELATIONS: RefCell<(u64, FxHashMap<Literal, Oid>)> = RefCell::default();
    static OWNER: Cell<(u64, Oid)> = const { Cell::new((0, Oid::INVALID)) };
    /// How often relations have changed; starts above the 0 of empty caches.
    static EPOCH: Cell<u64> = const { Cell::new(1) };
    static LEADS_WATCH: Watch = const { Watch::new("leads") };
    static RULES_WATCH: Watch = const { Watch::new("segments") };
    static ROSTER_WATCH: Watch = const { Watch::new("reps") };
}

/// Relations whose changes are counted.
#[derive(Debug, Clone, Copy)]
pub enum Watched {
    /// The table of leads: its columns may be others.
    Leads,
    /// `segments`, which is invalidated when rules change.
    Rules,
    /// `reps`, which is invalidated when the roster changes.
    Roster,
}

/// A relation by name, and how often it may have changed.
struct Watch {
    name: &'static str,
    /// Invalid until it is looked up; until then each change may be one of this relation.
    oid: Cell<Oid>,
    changes: Cell<u64>,
}

impl Watch {
    const fn new(name: &'static str) -> Self {
        Self { name, oid: Cell::new(Oid::INVALID), changes: Cell::new(1) }
    }

    fn changed(&self, other: Oid) {
        let oid = self.oid.get();
        if other == Oid::INVALID || oid == Oid::INVALID || other == oid {
            self.changes.set(self.changes.get().wrapping_add(1));
            // Another relation may have the name now.
            self.oid.set(Oid::INVALID);
        }
    }

    fn changes(&self) -> u64 {
        if self.oid.get() == Oid::INVALID {
            self.oid.set(relation(self.name));
        }
        self.changes.get()
    }
}

/// Registers the callbacks. Called once, when the library is loaded.
pub fn register() {
    let schemas = pg_sys::SysCacheIdentifier::NAMESPACEOID as c_int;
    // SAFETY: the callbacks live as long as the process.
    unsafe {
        pg_sys::CacheRegisterSyscacheCallback(schemas, Some(schema_changed), Datum::from(0));
        pg_sys::CacheRegisterRelcacheCallback(Some(relation_changed), Datum::from(0));
    }
}

unsafe extern "C-unwind" fn schema_changed(_: Datum, _: c_int, _: u32) {
    EPOCH.set(EPOCH.get().wrapping_add(1));
}

// A relation may have changed: its name, owner, columns or indexes. Only counts: no catalog access, no allocation and
// no error, since it may be called at any moment.
unsafe extern "C-unwind" fn relation_changed(_: Datum, relation: Oid) {
    EPOCH.set(EPOCH.get().wrapping_add(1));
    for watch in [&LEADS_WATCH, &RULES_WATCH, &ROSTER_WATCH] {
        watch.with(|watch| watch.changed(relation));
    }
}

/// Differs from an earlier answer if the relation may have changed since.
pub fn changes(of: Watched) -> u64 {
    let watch = match of {
        Watched::Leads => &LEADS_WATCH,
        Watched::Rules => &RULES_WATCH,
        Watched::Roster => &ROSTER_WATCH,
    };
    watch.with(Watch::changes)
}

/// Differs from an earlier answer if any relation may have changed since.
pub fn epoch() -> u64 {
    EPOCH.get()
}

/// Tables that routing writes to.
const WRITTEN: [&str; 6] = ["leads", "decisions", "sla_clocks", "notifications", "turns", "loads"];

/// What is written about leads that are there, beside that.
const WRITTEN_LATER: [&str; 1] = ["past_stints"];

/// Takes the table locks for writing about leads before anything is read: taken after a weaker lock, they could
/// deadlock with a REINDEX that came in between.
pub fn lock_for_writing() {
    lock_for_inserting();
    lock(&WRITTEN_LATER);
}

/// The same for new leads, which need fewer: a backend has few slots for locks that cost little.
pub fn lock_for_inserting() {
    lock(&WRITTEN);
}

fn lock(tables: &[&'static str]) {
    // SAFETY: the relations are there; a standby writes nothing.
    unsafe {
        if !pg_sys::RecoveryInProgress() {
            let mode = pg_sys::RowExclusiveLock as pg_sys::LOCKMODE;
            tables.iter().for_each(|name| pg_sys::LockRelationOid(relation(name), mode));
        }
    }
}

/// Oid of a relation of the extension.
pub fn relation(name: &'static str) -> Oid {
    let epoch = epoch();
    let known = RELATIONS.with_borrow_mut(|known| {
        if known.0 != epoch {
            known.0 = epoch;
            known.1.clear();
        }
        known.1.get(&Literal(name)).copied()
    });
    known.unwrap_or_else(|| {
        let oid = look_up(name);
        // What changed meanwhile is noticed by the next call.
        RELATIONS.with_borrow_mut(|known| known.1.insert(Literal(name), oid));
        oid
    })
}

fn look_up(name: &str) -> Oid {
    let text = std::ffi::CString::new(name).unwrap_or_default();
    // SAFETY: look-ups by name in the syscache.
    let oid = unsafe { pg_sys::get_relname_relid(text.as_ptr(), schema()) };
    if oid == Oid::INVALID {
        errors::broken_installation(&format!("relation {name}"));
    }
    oid
}

/// Oid of the schema of the extension that people see.
pub fn schema() -> Oid {
    // SAFETY: a look-up by name in the syscache.
    unsafe { pg_sys::get_namespace_oid(c"leadroute".as_ptr(), true) }
}

/// Whether a function belongs to the extension: nobody else can create one in its schemas.
pub fn is_our_function(function: Oid) -> bool {
    // SAFETY: look-ups in the syscache.
    unsafe {
        let internal = pg_sys::get_namespace_oid(c"leadroute_internal".as_ptr(), true);
        let of = pg_sys::get_func_namespace(function);
        of != Oid::INVALID && (of == internal || of == schema())
    }
}

/// The owner of `leadroute.leads`, and so of everything in the extension.
pub fn owner() -> Oid {
    let (epoch, (known_at, owner)) = (epoch(), OWNER.get());
    if known_at == epoch {
        return owner;
    }
    let owner = owner_of(relation("leads"));
    OWNER.set((epoch, owner));
    owner
}

/// The owner of a relation.
pub fn owner_of(relation: Oid) -> Oid {
    let cache = pg_sys::SysCacheIdentifier::RELOID as c_int;
    // SAFETY: syscache look-up by oid; the tuple is released before the value is used.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(cache, Datum::from(relation));
        if tuple.is_null() {
            errors::broken_installation(&format!("relation with oid {relation}"));
        }
        let form = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>();
        let owner = (*form).relowner;
        pg_sys::ReleaseSysCache(tuple);
        owner
    }
}

/// The name of a relation, as SQL. Looked up each time: it may be renamed, and so may its schema.
pub fn sql_name(relation: u32) -> String {
    let relation = Oid::from(relation);
    // SAFETY: look-ups in the syscache; the texts end with a zero.
    unsafe {
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        let name = pg_sys::get_rel_name(relation);
        if schema.is_null() || name.is_null() {
            errors::broken_installation(&format!("attached relation with oid {relation}"));
        }
        let quoted = pg_sys::quote_qualified_identifier(schema, name);
        std::ffi::CStr::from_ptr(quoted).to_string_lossy().into_owned()
    }
}
