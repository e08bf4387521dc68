//! The boundary to PostgreSQL: the only place that knows pgrx.
//!
//! A module imports only from modules below it in this list; `make lint` checks that:
//!
//! 1. [`xact`]: ends of transactions
//! 2. [`entry`]: triggers and functions that PostgreSQL calls
//! 3. [`routing`]: the leads of one statement, from row to decision to rows
//! 4. [`state`]: what sessions share, and what answers the engine
//! 5. [`lead`]: a lead as a row and as JSON
//! 6. [`queries`] and [`indexes`]: fixed SQL texts, and the indexes that are looked up
//! 7. [`pg`]: bindings to PostgreSQL
//! 8. [`settings`] and [`errors`]
//!
//! What a session keeps in memory, and until when:
//!
//! | static | holds | until |
//! |---|---|---|
//! | `routing::open_statements::OPEN` | statements that insert leads | they end; the (sub)transaction ends |
//! | `routing::open_statements::NEXT_INSERT` | where the next inserted lead comes from: SQL lies between | that statement begins; the (sub)transaction ends |
//! | `routing::batch::PERSONS` | how many persons are locked | the transaction ends |
//! | `routing::outbox::WRITTEN` | that notifications were written | the (sub)transaction ends |
//! | `routing::bulk_run::DEPTH` | that a job runs | it ends, by `Drop` |
//! | `state::shared_sum::FRAMES` | rows of turns and loads that this transaction wrote | the (sub)transaction ends |
//! | `state::assignee_lock::LOCKED` | how many reps, queues and pools are locked | the transaction ends |
//! | `state::change::CURRENT` | the change request whose SQL runs | it has run, by `Drop` |
//! | `state::restoring::STATEMENT`, `ASKED` | whether a dump is restored, and by whom | the transaction ends |
//! | `pg::index_scan::LOOKED_UP` | how many look-ups there were | the transaction ends |
//! | `entry::attached::row_changes::MOVED`, `ARRIVED` | rows that move to another partition | they are there; a statement begins to insert; the (sub)transaction ends |
//! | `entry::attached::kept_row::LAST` | the tuple descriptor of the relation whose row moved last | a row of another moves; any relation changes |
//! | `entry::attached::before_routing::STOOD` | owners who stood in rows that were routed | the transaction ends |
//! | `entry::attached::unique::LOCKED` | locks for rows that are not there yet | they are; the (sub)transaction ends |
//! | `entry::attached::owner::ARRIVING` | the row that is being routed | it is, by `Drop` |
//! | `entry::attached::write_back::FOLLOWING` | the touch whose next update may be left for later | a touch is updated |
//! | `entry::attached::echo::TAKING_OVER`, `WRITING` | that a change is an echo | it is made, by `Drop` |
//! | `pg::wait::LEFT` | what a statement has left of its waits | another statement begins |
//! | `pg::spi::ASKING` | that kept plans run | they end, by `Drop` |
//! | `entry::replay_decision::LAST` | rules and roster of the decision that was replayed last | the transaction ends |
//! | `entry::listen::PLACE`, `BEGUN` | where a listener has looked | it looks again |
//! | `state::config::CACHE` | compiled rules and roster | they change |
//! | `state::config_seen::WRITTEN` | which of their snapshots this transaction has written | the (sub)transaction ends |
//! | `entry::attached::mapping::MAPPINGS`, `pg::spi::PLANS`, `pg::insert_state::PREPARED`, `pg::catalog::RELATIONS`, `OWNER` | what relations are like | any relation changes (`pg::catalog::EPOCH`) |
//! | `lead::row::PLACES` | columns of `leads` by name | `leads` changes |
//! | `pg::catalog::EPOCH`, `LEADS_WATCH`, `RULES_WATCH`, `ROSTER_WATCH` | how often relations changed | the session ends |
//! | `pg::time::NAMES` | names of time zones | the session ends |
//! | `state::lookups::PATHS` | compiled conditions, by text | there are 100,000 |

pub mod entry;
pub mod errors;
pub mod indexes;
pub mod lead;
pub mod pg;
pub mod queries;
pub mod routing;
pub mod settings;
pub mod state;
pub mod xact;
