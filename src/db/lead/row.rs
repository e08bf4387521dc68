//! Rows of `leads`: from a tuple to a [`Lead`], and back with what was decided.

use crate::db::errors;
use crate::db::lead::columns::{self, set_by, SetBy};
use crate::db::lead::extension;
use crate::db::pg::catalog::{self, Watched};
use crate::db::pg::jsonb;
use crate::db::pg::literal::Literal;
use crate::db::pg::time::{from_postgres_epoch, to_postgres_epoch};
use crate::db::pg::tuple::{Replaced, Values};
use leadroute_engine::decision::Decision;
use leadroute_engine::follow_up::waiting::Waiting;
use leadroute_engine::lead::exact;
use leadroute_engine::lead::{CleanLead, Given, Lead, Ranges};
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};
use pgrx::{AnyNumeric, FromDatum, IntoDatum};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::rc::Rc;

/// Type and number of columns of a tuple.
type Shape = (pg_sys::Oid, i32);

/// Places of columns by name; filled when a column is first asked for.
pub type Places = Rc<RefCell<FxHashMap<Literal, Option<usize>>>>;

thread_local! {
    /// By row type, since a change of `leads`: looking up forty names for each lead is slow.
    static PLACES: RefCell<(u64, FxHashMap<Shape, Places>)> = RefCell::default();
}

fn places(shape: Shape) -> Places {
    // Rows of a query have no row type of their own, and a table may have got other columns.
    if shape.0 == pg_sys::RECORDOID {
        return Places::default();
    }
    PLACES.with_borrow_mut(|places| {
        let changes = catalog::changes(Watched::Leads);
        if places.0 != changes {
            places.0 = changes;
            places.1.clear();
        }
        Rc::clone(places.1.entry(shape).or_default())
    })
}

/// A tuple of `leads`, taken apart.
pub struct LeadRow {
    tuple: pg_sys::HeapTuple,
    desc: pg_sys::TupleDesc,
    values: Values,
    places: Places,
}

impl LeadRow {
    /// Takes a tuple apart.
    ///
    /// # Safety
    /// Tuple and descriptor must be valid, belong together and outlive the row.
    pub unsafe fn new(tuple: pg_sys::HeapTuple, desc: pg_sys::TupleDesc) -> Self {
        // SAFETY: the caller vouches for both.
        unsafe {
            let places = places(((*desc).tdtypeid, (*desc).natts));
            Self { tuple, desc, values: Values::of(tuple, desc), places }
        }
    }

    /// The same for the rows of one query, which share where their columns are.
    ///
    /// # Safety
    /// As for [`LeadRow::new`]; `places` must come from the same query.
    pub unsafe fn of_query(
        tuple: pg_sys::HeapTuple,
        desc: pg_sys::TupleDesc,
        places: &mut Option<Places>,
    ) -> Self {
        let places = Rc::clone(places.get_or_insert_default());
        // SAFETY: the caller vouches for both.
        let values = unsafe { Values::of(tuple, desc) };
        Self { tuple, desc, values, places }
    }

    /// Place of a column, counted from 0.
    fn place(&self, column: &'static str) -> Option<usize> {
        let known = self.places.borrow().get(&Literal(column)).copied();
        known.unwrap_or_else(|| {
            let place = self.find(column);
            self.places.borrow_mut().insert(Literal(column), place);
            place
        })
    }

    /// Looks a column up; an error if it has become another type, whose values would be misread.
    fn find(&self, column: &'static str) -> Option<usize> {
        let name = std::ffi::CString::new(column).ok()?;
        // SAFETY: looks a name and its type up in the descriptor.
        unsafe {
            let number = pg_sys::SPI_fnumber(self.desc, name.as_ptr());
            let place = usize::try_from(number - 1).ok()?;
            let found = pg_sys::getBaseType(pg_sys::SPI_gettypeid(self.desc, number));
            if columns::column(column).is_none_or(|column| column.type_id != found) {
                errors::column_has_another_type(column);
            }
            Some(place)
        }
    }

    pub(super) fn datum(&self, column: &'static str) -> Option<Datum> {
        self.place(column).and_then(|place| self.values.get(place))
    }

