//! The format of jsonb, as `utils/jsonb.h` documents it: a header with a count, an entry for each value, then the values.

/// Bits of a header that count: elements of an array, pairs of an object.
pub const COUNT: u32 = 0x0fff_ffff;
/// Header of an array that stands for the one value in it.
pub const SCALAR: u32 = 0x1000_0000;
/// Header of an object.
pub const OBJECT: u32 = 0x2000_0000;
/// Header of an array.
pub const ARRAY: u32 = 0x4000_0000;

/// Bits of an entry that say how long its value is, or where it ends.
pub const LENGTH: u32 = 0x0fff_ffff;
/// Bits of an entry that say what its value is: one of those below.
pub const KIND: u32 = 0x7000_0000;
/// A text.
pub const STRING: u32 = 0;
/// A number.
pub const NUMERIC: u32 = 0x1000_0000;
/// false
pub const FALSE: u32 = 0x2000_0000;
/// true
pub const TRUE: u32 = 0x3000_0000;
/// null
pub const NULL: u32 = 0x4000_0000;
/// An array or an object.
pub const CONTAINER: u32 = 0x5000_0000;
/// An entry says where its value ends, not how long it is.
pub const HAS_OFFSET: u32 = 0x8000_0000;
