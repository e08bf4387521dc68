//! Whoever created the trusted extension, without being a superuser, dumps and restores it like a superuser: nothing
//! is lost, nothing is routed again, and the next leads go where they would have gone.

use leadroute_cluster_tests::restoring::{bare, fill, install, require_change_requests, Dumped, Place};
use leadroute_cluster_tests::Database;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Somebody who may create databases, as a DBA of a managed service does, and nothing that a superuser may.
struct Creator {
    name: String,
    /// Where roles are made and dropped.
    administration: Database,
}

impl Creator {
    fn new() -> Self {
        let administration = bare();
        let name = format!("creator_of_{}", administration.name());
        let sql = format!("CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS");
        administration.connect().batch_execute(&sql).expect("a role");
        Self { name, administration }
    }

    /// A new database that they own, with nothing in it, as they reach it.
    fn database(&self) -> (Database, Place) {
        let database = bare();
        let sql = format!("ALTER DATABASE {} OWNER TO {}", database.name(), self.name);
        self.administration.connect().batch_execute(&sql).expect("a database of the role");
        let place = Place::of(&database).by(&self.name);
        (database, place)
    }
}

impl Drop for Creator {
    fn drop(&mut self) {
        let dropped = self.administration.connect().batch_execute(&format!("DROP ROLE {}", self.name));
        if let Err(error) = dropped {
            eprintln!("{}: {error}", self.name);
        }
    }
}

struct Source {
    dumped: Dumped,
    _database: Database,
    // dropped last, when nothing belongs to the role any more
    creator: Creator,
}

/// The dumped company, which the tests that run at the same time share.
fn source() -> Arc<Source> {
    static SHARED: Mutex<Weak<Source>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(source) = shared.upgrade() {
        return source;
    }
    let creator = Creator::new();
    let (database, place) = creator.database();
    let superuser = Place::of(&database);
    place.connect().batch_execute("CREATE EXTENSION leadroute CASCADE").expect("the extension is trusted");
    fill(&place, &superuser);
    let source = Arc::new(Source { dumped: Dumped::new(&place, &superuser), _database: database, creator });
    *shared = Arc::downgrade(&source);
    source
}

/// Who restores.
#[derive(Clone, Copy)]
enum By {
    Creator,
    /// The creator, after the extension was created and tables were attached by hand.
    CreatorInstalled,
    Superuser,
}

/// Restores in each way, so many times; then tells all that is wrong in any of them.
fn check(times: usize, ways: &[(&str, By, &[&str])]) {
    let source = source();
    let mut wrong = String::new();
    for (name, by, steps) in ways.iter().flat_map(|way| std::iter::repeat_n(way, times)) {
        let (database, own_place) = source.creator.database();
        let place = if matches!(by, By::Superuser) { Place::of(&database) } else { own_place };
        if matches!(by, By::CreatorInstalled) {
            install(&place);
        }
        require_change_requests(&database);
        let found = source.dumped.restore(&place, steps);
        wrong.push_str(&source.dumped.judge(name, found, &place));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_creator_dumps_and_restores() {
    check(
        1,
        &[
            ("custom", By::Creator, &["pg_restore {custom}"]),
            ("custom, objects of whoever restores", By::Creator, &["pg_restore --no-owner {custom}"]),
            ("in one transaction", By::Creator, &["pg_restore --exit-on-error -1 {custom}"]),
            ("INSERT", By::Creator, &["psql -Xq -o /dev/null -v ON_ERROR_STOP=1 -f {inserts}"]),
        ],
    );
}

#[test]
fn the_creator_restores_in_parallel() {
    check(3, &[("in parallel", By::Creator, &["pg_restore -j4 {directory}"])]);
}

#[test]
fn the_creator_restores_data_into_an_installed_database() {
    check(1, &[("data", By::CreatorInstalled, &["pg_restore --data-only {custom}"])]);
}

/// A service dumps as one role and restores as another.
#[test]
fn the_creator_and_a_superuser_restore_what_the_other_has_dumped() {
    check(
        1,
        &[
            ("the creator's dump", By::Superuser, &["pg_restore {custom}"]),
            ("a superuser's dump", By::Creator, &["pg_restore {superusers}"]),
        ],
    );
}

/// Nightly dumps are watched by people who read what they say.
#[test]
fn pg_dump_says_nothing_to_the_creator() {
    assert_eq!(source().dumped.warnings, Vec::<String>::new());
}