    /// The value of a column.
    pub fn get<T: FromDatum>(&self, column: &'static str) -> Option<T> {
        let value = self.datum(column)?;
        // SAFETY: the datum has the type of the column, which the caller names.
        unsafe { T::from_datum(value, false) }
    }

    fn double(&self, column: &'static str) -> Option<f64> {
        let value = self.datum(column)?;
        // SAFETY: the column is numeric; overflow becomes infinity.
        let double: Option<f64> =
            unsafe { pgrx::direct_function_call(pg_sys::numeric_float8_no_overflow, &[Some(value)]) };
        // JSON knows neither NaN nor infinity, and the trace must say the number.
        double.filter(|number| !number.is_nan()).map(|number| number.clamp(f64::MIN, f64::MAX))
    }

    /// What is no number counts as 0, and is a score that somebody gave.
    fn score(&self) -> Option<f64> {
        self.double("score").or(self.datum("score").map(|_| 0.0))
    }

    /// A number as it is written, where a double is not exact.
    fn digits(&self, column: &'static str) -> Option<String> {
        let value = self.datum(column)?;
        // SAFETY: the column is numeric, whose output is a C string.
        let text: &std::ffi::CStr =
            unsafe { pgrx::direct_function_call(pg_sys::numeric_out, &[Some(value)])? };
        exact::beyond_double(&text.to_string_lossy()).map(str::to_owned)
    }

    /// The value of any column, with its type; no type where there is no such column.
    pub fn value(&self, column: &str) -> (Option<Datum>, pg_sys::Oid) {
        let name = std::ffi::CString::new(column).unwrap_or_default();
        // SAFETY: looks a name up in the descriptor, which belongs to the values. Columns of the system count down from -1.
        unsafe {
            let number = pg_sys::SPI_fnumber(self.desc, name.as_ptr());
            let Ok(place) = usize::try_from(number - 1) else {
                return (None, pg_sys::InvalidOid);
            };
            (self.values.get(place), pg_sys::SPI_gettypeid(self.desc, number))
        }
    }

    /// Whether a column has a value.
    pub fn has(&self, column: &str) -> bool {
        self.value(column).0.is_some()
    }

    /// A timestamptz column.
    pub fn time(&self, column: &'static str) -> Option<Micros> {
        self.get::<i64>(column).map(from_postgres_epoch)
    }

    /// What routing reads of the row.
    pub fn lead(&self) -> Lead {
        Lead {
            id: self.get("id"),
            tenant: self.get("tenant").unwrap_or_default(),
            email: self.get("email"),
            phone: self.get("phone"),
            company: self.get("company"),
            website: self.get("website"),
            crm_account_id: self.get("crm_account_id"),
            country: self.get("country"),
            region: self.get("region"),
            postal_code: self.get("postal_code"),
            industry: self.get("industry"),
            employees: self.get("employees"),
            annual_revenue: self.double("annual_revenue"),
            product: self.get("product"),
            language: self.get("language"),
            score: self.score(),
            exact_score: self.digits("score"),
            event: self.get("event"),
            occurred_at: self.time("occurred_at"),
            source: self.get("source"),
            ranges: self.ranges(),
            given: Given::default(),
        }
    }

    /// Ranges that the app gave for numbers, which stay in the attributes.
    fn ranges(&self) -> Ranges {
        let is_asked = |column| self.datum(column).is_none();
        let attributes = self.datum("attributes");
        let Some(attributes) = attributes.filter(|_| is_asked("employees") || is_asked("annual_revenue"))
        else {
            return Ranges::default();
        };
        // SAFETY: the column is a jsonb.
        let text = |key: &'static str| unsafe { jsonb::member(attributes, key) }.filter(|_| is_asked(key));
        Ranges::of(text("employees").as_deref(), text("annual_revenue").as_deref())
    }

