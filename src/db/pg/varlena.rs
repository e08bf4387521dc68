//! Values of variable length, copied out of PostgreSQL's memory contexts.

use crate::db::pg::spi::Held;
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::FromDatum;

/// The bytes of a text or bytea, where they lie.
///
/// # Safety
/// `datum` must be one, which lives as long as its bytes are used, and the memory context of now.
pub unsafe fn bytes<'a>(datum: Datum) -> &'a [u8] {
    // SAFETY: the caller vouches for a varlena; what is compressed or kept elsewhere is copied into the memory of the call.
    unsafe {
        let varlena = pg_sys::pg_detoast_datum_packed(datum.cast_mut_ptr());
        let size = pgrx::varlena::varsize_any_exhdr(varlena);
        std::slice::from_raw_parts(pgrx::varlena::vardata_any(varlena).cast::<u8>(), size)
    }
}

/// Bytes as a value (`bytea`, `jsonb`, ...), in the current memory context; an error if they are more than one can hold.
pub fn of(bytes: &[u8]) -> Datum {
    let size = bytes.len() + pg_sys::VARHDRSZ;
    // SAFETY: the value is as large as its header and the bytes; palloc refuses what is too large.
    unsafe {
        let varlena: *mut pg_sys::varlena = pg_sys::palloc(size).cast();
        pgrx::varlena::set_varsize_4b(varlena, size as i32);
        let content = varlena.cast::<u8>().add(pg_sys::VARHDRSZ);
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), content, bytes.len());
        Datum::from(varlena)
    }
}

/// A plain copy of a value.
#[derive(Debug)]
pub struct Varlena {
    // words, so that the value is aligned as PostgreSQL wants it
    words: Vec<u64>,
}

impl Varlena {
    /// Copies a value.
    ///
    /// # Safety
    /// `datum` must be a varlena.
    pub unsafe fn copy_of(datum: Datum) -> Self {
        // SAFETY: the caller vouches for a varlena; it is detoasted and copied whole.
        unsafe {
            let varlena = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
            let size = pgrx::varlena::varsize_any(varlena);
            let mut words = vec![0_u64; size.div_ceil(8)];
            std::ptr::copy_nonoverlapping(varlena.cast::<u8>(), words.as_mut_ptr().cast(), size);
            Self { words }
        }
    }

    /// The value; valid as long as the copy lives.
    pub fn datum(&self) -> Datum {
        Datum::from(self.words.as_ptr())
    }

    /// A copy in the current memory context, to be returned to SQL.
    pub fn to_result(&self) -> Datum {
        let size = self.words.len() * 8;
        // SAFETY: the copy is as large as the source.
        unsafe {
            let copy = pg_sys::palloc(size);
            std::ptr::copy_nonoverlapping(self.words.as_ptr().cast::<u8>(), copy.cast(), size);
            Datum::from(copy)
        }
    }
}

/// A `pg_snapshot`.
#[derive(Debug)]
pub struct Snapshot(Varlena);

impl Snapshot {
    /// The value; valid as long as the snapshot lives.
    pub fn datum(&self) -> Datum {
        self.0.datum()
    }
}

impl Held for Snapshot {
    const TYPES: &'static [Oid] = &[pg_sys::PG_SNAPSHOTOID];
}

impl FromDatum for Snapshot {
    unsafe fn from_polymorphic_datum(datum: Datum, is_null: bool, _: Oid) -> Option<Self> {
        // SAFETY: a pg_snapshot is a varlena.
        (!is_null).then(|| Self(unsafe { Varlena::copy_of(datum) }))
    }
}
