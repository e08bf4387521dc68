//! Tuples taken apart, and made of values.

use pgrx::pg_sys::{self, Datum, HeapTuple, TupleDesc};

/// Whether two tuples of a table hold the same bytes: then they have the same values.
///
/// # Safety
/// Both must be valid.
pub unsafe fn is_same(one: HeapTuple, other: HeapTuple) -> bool {
    // SAFETY: a tuple has as many bytes as its header says; the bitmap of nulls ends where the data begins.
    let bytes = |tuple: HeapTuple| unsafe {
        let (header, length) = ((*tuple).t_data, (*tuple).t_len as usize);
        let start = std::mem::offset_of!(pg_sys::HeapTupleHeaderData, t_bits);
        std::slice::from_raw_parts(header.cast::<u8>().add(start), length - start)
    };
    // SAFETY: the caller vouches for both.
    let attributes = |tuple: HeapTuple| unsafe {
        let header = (*tuple).t_data;
        let nulls = u32::from((*header).t_infomask) & pg_sys::HEAP_HASNULL;
        (nulls, u32::from((*header).t_infomask2) & pg_sys::HEAP_NATTS_MASK)
    };
    attributes(one) == attributes(other) && bytes(one) == bytes(other)
}

/// A copy of the row of a table that the first column of another row holds; it lives as long as `context`.
///
/// # Safety
/// Tuple and descriptor must be valid and belong together; the column must be a row, and not null.
pub unsafe fn composite_tuple(
    tuple: HeapTuple,
    desc: TupleDesc,
    context: pg_sys::MemoryContext,
) -> HeapTuple {
    // SAFETY: the caller vouches for the column; the copy is made of a header that says how long it is.
    unsafe {
        let mut isnull = false;
        let datum = pg_sys::SPI_getbinval(tuple, desc, 1, &mut isnull);
        let header = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
        let mut row = pg_sys::HeapTupleData {
            t_len: pgrx::varsize_any(header) as u32,
            t_data: header.cast(),
            ..pg_sys::HeapTupleData::default()
        };
        let current = pg_sys::MemoryContextSwitchTo(context);
        let copy = pg_sys::heap_copytuple(&mut row);
        pg_sys::MemoryContextSwitchTo(current);
        copy
    }
}

/// The values of a tuple, one for each attribute of its descriptor. Attributes are counted from 0.
pub struct Values {
    values: Vec<Datum>,
    nulls: Vec<bool>,
}

impl Values {
    fn none(count: usize) -> Self {
        Self { values: vec![Datum::from(0); count], nulls: vec![true; count] }
    }

    /// Takes a tuple apart.
    ///
    /// # Safety
    /// Tuple and descriptor must be valid and belong together; the values point into the tuple.
    pub unsafe fn of(tuple: HeapTuple, desc: TupleDesc) -> Self {
        // SAFETY: the arrays have one place for every attribute.
        unsafe {
            let mut values = Self::none((*desc).natts as usize);
            let (datums, nulls) = (values.values.as_mut_ptr(), values.nulls.as_mut_ptr());
            pg_sys::heap_deform_tuple(tuple, desc, datums, nulls);
            values
        }
    }

    /// The value of an attribute; `None` for NULL, and where there is no such attribute.
    pub fn get(&self, attribute: usize) -> Option<Datum> {
        let is_null = self.nulls.get(attribute).copied().unwrap_or(true);
        self.values.get(attribute).copied().filter(|_| !is_null)
    }

    fn set(&mut self, attribute: usize, value: Option<Datum>) {
        if let (Some(place), Some(is_null)) = (self.values.get_mut(attribute), self.nulls.get_mut(attribute))
        {
            *is_null = value.is_none();
            *place = value.unwrap_or(Datum::from(0));
        }
    }
}

/// Values for some attributes: of a new tuple, in which the others are NULL, or instead of those of another tuple.
pub struct Replaced {
    values: Values,
    replaced: Vec<bool>,
    desc: TupleDesc,
}

impl Replaced {
    /// None yet.
    ///
    /// # Safety
    /// The descriptor must be valid as long as this.
    pub unsafe fn none(desc: TupleDesc) -> Self {
        // SAFETY: the caller vouches for the descriptor.
        let count = unsafe { (*desc).natts as usize };
        Self { values: Values::none(count), replaced: vec![false; count], desc }
    }

    /// Sets the value of an attribute, which must be of its type.
    pub fn set(&mut self, attribute: usize, value: Option<Datum>) {
        self.values.set(attribute, value);
        if let Some(replaced) = self.replaced.get_mut(attribute) {
            *replaced = true;
        }
    }

    /// A copy of a tuple with these values.
    ///
    /// # Safety
    /// The tuple must have the descriptor.
    pub unsafe fn in_tuple(&mut self, tuple: HeapTuple) -> HeapTuple {
        let (values, nulls) = (self.values.values.as_mut_ptr(), self.values.nulls.as_mut_ptr());
        // SAFETY: the arrays have one place for every attribute.
        unsafe { pg_sys::heap_modify_tuple(tuple, self.desc, values, nulls, self.replaced.as_mut_ptr()) }
    }

    /// A new tuple of these values.
    pub fn as_tuple(&mut self) -> HeapTuple {
        let (values, nulls) = (self.values.values.as_mut_ptr(), self.values.nulls.as_mut_ptr());
        // SAFETY: the arrays have one place for every attribute.
        unsafe { pg_sys::heap_form_tuple(self.desc, values, nulls) }
    }
}