    /// The lead with the owner or queue that its last decision gave it.
    pub fn waiting(&self) -> Waiting {
        Waiting {
            lead: self.lead(),
            owner_id: self.get("owner_id"),
            segment: self.get("segment"),
            territory: self.get("territory"),
            tier: self.get("tier"),
            pool: self.get("pool"),
            account_id: self.get("account_id"),
            playbook: self.get("playbook"),
            expansion: self.get("expansion").unwrap_or(false),
            held: self.get("held").unwrap_or(false),
            tried: Vec::new(),
        }
    }

    /// What the lead was worth, as a double; 0 where nobody has said.
    pub fn amount(&self) -> f64 {
        self.double("amount").unwrap_or_default()
    }

    /// The row as a composite value, and the type of it.
    pub fn composite(&self) -> (Datum, pg_sys::Oid) {
        // SAFETY: tuple and descriptor belong together.
        unsafe {
            // rows of a query have no type of their own until they are registered
            pg_sys::BlessTupleDesc(self.desc);
            let datum = pg_sys::heap_copy_tuple_as_datum(self.tuple, self.desc);
            (datum, (*self.desc).tdtypeid)
        }
    }

    /// The tuple with the cleaned values and the decision.
    pub fn decided(&self, decision: &Decision, id: i64, now: Micros) -> pg_sys::HeapTuple {
        self.with(columns(decision, id, now).into_iter().chain(self.extension(&decision.clean)))
    }

    /// The same tuple, taken apart once more.
    pub fn copy(&self) -> Self {
        // SAFETY: tuple and descriptor are as they were.
        unsafe { Self::new(self.tuple, self.desc) }
    }

    /// The row with a decision that is not written yet.
    pub fn as_decided(&self, decision: &Decision, now: Micros) -> Self {
        // SAFETY: the tuple is made by the descriptor, which outlives both.
        unsafe { Self::new(self.decided(decision, 0, now), self.desc) }
    }

    /// The tuple of a lead that has changed, with the cleaned values, and with who the person is.
    pub fn cleaned(&self, clean: &CleanLead, before: &Self) -> pg_sys::HeapTuple {
        let person = text(clean.person.as_ref().map(|person| person.key()));
        let is_same_phone = clean.lead.phone == before.get("phone");
        let gone = || self.datum("attributes").zip(before.datum("attributes"));
        let gone = if is_same_phone || clean.extension.is_some() { None } else { gone() };
        // SAFETY: the columns are a jsonb.
        let gone = gone.and_then(|(new, old)| unsafe { extension::leave_out(new, old) });
        let attributes = gone.map(|attributes| ("attributes", attributes)).or_else(|| self.extension(clean));
        self.with(cleaned(clean).chain([("person_key", person)]).chain(attributes))
    }

    /// The attributes with the extension that was given with the phone number, if there was one.
    pub(super) fn extension(&self, clean: &CleanLead) -> Option<(&'static str, Option<Datum>)> {
        let given = clean.extension.as_deref()?;
        // SAFETY: the column is a jsonb.
        let attributes = unsafe { extension::add(self.datum("attributes"), given) };
        attributes.map(|attributes| ("attributes", Some(attributes)))
    }

    /// The tuple with the cleaned values, and with all that routing has set in another lead; with its score, too, where
    /// criteria may have given that.
    pub fn routed_as(&self, clean: &CleanLead, other: &LeadRow, is_scored: bool) -> pg_sys::HeapTuple {
        let score = is_scored && self.datum("score").is_none();
        let score = score.then(|| ("score", other.datum("score")));
        let value = |column| (column, other.datum(column));
        let set = set_by(SetBy::Routing).map(value);
        let occurred_at = clean.lead.occurred_at.map(|at| Datum::from(to_postgres_epoch(at)));
        let other = [("occurred_at", occurred_at), ("tenant", text(Some(&clean.lead.tenant)))];
        self.with(cleaned(clean).chain(other).chain(score).chain(set).chain(self.extension(clean)))
    }

    /// The tuple with what only routing sets as in another version; people set owner, queue and status as well. Who does not
    /// know the score, which criteria may have given, leaves it.
    pub fn as_routed(&self, other: &LeadRow) -> pg_sys::HeapTuple {
        let only_routing = |column: &&'static str| !["owner_id", "queue", "status"].contains(column);
        let unknown = Some("score").filter(|column| self.datum(column).is_none());
        let columns = set_by(SetBy::Routing).filter(only_routing).chain(unknown);
        self.with(columns.map(|column| (column, other.datum(column))))
    }

