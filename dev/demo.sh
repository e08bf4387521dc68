#!/usr/bin/env bash
# Routes the leads of the sample company on a private cluster, and leaves it running to look around.
#   demo.sh start   a new cluster, the sample, and a tour of it
#   demo.sh stop    stop and delete the cluster
. "$(dirname "$0")/common.sh"

cluster() { "$ROOT/dev/cluster.sh" "$1" demo; }
sql() { psql -X -q -v ON_ERROR_STOP=1 -P footer=off -P pager=off -d leadroute "$@"; }
value() { sql -At -c "$1"; }
heading() { printf '\n\033[1m%s\033[0m\n' "$*"; }
# Shows a statement as one would type it, then its result.
show() { printf '%s\n' "$1" | sed 's/^/    /'; sql -c "$1"; }
wrapped() { fold -s -w 98; }

# Waits until a query answers true: wait_for SECONDS WHAT QUERY. The counter says that it is still waiting.
wait_for() {
    local seconds=$1 what=$2 query=$3 waited=0
    until [ "$(value "$query")" = t ]; do
        [ "$waited" -lt "$seconds" ] || { echo; return 1; }
        if [ -t 1 ]; then printf '\r%s: %3d s ' "$what" "$waited"
        elif [ $((waited % 10)) = 0 ]; then printf '%s: %3d s\n' "$what" "$waited"; fi
        sleep 1
        waited=$((waited + 1))
    done
    [ "$waited" = 0 ] || printf '%s%s: after %d s\n' "$([ ! -t 1 ] || printf '\r')" "$what" "$waited"
}

create() {
    cluster drop
    cluster start
    eval "$("$ROOT/dev/cluster.sh" env demo)"
    psql -X -q -v ON_ERROR_STOP=1 -d postgres -c 'CREATE DATABASE leadroute'
    sql -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION pg_cron' -c 'CREATE EXTENSION leadroute CASCADE'
    # Its launcher gave up while there was no such database, and comes back by itself.
    wait_for 30 'waiting for pg_cron to start' \
        "SELECT EXISTS (SELECT FROM pg_stat_activity
                         WHERE backend_type = 'pg_cron launcher' AND datname = 'leadroute')" ||
        die "pg_cron did not start; see $CLUSTERS/demo/data/server.log"
}

load() {
    say "loading the sample company: 200 reps, 12 territories, 40 pools, 5,000 accounts, 2,000 leads"
    # One session, because load.sql leaves the time in a variable, and its dice.
    route_ms=$(sql -At -f "$ROOT/examples/sample_company/load.sql" -f "$ROOT/examples/sample_company/05_past.sql" -c '\echo :route_ms')
}

leads_by_layer() {
    heading "Where the leads went, layer by layer"
    sql <<'SQL'
SELECT layer, outcome, count(*) AS leads, count(DISTINCT coalesce(d.owner_id, d.queue)) AS "to",
       regexp_replace(min(d.reason COLLATE "C"), '^(.{50}).+$', '\1...') AS "for example"
  FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id WHERE d.cause = 'insert'
 GROUP BY layer, outcome
 ORDER BY array_position('{domain_rule,duplicate,customer,recycle,named_account,tier,distribution,fallback}', layer),
       outcome;
SQL
    echo "2,000 leads were inserted and routed in $route_ms ms: one statement, commit included."
    echo "Their times were then moved back over eight weeks, and reps answered, were late, won and lost: something to report on."
}

one_insert() {
    heading "One lead, as an app inserts it: the owner comes back in the same statement"
    show "INSERT INTO leadroute.leads (email, company, country, employees, product, score, event)
VALUES ('Vera.Stein+demo@Kranich-Werft-Kontor.de', 'Kranich Werft Kontor', 'Germany', 420,
        'automation', 88, 'contact_sales')
RETURNING id, owner_id, segment, tier, playbook, to_char(sla_due_at, 'HH24:MI:SS') AS answer_by;"
    heading "Why? explain_decision names every layer, every candidate, and why not"
    value "SELECT leadroute.explain_decision(decision_id) FROM leadroute.leads ORDER BY id DESC LIMIT 1" | wrapped
}

one_score() {
    heading "A lead without a score: criteria score it in the same insert, and say why"
    show "INSERT INTO leadroute.score_criteria (name, points, condition, reason, half_life) VALUES
    ('sales', 50, '\$.event == \"contact_sales\"', 'wants to talk to sales', '14 days'),
    ('large', 30, '\$.employees >= 300', 'large enough to need us', NULL),
    ('student', -100, '\$.title like_regex \"student\" flag \"i\"', 'buys nothing', NULL);"
    show "INSERT INTO leadroute.leads (email, company, country, employees, event, occurred_at)
VALUES ('i.lund@fjord-lantern-works.dk', 'Fjord Lantern Works', 'Denmark', 350, 'contact_sales', now() - interval '3 days')
RETURNING id, score, tier, owner_id, playbook;"
    value "SELECT leadroute.explain_decision(decision_id) FROM leadroute.leads ORDER BY id DESC LIMIT 1" | wrapped
}

