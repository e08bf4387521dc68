//! Relations of the extension by name. Each is looked up once, and again after any relation has changed.

use super::errors;
use pgrx::pg_sys::{self, Datum, Oid};
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::ffi::c_int;

thread_local! {
    static KNOWN: RefCell<(u64, FxHashMap<&'static str, Oid>)> = RefCell::default();
    static OWNER: Cell<(u64, Oid)> = const { Cell::new((0, Oid::INVALID)) };
    /// How often relations have changed; starts above what nobody knows yet.
    static EPOCH: Cell<u64> = const { Cell::new(1) };
}

/// Registers the callback. Called once, when the library is loaded.
pub fn register() {
    let schemas = pg_sys::SysCacheIdentifier::NAMESPACEOID as c_int;
    // SAFETY: the callback lives as long as the process.
    unsafe { pg_sys::CacheRegisterSyscacheCallback(schemas, Some(schema_changed), Datum::from(0)) };
}

unsafe extern "C-unwind" fn schema_changed(_: Datum, _: c_int, _: u32) {
    changed();
}

/// A relation may have changed: its name, owner, columns or indexes. Only counts, as it may be called at any moment.
pub fn changed() {
    EPOCH.set(EPOCH.get().wrapping_add(1));
}

/// Differs from an earlier answer if any relation may have changed since.
pub fn epoch() -> u64 {
    EPOCH.get()
}

/// Oid of a relation of the extension.
pub fn relation(name: &'static str) -> Oid {
    let epoch = epoch();
    let known = KNOWN.with_borrow_mut(|known| {
        if known.0 != epoch {
            known.0 = epoch;
            known.1.clear();
        }
        known.1.get(name).copied()
    });
    known.unwrap_or_else(|| {
        let oid = look_up(name);
        // What changed meanwhile is noticed by the next call.
        KNOWN.with_borrow_mut(|known| known.1.insert(name, oid));
        oid
    })
}

fn look_up(name: &str) -> Oid {
    let text = std::ffi::CString::new(name).unwrap_or_default();
    // SAFETY: look-ups by name in the syscache.
    let oid = unsafe {
        let schema = pg_sys::get_namespace_oid(c"leadroute".as_ptr(), true);
        pg_sys::get_relname_relid(text.as_ptr(), schema)
    };
    if oid == Oid::INVALID {
        errors::broken_installation(&format!("relation {name}"));
    }
    oid
}

/// The owner of `leadroute.leads`, and so of the extension.
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