    pub(super) fn with(
        &self,
        columns: impl IntoIterator<Item = (&'static str, Option<Datum>)>,
    ) -> pg_sys::HeapTuple {
        // SAFETY: tuple and descriptor belong together and outlive the row.
        unsafe {
            let mut replaced = Replaced::none(self.desc);
            for (column, value) in columns {
                self.place(column).into_iter().for_each(|place| replaced.set(place, value));
            }
            replaced.in_tuple(self.tuple)
        }
    }
}

pub(super) fn text(value: Option<&str>) -> Option<Datum> {
    value.and_then(IntoDatum::into_datum)
}

/// A score that criteria gave.
pub fn numeric(score: f64) -> Option<Datum> {
    let number = AnyNumeric::try_from(score.to_string().as_str()).ok();
    number.and_then(IntoDatum::into_datum)
}

/// The cleaned values where they differ.
pub(super) fn cleaned(clean: &CleanLead) -> impl Iterator<Item = (&'static str, Option<Datum>)> + '_ {
    cleaned_texts(clean).map(|(column, value)| (column, text(Some(value))))
}

/// The same as texts.
pub fn cleaned_texts(clean: &CleanLead) -> impl Iterator<Item = (&'static str, &str)> {
    let values = [
        ("email", &clean.email),
        ("phone", &clean.phone),
        ("industry", &clean.industry),
        ("country", &clean.lead.country),
        ("language", &clean.language),
        ("event", &clean.lead.event),
    ];
    values.into_iter().filter_map(|(column, value)| Some((column, value.as_deref()?)))
}

/// What routing sets in a row: the cleaned values, and the outcome.
fn columns(decision: &Decision, id: i64, now: Micros) -> Vec<(&'static str, Option<Datum>)> {
    let clean = &decision.clean;
    let time = |micros: Micros| Some(Datum::from(to_postgres_epoch(micros)));
    let mut columns = Vec::with_capacity(25);
    columns.extend(cleaned(clean));
    let outcome = &decision.outcome;
    columns.extend([
        ("occurred_at", time(clean.lead.occurred_at.unwrap_or(now))),
        ("status", text(Some(decision.status().name()))),
        ("owner_id", text(outcome.owner())),
        ("queue", text(outcome.queue())),
        ("account_id", text(decision.account_id.as_deref())),
        ("segment", text(decision.segment.as_deref())),
        ("territory", text(decision.territory.as_deref())),
        ("tier", text(decision.tier.as_deref())),
        ("pool", text(decision.pool.as_deref())),
        ("playbook", text(decision.playbook.as_deref())),
        ("expansion", decision.expansion.into_datum()),
        ("held", decision.held.into_datum()),
        ("duplicate_of", outcome.duplicate_of().into_datum()),
        ("person_key", text(clean.person.as_ref().map(|person| person.key()))),
        ("routed_at", time(now)),
        // nobody answers before the buyer acts: a column of dates says midnight
        (
            "first_response_at",
            clean
                .lead
                .given
                .answered_at
                .max(clean.lead.given.answered_at.and(clean.lead.occurred_at))
                .and_then(time),
        ),
        ("closed_at", if decision.status().is_closed() { time(now) } else { None }),
        ("amount", None),
        ("sla_due_at", decision.clock.as_ref().and_then(|clock| time(clock.due_at))),
        ("decision_id", Some(Datum::from(id))),
        ("tenant", text(Some(&clean.lead.tenant))),
    ]);
    columns.extend(clean.scored.map(|score| ("score", numeric(score))));
    columns
}

/// A column of any row as text, by its name.
pub fn text_by_name(row: crate::db::pg::spi::Row, column: &str) -> Option<String> {
    let name = std::ffi::CString::new(column).unwrap_or_default();
    // SAFETY: looks a name up in the descriptor.
    let number = unsafe { pg_sys::SPI_fnumber(row.desc, name.as_ptr()) };
    (number > 0).then(|| row.get::<String>(number)).flatten()
}