one_late_answer() {
    heading "What becomes known later: a provider is asked in the same insert, its answer moves the lead, once"
    show "INSERT INTO leadroute.providers (name, kind, fields) VALUES ('company-data', 'enrich', '{employees,industry}');"
    show "INSERT INTO leadroute.leads (email, company, country, event)
VALUES ('s.ivarsson@glacier-violin-mills.se', 'Glacier Violin Mills', 'Sweden', 'contact_sales')
RETURNING id, score, segment, tier, owner_id, queue;"
    local lead
    lead=$(value 'SELECT max(id) FROM leadroute.leads')
    echo "The worker of examples/worker would take the request, ask the provider, and bring its answer:"
    show "SELECT lead_id, kind, payload -> 'missing' AS missing FROM leadroute.take_notifications('demo', kinds => '{enrich_requested}');"
    show "SELECT answer ->> 'taken' AS taken, answer ->> 'routing' AS routing
  FROM leadroute.provider_requests r, leadroute.apply_enrichment(r.lead_id, '{\"employees\": 5200, \"industry\": \"Manufacturing\"}',
       r.provider, r.request_id) answer WHERE r.lead_id = $lead;"
    show "SELECT score, segment, tier, owner_id, queue FROM leadroute.leads WHERE id = $lead;"
    echo "The answer comes again, and another says more: it counts once, and the lead stays."
    show "SELECT a ->> 'routing' AS again, b ->> 'routing' AS more FROM leadroute.provider_requests r,
       leadroute.apply_enrichment(r.lead_id, '{\"employees\": 5200}', r.provider, r.request_id) a,
       leadroute.apply_enrichment(r.lead_id, '{\"employees\": 40}', r.provider, 'another') b WHERE r.lead_id = $lead;"
    value "SELECT leadroute.explain_lead($lead)" | wrapped
}

one_escalation() {
    heading "A lead that nobody answers: pg_cron takes the next step of the SLA ladder"
    show "SELECT job, schedule FROM leadroute.schedule_jobs();"
    show "INSERT INTO leadroute.leads (email, company, country, employees, score, event, occurred_at)
VALUES ('t.moss@pebble-otter-canneries.co.uk', 'Pebble Otter Canneries', 'UK', 640, 91,
        'demo_request', now() - interval '10 minutes')
RETURNING id, owner_id, to_char(now() - sla_due_at, 'MI \"min\"') AS overdue_by;"
    local lead
    lead=$(value 'SELECT max(id) FROM leadroute.leads')
    if ! wait_for 130 'waiting for pg_cron, which starts with the next minute' \
        "SELECT EXISTS (SELECT FROM leadroute.escalations WHERE lead_id = $lead)"; then
        sql -c 'SELECT status, return_message, start_time FROM cron.job_run_details ORDER BY runid DESC LIMIT 5'
        die "pg_cron did not escalate the lead within 130 seconds"
    fi
    echo
    sql -c "SELECT to_char(decided_at, 'HH24:MI:SS') AS at, policy, to_char(overdue_by, 'MI:SS') AS overdue,
                   previous_owner_id AS owner_before, owner_id AS owner_now, queue
              FROM leadroute.escalations WHERE lead_id = $lead ORDER BY decision_id"
    value "SELECT leadroute.explain_decision(min(decision_id)) FROM leadroute.escalations WHERE lead_id = $lead" | wrapped
}

report() {
    heading "A report for managers: the last 60 days on one page"
    local file=$PRIVATE/report.html
    sql -At -c "SELECT leadroute.report_html(now() - interval '60 days', now())" > "$file"
    printf "    psql -At -o report.html -c \"SELECT leadroute.report_html(now() - interval '60 days', now())\"\n\n"
    echo "is in $file: open it in a browser."
}

farewell() {
    heading "Look around"
    cat <<TEXT
    $PG_BIN/psql -h $PGHOST -U leadroute leadroute
    SELECT * FROM leadroute.audit_log ORDER BY decision_id DESC LIMIT 10;

The cluster stays up, and pg_cron goes on.
'make demo-stop' stops and deletes it.
TEXT
}

case ${1:-start} in
    start) create; load; leads_by_layer; one_insert; one_score; one_late_answer; one_escalation; report; farewell ;;
    stop) cluster drop ;;
    *) die "unknown verb $1: start or stop" ;;
esac
