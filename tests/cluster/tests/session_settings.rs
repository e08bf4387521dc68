//! Whatever a session has set, the same leads go to the same people for the same reasons. An app role sets what it
//! likes, also by `ALTER ROLE ... SET`; what is built from texts inside must not read or print otherwise because of it.

use leadroute_cluster_tests::Database;
use postgres::{Client, SimpleQueryMessage};

/// What users may set that changes how texts are read or printed, how queries are planned, or what a new table is like.
const HOSTILE: &[&[(&str, &str)]] = &[
    &[("standard_conforming_strings", "off"), ("escape_string_warning", "off"), ("backslash_quote", "on")],
    &[("extra_float_digits", "-15")],
    &[("DateStyle", "German")],
    &[("IntervalStyle", "sql_standard")],
    &[("TimeZone", "Pacific/Chatham")],
    &[("bytea_output", "escape"), ("xmlbinary", "hex"), ("xmloption", "document")],
    &[("array_nulls", "off")],
    &[("quote_all_identifiers", "on")],
    &[("transform_null_equals", "on")],
    &[("lc_numeric", "C"), ("lc_time", "C"), ("lc_monetary", "C"), ("client_encoding", "LATIN1")],
    &[("default_transaction_isolation", "serializable"), ("default_transaction_deferrable", "on")],
    &[("row_security", "off"), ("check_function_bodies", "off"), ("client_min_messages", "error")],
    &[("plan_cache_mode", "force_custom_plan"), ("jit", "off"), ("gin_fuzzy_search_limit", "1")],
    &[("geqo_threshold", "2"), ("from_collapse_limit", "1"), ("join_collapse_limit", "1")],
    &[("enable_indexscan", "off"), ("enable_indexonlyscan", "off"), ("enable_bitmapscan", "off")],
    // without jit, as plans that are switched off seem so dear that each query would be compiled first, for a minute in all
    &[("jit", "off"), ("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")],
    &[
        ("jit", "off"),
        ("enable_nestloop", "off"),
        ("enable_sort", "off"),
        ("enable_material", "off"),
        ("work_mem", "64kB"),
    ],
    &[
        ("force_parallel_mode", "on"),
        ("debug_parallel_query", "on"),
        ("parallel_setup_cost", "0"),
        ("parallel_tuple_cost", "0"),
        ("min_parallel_table_scan_size", "0"),
    ],
    &[("synchronous_commit", "off"), ("default_toast_compression", "pglz"), ("lock_timeout", "10min")],
    &[("search_path", "leadroute_internal, leadroute, pg_temp, pg_catalog")],
];

/// Settings that later or earlier versions do not have are left out there.
fn set(client: &mut Client, settings: &[(&str, &str)]) {
    for (name, value) in settings {
        let known = client
            .query_one("SELECT EXISTS (SELECT FROM pg_settings WHERE lower(name) = lower($1))", &[name])
            .expect("settings")
            .get::<_, bool>(0);
        if known {
            client.execute("SELECT set_config($1, $2, false)", &[name, value]).expect("a setting");
        }
    }
}

/// What a life of leads prints, statement by statement. With `anew` the extension is created under the settings, too.
fn life(settings: &[(&str, &str)], anew: bool) -> Vec<(&'static str, String)> {
    let database = Database::empty();
    let mut client = database.connect();
    if anew {
        client.batch_execute("DROP EXTENSION leadroute").expect("nothing needs it");
    }
    set(&mut client, settings);
    if anew {
        client.batch_execute("SET search_path = public; CREATE EXTENSION leadroute").expect("the extension");
    }
    include_str!("../src/surroundings/life.sql")
        .split(";\n")
        .map(|statement| (statement, answer(&mut client, statement)))
        .collect()
}

fn answer(client: &mut Client, statement: &str) -> String {
    match client.simple_query(statement) {
        Ok(messages) => {
            let rows = messages.iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            });
            let cells = |row: &postgres::SimpleQueryRow| {
                (0..row.len())
                    .map(|n| row.get(n).unwrap_or("NULL").to_owned())
                    .collect::<Vec<_>>()
                    .join(" | ")
            };
            rows.map(cells).collect::<Vec<_>>().join("\n")
        }
        Err(error) => match error.as_db_error() {
            Some(error) => format!("{}: {}", error.code().code(), error.message()),
            None => error.to_string(),
        },
    }
}

fn compare(expected: &[(&str, String)], settings: &[(&str, &str)], anew: bool, wrong: &mut Vec<String>) {
    for ((statement, was), (_, is)) in expected.iter().zip(life(settings, anew)) {
        let lines = was.lines().zip(is.lines()).find(|(was, is)| was != is);
        if *was != is {
            let (was, is) = lines.unwrap_or((was, &is));
            wrong.push(format!("with {settings:?}, {statement}\n  answers\n{is}\n  instead of\n{was}"));
        }
    }
}

#[test]
fn no_setting_of_a_session_changes_who_gets_a_lead_or_what_is_said_of_it() {
    let expected = life(&[], false);
    let failed: Vec<_> = expected.iter().filter(|(_, answer)| answer.get(5..7) == Some(": ")).collect();
    assert!(failed.is_empty(), "the test itself fails: {failed:#?}");
    let mut wrong = Vec::new();
    for settings in HOSTILE {
        compare(&expected, settings, false, &mut wrong);
    }
    compare(&expected, &HOSTILE.concat(), true, &mut wrong);
    assert!(wrong.is_empty(), "{} answers differ:\n{}", wrong.len(), wrong.join("\n\n"));
}
