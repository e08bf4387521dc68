//! What the metadata say of a country.

use crate::machines::Machines;
use crate::Result;
use rlibphonenumber::interfaces::AsOriginal;
use rlibphonenumber::{Region, PHONE_NUMBER_UTIL};

/// Numbers of one kind: their pattern, and how long they may be; without lengths as long as any.
pub struct Kind {
    /// The machine of the pattern.
    pub pattern: usize,
    lengths: Vec<i32>,
}

impl Kind {
    /// Whether numbers of the kind may be so long.
    pub fn has_length(&self, length: usize) -> bool {
        self.lengths.is_empty() || self.lengths.contains(&(length as i32))
    }
}

/// The numbers of a country, or of a service of the whole world.
pub struct Plan {
    /// Which.
    pub region: Region,
    /// All numbers.
    pub general: Option<Kind>,
    /// Numbers by what they are for; others are none.
    pub kinds: Vec<Kind>,
    /// Numbers that begin so are of this country rather than of one that comes later, whatever they are.
    pub leading: Option<usize>,
    /// What is dialled before numbers of the same country.
    pub prefix: Option<usize>,
    /// The same, where it is some digits that mean nothing else; otherwise empty.
    pub plain_prefix: String,
    /// What is dialled before numbers of other countries.
    pub abroad: Option<usize>,
    /// Whether that is 00 and nothing else.
    pub is_abroad_00: bool,
    /// Lengths of numbers that are dialled within a town only.
    local_lengths: Vec<i32>,
}

/// A kind of numbers, if the metadata have it.
macro_rules! kind {
    ($machines:expr, $data:expr) => {{
        let pattern = $data.national_number_pattern();
        let lengths = $data.original.possible_length.clone();
        match &pattern.pattern_base {
            Some(_) => Some(Kind { pattern: $machines.whole(pattern.original_base())?, lengths }),
            None => None,
        }
    }};
}

/// The text of a pattern, if the metadata have it.
macro_rules! text {
    ($pattern:expr) => {
        $pattern.pattern_base.as_ref().map(|_| $pattern.original_base().to_owned())
    };
}

impl Plan {
    /// Reads the metadata of a country with a calling code.
    pub fn read(machines: &mut Machines, code: i32, region: Region) -> Result<Self> {
        let library = PHONE_NUMBER_UTIL.as_original();
        let data = library.get_metadata_for_region_or_calling_code(code, region).ok_or("no metadata")?;
        let kinds = [
            kind!(machines, data.premium_rate),
            kind!(machines, data.toll_free),
            kind!(machines, data.shared_cost),
            kind!(machines, data.voip),
            kind!(machines, data.personal_number),
            kind!(machines, data.pager),
            kind!(machines, data.uan),
            kind!(machines, data.voicemail),
            kind!(machines, data.fixed_line),
            kind!(machines, data.mobile),
        ];
        let (prefix, abroad) =
            (text!(data.national_prefix_for_parsing()), text!(data.international_prefix()));
        Ok(Self {
            region,
            general: kind!(machines, data.general_desc),
            kinds: kinds.into_iter().flatten().collect(),
            leading: text!(data.leading_digits()).map(|text| machines.beginning(&text)).transpose()?,
            plain_prefix: plain(machines, prefix.as_deref())?,
            prefix: prefix.map(|text| machines.beginning(&text)).transpose()?,
            is_abroad_00: abroad.as_deref() == Some("00"),
            abroad: abroad.map(|text| machines.beginning(&text)).transpose()?,
            local_lengths: data.general_desc.original.possible_length_local_only.clone(),
        })
    }

    /// Whether the library takes the prefix away where a number of that length is left.
    pub fn is_possible(&self, length: usize) -> bool {
        let length = length as i32;
        self.general.as_ref().is_some_and(|general| general.lengths.contains(&length))
            && !self.local_lengths.contains(&length)
    }

    /// Whether a number is longer than any.
    pub fn is_too_long(&self, length: usize) -> bool {
        let longest = self.general.iter().flat_map(|general| &general.lengths).max();
        longest.is_some_and(|longest| *longest > 0 && (length as i32) > *longest)
            && !self.local_lengths.contains(&(length as i32))
    }
}

/// Of the alternatives of a prefix the one that is digits, if nothing else matches what begins with these.
fn plain(machines: &mut Machines, pattern: Option<&str>) -> Result<String> {
    let Some(pattern) = pattern else {
        return Ok(String::new());
    };
    let mut depth = 0;
    let alternatives = pattern.split(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0 && c == '|'
    });
    let is_digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = alternatives.into_iter().find(is_digits).unwrap_or_default();
    let machine = machines.beginning(pattern)?;
    let mut state = machines.start(machine)?;
    for digit in digits.bytes() {
        state = machines.step(machine, state, digit - b'0')?;
    }
    let mut is_alone = true;
    for digit in 0..10 {
        // the match of the digits themselves is told one digit later
        let next = machines.step(machine, state, digit)?;
        let after = machines.step(machine, next, digit)?;
        is_alone &= machines.is_dead(machine, after)? && !machines.matches(machine, next)?;
    }
    Ok(if is_alone { digits.to_owned() } else { String::new() })
}
