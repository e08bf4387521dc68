//! The Grafana dashboard in `examples/grafana`: every query of it runs with the grants of an analyst, for all tenants and for
//! one, and gives what its panel draws.

use leadroute_cluster_tests::roles::Role;
use leadroute_cluster_tests::Database;
use postgres::Client;
use serde_json::Value;

/// A company whose leads were answered, moved by hand, closed and left alone, and a session of an analyst in it.
fn company(analyst: &Role) -> (Database, Client) {
    let database = Database::with_pool(3);
    database
        .connect()
        .batch_execute(
            "INSERT INTO leadroute.leads (email, score, event) SELECT 'buyer' || n || '@shop' || n || '.com', n * 4, 'demo_request'
               FROM generate_series(1, 24) n;
             SELECT leadroute.record_response(id, owner_id, 'phone', clock_timestamp(), true) FROM leadroute.leads WHERE id % 2 = 0;
             SELECT leadroute.close_lead(id, CASE WHEN id % 4 = 0 THEN 'converted' ELSE 'lost' END, 1000)
               FROM leadroute.leads WHERE id % 2 = 0;
             SELECT leadroute.transfer_lead(1, (SELECT min(id) FROM leadroute.reps
                        WHERE id <> (SELECT owner_id FROM leadroute.leads WHERE id = 1)), 'wrong_territory')",
        )
        .expect("a company");
    let mut client = database.connect();
    let name = analyst.name();
    client
        .batch_execute(&format!("SELECT leadroute.grant_role('analyst', '{name}'); SET ROLE {name}"))
        .expect("an analyst");
    (database, client)
}

fn dashboard() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/grafana/leadroute.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the dashboard")).expect("JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A query as Grafana sends it, with macros and variables filled in.
fn filled_in(query: &str, tenant: &str, dimension: &str) -> String {
    let sql = query
        .replace("$__timeFrom()", "'2020-01-01T00:00:00Z'")
        .replace("$__timeTo()", "'2100-01-01T00:00:00Z'")
        .replace("${tenant:sqlstring}", &format!("'{tenant}'"))
        .replace("${dimension:sqlstring}", &format!("'{dimension}'"));
    assert!(!sql.contains('$'), "a variable that no test knows: {sql}");
    sql
}

fn run(client: &mut Client, sql: &str) -> Vec<postgres::Row> {
    client.query(sql, &[]).unwrap_or_else(|error| panic!("{sql}\n{error:?}"))
}

/// What the variable of that name can be.
fn choices(dashboard: &Value, name: &str) -> Vec<String> {
    let variables = list(&dashboard["templating"]["list"]);
    let variable = variables.iter().find(|v| v["name"] == name).expect("a variable");
    text(&variable["query"]).split(',').map(str::to_owned).collect()
}

#[test]
fn every_query_of_the_dashboard_runs_and_feeds_its_panel() {
    let analyst = Role::new("analyst", "");
    let (_database, mut client) = company(&analyst);
    let dashboard = dashboard();
    for panel in list(&dashboard["panels"]) {
        let title = text(&panel["title"]);
        assert!(!text(&panel["description"]).is_empty(), "{title} says nothing about itself");
        for target in list(&panel["targets"]) {
            let query = text(&target["rawSql"]);
            let rows = run(&mut client, &filled_in(query, "all", "rep"));
            assert!(!rows.is_empty(), "{title}: nothing to draw\n{query}");
            if panel["type"] == "stat" {
                assert_eq!(rows.len(), 1, "{title}: one figure");
            }
            if target["format"] == "time_series" {
                assert_eq!(rows[0].columns()[0].name(), "time", "{title}: a graph over time");
                assert_eq!(rows[0].columns()[0].type_().name(), "timestamptz", "{title}: a graph over time");
            }
            let nobody = run(&mut client, &filled_in(query, "nobody", "rep"));
            assert!(nobody.len() <= rows.len(), "{title}: a tenant sees more than all");
        }
    }
}

#[test]
fn each_choice_of_a_variable_is_known_and_annotations_run() {
    let analyst = Role::new("analyst", "");
    let (_database, mut client) = company(&analyst);
    let dashboard = dashboard();
    for dimension in choices(&dashboard, "dimension") {
        let query = list(&dashboard["panels"]).iter().find_map(|panel| {
            let query = text(&panel["targets"][0]["rawSql"]);
            query.contains("${dimension:sqlstring}").then_some(query)
        });
        run(&mut client, &filled_in(query.expect("a panel by dimension"), "all", &dimension));
    }
    for annotation in list(&dashboard["annotations"]["list"]) {
        let rows = run(&mut client, &filled_in(text(&annotation["target"]["rawSql"]), "all", "rep"));
        assert!(!rows.is_empty(), "the rules were made, and the annotations do not say so");
    }
    let tenants = choices(&dashboard, "tenant").join(",");
    assert_eq!(run(&mut client, &tenants)[0].get::<_, String>(0), "all");
}

#[test]
fn panels_do_not_cover_each_other() {
    let dashboard = dashboard();
    let place =
        |panel: &Value| ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_i64().expect("a place"));
    let panels = list(&dashboard["panels"]);
    for (n, panel) in panels.iter().enumerate() {
        let [x, y, w, h] = place(panel);
        assert!(x + w <= 24, "{} is wider than the page", panel["title"]);
        for other in &panels[n + 1..] {
            let [left, top, wide, high] = place(other);
            let apart = x + w <= left || left + wide <= x || y + h <= top || top + high <= y;
            assert!(apart, "{} and {}", panel["title"], other["title"]);
        }
    }
}
