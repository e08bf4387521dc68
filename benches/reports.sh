#!/usr/bin/env bash
# How long reports take over a year of leads, and over its last month; also as a restore leaves the tables, without statistics.
#   run.sh reports [REPORT...]    BENCH_LEADS (1000000) leads; BENCH_ROUNDS (3) rounds, of which the median is shown
. "$(dirname "$0")/../dev/common.sh"

leads=${BENCH_LEADS:-1000000} rounds=${BENCH_ROUNDS:-3} db=bench_reports
read -ra wanted <<< "${*:-audit_measures speed_percentiles unrouted_rate leads_by_rep misrouted_leads sla_by_rep sla_by_territory territory_balance score_calibration speed_to_lead pool_fairness fairness_certificate fairness_verdict}"
trap '"$ROOT/dev/cluster.sh" stop bench' EXIT

sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$db" "$@"; }

# The median of the rounds, in ms: SELECT of all columns of report $1 from $2 until now.
ms() {
    local arguments="$2, 'infinity'"
    case $1 in fairness_*) arguments="'pool-3', $arguments" ;; esac
    for _ in $(seq "$rounds"); do
        # each column is made into text, as a client would read it
        sql -c '\timing on' -c "SELECT count(t::text) FROM leadroute.$1($arguments) t" | awk '/^Time:/ { print $2 }'
    done | sort -g | awk '{ v[NR] = $1 } END { printf "%.0f", v[int((NR + 1) / 2)] }'
}

# What is known of the tables after pg_restore: nothing.
forget() {
    sql -c 'DELETE FROM pg_statistic s USING pg_class c WHERE c.oid = s.starelid AND c.relnamespace = '"'leadroute'::regnamespace" \
        -c "UPDATE pg_class SET reltuples = -1, relpages = 0, relallvisible = 0 WHERE relkind IN ('r', 'i') AND relnamespace = 'leadroute'::regnamespace"
}

"$ROOT/dev/cluster.sh" drop bench
CLUSTER_FSYNC=off CLUSTER_WAL_SIZE=1GB "$ROOT/dev/cluster.sh" start bench
eval "$("$ROOT/dev/cluster.sh" env bench)"
dropdb --if-exists --force "$db"
createdb "$db"
say "$leads leads"
sql -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION leadroute CASCADE'
sql -v segments=60 -v accounts=20000 -f "$ROOT/benches/config.sql"
sql -v leads="$leads" -f "$ROOT/benches/reports.sql" > /dev/null
month="now() - interval '30 days'"
table=$(mktemp)
for report in "${wanted[@]}"; do echo "$report $(ms "$report" "'-infinity'") $(ms "$report" "$month")"; done | tee "$table" >&2
forget
echo "| report, ms | all $leads leads | a month | all, no statistics | a month, no statistics |"
echo '|---|---|---|---|---|'
while read -r report all recent; do
    echo "| \`$report\` | $all | $recent | $(ms "$report" "'-infinity'") | $(ms "$report" "$month") |"
done < "$table"
rm -f "$table"
echo "$(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg); to reach: 2000 and 300"
