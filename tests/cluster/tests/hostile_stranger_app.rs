//! Hostile stranger: an app with what the README grants, or with INSERT on the whole table, that says more of a lead than an
//! app may.

use leadroute_cluster_tests::roles::{attempt, list, Role};
use leadroute_cluster_tests::{number, text, Database};
use postgres::Client;

/// What an app may fill, as the README grants it, column by column.
const FILLED: &str = "external_id, email, first_name, last_name, phone, title, department, company, website, crm_account_id, country,
    region, city, postal_code, industry, employees, annual_revenue, product, language, score, event, occurred_at, source, campaign, attributes";

/// What an app tries to say of a lead that only routing may; `{row}` is the table and the key of a row of the DBA's.
const CLAIMS: [(&str, &str); 5] = [
    ("id, created_at, updated_at", "1000000, '2000-01-01', '2000-01-01'"),
    ("attached_table, attached_key", "{row}"),
    (
        "id, attached_table, attached_key, routed_at, owner_id, status, created_at",
        "9223372036854775807, {row}, now(), 'r1', 'assigned', '2000-01-01'",
    ),
    (
        "decision_id, duplicate_of, held, person_key, first_response_at, sla_due_at",
        "1, 1, true, 'a@theirs.com', now(), 'infinity'",
    ),
    (
        "id, status, queue, routed_at, updated_at, expansion, account_id",
        "5000000000, 'converted', 'catch_all', '-infinity', 'infinity', true, 'x'",
    ),
];

/// Every way in, with columns that are not the app's.
const WAYS: [&str; 4] = [
    "INSERT INTO leadroute.leads (email, {columns}) OVERRIDING SYSTEM VALUE VALUES ('n{n}@app.com', {values})",
    "INSERT INTO leadroute.leads (email, {columns}) SELECT 'm' || n || '-{n}@app.com', {values} FROM generate_series(1, 3) n",
    "SELECT leadroute.route_lead(to_jsonb(x)) FROM (VALUES ('r{n}@app.com', {values})) x (email, {columns})",
    "INSERT INTO leadroute.leads (email, {columns}) VALUES ('o{n}@app.com', {values}) ON CONFLICT DO NOTHING",
];

/// The app says all of it, in every way; columns that are not granted are refused.
fn claim_everything(client: &mut Client, row: &str, may_name: bool) {
    for (n, (columns, values)) in CLAIMS.iter().enumerate() {
        for (way, sql) in WAYS.iter().enumerate() {
            let sql = sql
                .replace("{columns}", columns)
                .replace("{values}", values)
                .replace("{row}", row)
                .replace("{n}", &n.to_string());
            let refused = attempt(client, &sql);
            if way == 0 {
                assert_eq!(refused.as_deref(), (!may_name).then_some("42501"), "{sql}");
            }
        }
    }
    for sql in [
        "SELECT nextval('leadroute.leads_id_seq')",
        "SELECT setval('leadroute.leads_id_seq', 1000000)",
        "UPDATE leadroute.leads SET attached_key = NULL",
    ] {
        assert_eq!(attempt(client, sql).as_deref(), Some("42501"), "{sql}");
    }
}

/// An app fills a lead; keys, times and the row of an attached table are not the app's to say.
#[test]
fn an_app_says_nothing_that_routing_says() {
    for (grant, enabled) in [("INSERT ({columns})", "on"), ("INSERT", "on"), ("INSERT", "off")] {
        let app = Role::new("lr_app", "");
        let database = Database::with_pool(3);
        let mut dba = database.connect();
        let grants = format!(
            "GRANT {}, SELECT (id, owner_id, queue, status, sla_due_at, country) ON leadroute.leads TO {app};
             GRANT EXECUTE ON FUNCTION leadroute.route_lead(jsonb) TO {app};
             INSERT INTO public.crm_lead (email) VALUES ('a@theirs.com');
             ALTER DATABASE {} SET leadroute.enabled = {enabled}",
            grant.replace("{columns}", FILLED),
            database.name(),
            app = app.name()
        );
        dba.batch_execute(&grants).unwrap();
        let mut client = database.connect_as(&app);
        let row = text(&mut dba, "SELECT quote_literal(attached_table) || ', ' || quote_literal(attached_key) FROM leadroute.leads");
        let theirs = "SELECT string_agg(c::text, ', ') FROM public.crm_lead c";
        let before = text(&mut dba, theirs);
        claim_everything(&mut client, &row, grant == "INSERT");
        let good = "INSERT INTO leadroute.leads (email, employees) VALUES ('good@app.com', 7) RETURNING id, owner_id, queue, status, sla_due_at, country";
        client.query_one(good, &[]).unwrap();
        check_leads_of_app(&mut dba, &format!("{grant}, routing {enabled}"));
        let transfer = "SELECT leadroute.transfer_lead(id, 'r1'), leadroute.transfer_lead(id, 'r2'), leadroute.transfer_lead(id, 'r3')
                          FROM leadroute.leads WHERE email LIKE '%app.com' AND duplicate_of IS NULL AND routed_at > '-infinity'";
        dba.batch_execute(transfer).unwrap();
        assert_eq!(text(&mut dba, theirs), before, "{grant}: a row of the DBA was changed");
    }
}

/// Leads of the app have keys, times and decisions of their own, and no rows of others.
fn check_leads_of_app(dba: &mut Client, what: &str) {
    let leads = "FROM leadroute.leads WHERE email LIKE '%app.com'";
    assert!(number(dba, &format!("SELECT count(*) {leads}")) > 0, "{what}");
    let wrong = format!(
        "SELECT concat_ws(' ', email, id, attached_table, attached_key, created_at, updated_at, first_response_at, status) {leads} AND (
            id NOT BETWEEN 1 AND (SELECT last_value FROM leadroute.leads_id_seq) OR id > 1000
            OR attached_table IS NOT NULL OR attached_key IS NOT NULL
            OR created_at NOT BETWEEN now() - interval '1 hour' AND clock_timestamp()
            OR updated_at NOT BETWEEN now() - interval '1 hour' AND clock_timestamp()
            OR first_response_at IS NOT NULL OR status = 'converted' OR sla_due_at = 'infinity'
            OR decision_id IS NOT NULL AND decision_id NOT IN (SELECT d.id FROM leadroute.decisions d WHERE d.lead_id = leads.id))"
    );
    assert_eq!(list(dba, &wrong), Vec::<String>::new(), "{what}");
}
