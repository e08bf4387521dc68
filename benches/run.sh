#!/usr/bin/env bash
# What routing costs, beside a minimal (floor.sql) and a plain (plain.sql) PL/pgSQL router.
#   run.sh          what a lead costs: five rounds of BENCH_SECONDS (2) each, in 10 minutes
#   run.sh all      the same, and what it costs where there is much of something; more than an hour
#   run.sh rows...  some rows only: those named below, at `usual` and `more`
#   run.sh quick ...    three rounds
#   run.sh reports  reports over 1,000,000 leads, see reports.sh
# BENCH_FSYNC=on makes each commit wait for the disk: honest for durability, but then the table shows the
# disk, which costs every router the same. Off is the default; 'hot' is measured with both.
#
# The routers take turns, so that a busy machine slows all of them; a ratio is taken within a round. Before
# each run the tables are emptied, filled with 20,000 leads and vacuumed. The first seconds of a run, in
# which sessions read the rules and plan, are not counted: one, and more for many segments and clients.
. "$(dirname "$0")/../dev/common.sh"

# A quarter of the memory, as PostgreSQL advises for a server of its own.
export CLUSTER_BUFFERS=${BENCH_BUFFERS:-$(awk '/^MemTotal:/ { print int($2 / 4096) }' /proc/meminfo)MB}
[ "${1:-}" != reports ] || exec "$ROOT/benches/reports.sh" "${@:2}"
usual='single ways segments10k bytes bulk sweep webhook'
more='attached hot latency names criteria tenants memory notify clocks change'
seconds=${BENCH_SECONDS:-2} rounds=5
if [ "${1:-}" = quick ]; then rounds=3; shift; fi
[ "$*" != all ] || set -- $usual $more
read -ra wanted <<< "${*:-$usual}"
accounts=20000 tenants=0 db=bench
here=$ROOT/benches
work=$(mktemp -d)
trap 'rm -rf "$work"; "$ROOT/dev/cluster.sh" stop bench' EXIT

sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$db" "$@"; }

# A new database with so many segments, the other routers, and leads to start with.
company() {
    say "company with $1 segments"
    dropdb --if-exists --force "$db"
    createdb "$db"
    segments=$1
    sql -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION leadroute CASCADE' \
        -f "$here/floor.sql" -f "$here/plain.sql" 2>/dev/null
    sql -v segments="$1" -v accounts="$accounts" -v tenants="$tenants" -f "$here/config.sql"
    sql <<'SQL'
CREATE SCHEMA bench;
-- Routed, so no router touches them; no decision, so the floor adds nothing.
CREATE TABLE bench.base AS
SELECT format('old%s@company%s.com', n, n) AS email, format('old%s@company%s.com', n, n) AS person_key,
       format('rep-%s', n % 200) AS owner_id, 'assigned' AS status, now() AS routed_at
  FROM generate_series(1, 20000) n;
SQL
}

# Empties what router $1 has written and starts from the same leads.
reset() {
    local tables
    tables=$(sql -c "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables WHERE schemaname = '$1'
        AND (tablename IN ('leads', 'decisions', 'sla_clocks', 'notifications', 'loads') OR tablename LIKE 'turn%')")
    sql -c "TRUNCATE $tables" \
        -c "INSERT INTO $1.leads (email, person_key, owner_id, status, routed_at) TABLE bench.base"
    case $1 in
        floor) sql -c 'VACUUM floor.counters, floor.rep_counters' ;;
        plain) sql -c 'VACUUM plain.seats' ;;
    esac
    sql -c "VACUUM ANALYZE $1.leads" -c CHECKPOINT
}

# Throughput of script insert_$1 into the tables of router $2 with $3 clients, once they are warm; statements are prepared, as
# apps do, or sent as $mode says.
tps() {
    local warm=$((1 + segments * $3 / 16000))
    reset "$2"
    pgbench -n -M "${mode:-prepared}" -c "$3" -j 2 -T $((seconds + warm)) -P 1 -D accounts="$accounts" -D segments="$segments" -D tenants="$tenants" \
        -f "$here/insert_$1.sql" "$db" > "$work/out" 2>&1 || { cat "$work/out" >&2; die "pgbench failed"; }
    ! grep -q 'ERROR' "$work/out" || { head -20 "$work/out" >&2; die "a lead was refused"; }
    awk -v warm="$warm" '/^progress:/ && ++n > warm { sum += $4 } END { printf "%.1f\n", sum / (n - warm) }' "$work/out"
}

median() { sort -g "$1" | awk '{ v[NR] = $1 } END { printf "%.2f", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# row WHAT A B TARGET SENSE: A and B hold a number for each round; SENSE 'least' or 'most' for A / B.
row() {
    paste "$2" "$3" | awk '{ print $1 / $2 }' > "$work/ratio"
    local ratio low high met
    ratio=$(median "$work/ratio") low=$(sort -g "$work/ratio" | head -1) high=$(sort -g "$work/ratio" | tail -1)
    met=$(awk -v r="$ratio" -v t="$4" -v s="$5" 'BEGIN { print ((s == "least" ? r >= t : r <= t) ? "met" : "NOT MET") }')
    printf '| %-52s | %6.2f (%.2f to %.2f) | %9.1f | %9.1f | %s %s | %s |\n' "$1" "$ratio" "$low" "$high" \
        "$(median "$2")" "$(median "$3")" "$([ "$5" = least ] && echo '>=' || echo '<=')" "$4" "$met" >> "$work/table"
    tail -1 "$work/table" >&2
}

# Rounds of the routers $2... with $1 clients; leaves $work/ROUTER.$1.
compare() {
    local clients=$1 router; shift
    for router in "$@"; do rm -f "$work/$router.$clients"; done
    for _ in $(seq "$rounds"); do
        for router in "$@"; do tps "$router" "$router" "$clients" >> "$work/$router.$clients"; done
    done
}

single() {
    local plain=3.0
    [ "$1" -lt 1000 ] || plain=10.0
    company "$1"
    for clients in 1 8; do
        compare "$clients" leadroute floor plain
        row "insert, $1 segments, $clients client(s), to floor" "$work/leadroute.$clients" "$work/floor.$clients" 1.0 least
        row "insert, $1 segments, $clients client(s), to plain" "$work/leadroute.$clients" "$work/plain.$clients" "$plain" least
    done
}

# The same with statements that are parsed and planned each time; and as production is, where each commit waits for the disk.
ways() {
    company 60
    mode=simple compare 1 leadroute floor
    row "insert, simple protocol, 1 client, to floor" "$work/leadroute.1" "$work/floor.1" 1.0 least
    fsync_to on
    for clients in 1 8; do
        compare "$clients" leadroute floor
        row "insert, fsync on, $clients client(s), to floor" "$work/leadroute.$clients" "$work/floor.$clients" 1.0 least
    done
    fsync_to "${BENCH_FSYNC:-off}"
}

# Milliseconds of each statement given.
ms() { sql -c '\timing on' "$@" | awk '/^Time:/ { print $2 }'; }

# Milliseconds of the insert of $2 leads into $1.leads; 'bare' gets the rows as routing leaves them.
bulk_ms() {
    local columns='email, company, country, industry, employees, language, product, score, event, source'
    reset "$1"
    if [ "$1" = bare ]; then insert="TABLE bench.routed"; else insert="SELECT $columns FROM bench.bulk LIMIT $2"; fi
    [ "$1" = bare ] || insert="($columns) $insert"
    ms -c "INSERT INTO $1.leads $insert"
}

# $1 rows that are to become leads.
bulk_rows() {
    sql -v rows="$1" <<'SQL'
CREATE TABLE bench.bulk AS
SELECT format('bulk%s@company%s.com', n, n % 40000) AS email, 'Company Ltd' AS company,
       ('{DE,FR,GB,US,NL,BE,AT,CH,IT,ES,PT,PL,CZ,SE,NO,DK,FI,IE,CA,JP}'::text[])[1 + n % 60 % 20] AS country,
       format('industry-%s', n % 60 / 20) AS industry, 50 AS employees, 'en' AS language, 'core' AS product,
       n % 100 AS score, 'demo_request' AS event, 'web' AS source
  FROM generate_series(1, :rows) n;
VACUUM ANALYZE bench.bulk;
SQL
}

bulk() {
    local n columns='email, company, country, industry, employees, language, product, score, event, source'
    company 60
    sql -c 'CREATE SCHEMA bare' -c 'CREATE TABLE bare.leads (LIKE leadroute.leads INCLUDING ALL)'
    bulk_rows 200000
    rm -f "$work"/bulk.* "$work"/copy.*
    for n in 25000 50000 100000 200000; do
        sql -c "COPY (SELECT $columns FROM bench.bulk LIMIT $n) TO STDOUT" > "$work/bulk.$n"
    done
    for _ in $(seq "$rounds"); do
        bulk_ms leadroute 100000 >> "$work/bulk.leadroute"
        sql -c 'DROP TABLE IF EXISTS bench.routed' \
            -c "CREATE TABLE bench.routed AS SELECT * FROM leadroute.leads WHERE email LIKE 'bulk%'"
        bulk_ms bare 100000 >> "$work/bulk.bare"
        for n in 25000 50000 100000 200000; do
            reset leadroute
            ms -c "\\copy leadroute.leads ($columns) FROM '$work/bulk.$n'" | awk -v n="$n" '{ print $1 * 1000 / n }' >> "$work/copy.$n"
        done
    done
    row "100,000 leads in one insert, to a bare insert (ms)" "$work/bulk.leadroute" "$work/bulk.bare" 5 most
    for n in 50000 100000 200000; do
        row "$n leads in one COPY, to 25000 (us per lead)" "$work/copy.$n" "$work/copy.25000" 1.3 most
    done
}

# A table of the user beside leadroute.leads: one statement for each lead, and 100,000 leads in one.
attached() {
    local columns='email, company, country, industry, employees, language, product, score, event, source'
    company 60
    sql <<'SQL'
CREATE SCHEMA crm;
CREATE TABLE crm.lead (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text, first_name text, last_name text, phone text,
    company text, country text, industry text, employees integer, language text, product text, score numeric, event text,
    source text, campaign text, attributes jsonb, owner text, answer_by timestamptz);
SELECT leadroute.attach('crm.lead', (SELECT jsonb_object_agg(c, c) FROM unnest('{email,first_name,last_name,phone,company,country,
    industry,employees,language,product,score,event,source,campaign,attributes}'::text[]) c)
    || '{"owner_id": "owner", "sla_due_at": "answer_by"}');
SQL
    bulk_rows 100000
    rm -f "$work"/attached.*
    for _ in $(seq "$rounds"); do
        tps leadroute leadroute 1 >> "$work/attached.direct"
        sql -c 'TRUNCATE crm.lead'
        tps attached leadroute 1 >> "$work/attached.one"
        bulk_ms leadroute 100000 >> "$work/attached.bulk_direct"
        sql -c 'TRUNCATE crm.lead'
        reset leadroute
        ms -c "INSERT INTO crm.lead ($columns) SELECT $columns FROM bench.bulk LIMIT 100000" >> "$work/attached.bulk"
    done
    row "an attached table to leadroute.leads, 1 client" "$work/attached.one" "$work/attached.direct" 0.8 least
    row "100,000 leads into an attached table, to direct (ms)" "$work/attached.bulk" "$work/attached.bulk_direct" 2 most
}

# Bytes in the log and on disk for each of 10,000 leads that router $1 gets one by one. Pages that are logged as a whole after a
# checkpoint depend on how often there is one, so they are left out.
bytes_of() {
    local before after size="SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE relnamespace = '$1'::regnamespace AND relkind = 'r'"
    reset "$1"
    before=$(sql -c "$size" -c 'SELECT pg_current_wal_insert_lsn()' | paste -sd' ')
    pgbench -n -M prepared -c 1 -t 10000 -D accounts="$accounts" -D segments="$segments" -D tenants=0 -f "$here/insert_$1.sql" "$db" > "$work/out" 2>&1 ||
        { cat "$work/out" >&2; die "pgbench failed"; }
    after=$(sql -c "$size")
    sql -c "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '${before#* }') / 10000" >> "$work/log.$1"
    awk -v a="${before% *}" -v b="$after" 'BEGIN { print (b - a) / 10000 }' >> "$work/disk.$1"
}

bytes() {
    local router
    company 60
    sql -c 'ALTER SYSTEM SET full_page_writes = off' -c 'SELECT pg_reload_conf()' >/dev/null
    rm -f "$work"/log.* "$work"/disk.*
    for router in leadroute floor plain; do bytes_of $router; done
    sql -c 'ALTER SYSTEM RESET full_page_writes' -c 'SELECT pg_reload_conf()' >/dev/null
    row "bytes in the log for a lead, to the floor" "$work/log.leadroute" "$work/log.floor" 0.77 most
    row "bytes on disk for a lead, to the floor" "$work/disk.leadroute" "$work/disk.floor" 0.6 most
}

fsync_to() { sql -c "ALTER SYSTEM SET fsync = $1" -c 'SELECT pg_reload_conf()' >/dev/null; sleep 0.5; }

hot() {
    company 60
    for fsync in off on; do
        fsync_to "$fsync"
        rm -f "$work"/hot.*
        for _ in $(seq "$rounds"); do
            tps hot leadroute 16 >> "$work/hot.one"
            tps leadroute leadroute 16 >> "$work/hot.many"
        done
        row "16 clients, one pool of 10 to 40 pools, fsync $fsync" "$work/hot.one" "$work/hot.many" 0.7 least
    done
    fsync_to "${BENCH_FSYNC:-off}"
}

. "$here/latency.sh"

. "$here/outbox.sh"

sweep() {
    company 60
    rm -f "$work"/sweep.*
    for leads in 10000 100000; do
        for _ in 1 2 3; do
            reset leadroute
            ms -c "INSERT INTO leadroute.leads (email, country, industry, employees, event, occurred_at)
                   SELECT format('late%s@company%s.com', n, n % 40000), 'DE', 'industry-0', 50, 'demo_request', now() - interval '6 minutes'
                     FROM generate_series(1, $leads) n" >> "$work/sweep.route$leads"
            ms -c "SELECT leadroute.escalate_overdue($leads)" >> "$work/sweep.$leads"
        done
    done
    row "100,000 overdue leads escalated, to routing them (ms)" "$work/sweep.100000" "$work/sweep.route100000" 3 most
    awk '{ print $1 * 10 }' "$work/sweep.10000" > "$work/sweep.tenth"
    row "100,000 escalated, to ten times 10,000 (ms): linear" "$work/sweep.100000" "$work/sweep.tenth" 1.3 most
}

clocks() {
    company 60
    say "ten million clocks"
    sql -c "INSERT INTO leadroute.sla_clocks (lead_id, policy, started_at, due_at, next_at)
            SELECT n, 'high intent', now(), now() + interval '1 day', now() + n * interval '1 second' + interval '1 day'
              FROM generate_series(1, 10000000) n" -c 'VACUUM ANALYZE leadroute.sla_clocks'
    # the first call of a session reads the rules
    printf 'SELECT leadroute.escalate_overdue();\n%.0s' 1 2 3 4 5 6 > "$work/sweep.sql"
    ms -f "$work/sweep.sql" | tail -5 > "$work/sweep.idle"
    printf '1\n%.0s' 1 2 3 4 5 > "$work/sweep.one"
    row "sweep with nothing due among 10,000,000 clocks (ms)" "$work/sweep.idle" "$work/sweep.one" 1 most
}

# Rules that change: what their history costs a load of accounts, a preview on many leads, and what looks at ten thousand rules.
change() {
    company 60
    rm -f "$work"/change.*
    local load='INSERT INTO leadroute.accounts (id, name, kind, country) SELECT format('"'new-%s'"', n), format('"'Company %s'"', n), '"'prospect'"', '"'DE'"' FROM generate_series(1, 200000) n'
    for _ in $(seq "$rounds"); do
        ms -c "BEGIN; ALTER TABLE leadroute.accounts DISABLE TRIGGER history_1" -c "$load" -c ROLLBACK | sed -n 2p >> "$work/change.without"
        ms -c BEGIN -c "$load" -c ROLLBACK | sed -n 2p >> "$work/change.with"
    done
    row "200,000 accounts, with history to without (ms)" "$work/change.with" "$work/change.without" 2 most
    bulk_rows 100000
    bulk_ms leadroute 100000 > /dev/null
    sql -c "SELECT leadroute.propose_change('preview', 'for the bench', 'UPDATE segments SET employees = NULL WHERE priority % 7 = 0')" > /dev/null
    for _ in 1 2 3; do
        ms -c 'SET client_min_messages = warning' -c 'SELECT count(*) FROM leadroute.preview_change(1)' | tail -1 | awk '{ print $1 / 1000 }' >> "$work/change.preview"
    done
    printf '1\n%.0s' 1 2 3 > "$work/change.one"
    row "a change previewed on 100,000 leads (s)" "$work/change.preview" "$work/change.one" 60 most
    company 10000
    bulk_rows 10000
    bulk_ms leadroute 10000 > /dev/null
    for _ in 1 2 3; do
        ms -c 'SELECT count(*) FROM leadroute.lint_config()' | awk '{ print $1 / 1000 }' >> "$work/change.lint"
        ms -c 'SELECT count(*) FROM leadroute.counter_explain((SELECT max(id) FROM leadroute.decisions))' >> "$work/change.counter"
    done
    row "lint of 10,000 segments, with 10,000 leads (s)" "$work/change.lint" "$work/change.one" 2 most
    row "counter_explain among 10,000 segments (ms)" "$work/change.counter" "$work/change.one" 300 most
}

# Private memory of one backend, in MB, after each step of so many leads. The first 200,000 warm it up and do not count:
# growth is from there to 1,200,000, unless the steps are set otherwise.
memory() {
    company 60
    reset leadroute
    local warm=${BENCH_MEMORY_WARM:-200000} step=${BENCH_MEMORY_STEP:-250000} script=$work/memory.sql n
    {
        echo "CREATE TEMP TABLE usage (step integer, bytes bigint);"
        for n in 0 1 2 3 4; do
            [ "$n" = 0 ] && leads=$warm || leads=$step
            # one statement for each lead, as an app would send them
            cat <<SQL
DO \$\$ BEGIN FOR n IN 1..$leads LOOP
    INSERT INTO leadroute.leads (email, country, industry, employees, source)
    VALUES (format('m%s.%s@company%s.com', $n, n, n), 'DE', 'industry-0', 50, 'web');
    COMMIT;
END LOOP; END \$\$;
INSERT INTO usage SELECT $n, sum(used_bytes) FROM pg_backend_memory_contexts;
SELECT pg_backend_pid() AS pid \gset
\! awk '/^RssAnon/ { print \$2 * 1024 }' /proc/\`cat $work/pid\`/status >> $work/memory.rss
SQL
        done
        echo "SELECT bytes FROM usage ORDER BY step;"
    } > "$script"
    sed -i '1i SELECT pg_backend_pid() \\g '"$work/pid" "$script"
    sql -f "$script" > "$work/memory.contexts"
    row_memory "contexts" "$work/memory.contexts" "$step"
    row_memory "process" "$work/memory.rss" "$step"
}

row_memory() {
    awk -v what="$1" -v step="$3" '{ v[NR] = $1 } END {
        grown = (v[NR] - v[1]) / (NR - 1) / step
        printf "| %-52s | %6.2f MB | %9.1f | %9.1f | <= 10 MB | %s |\n", "memory (" what ") grown in 1,000,000 leads, from " step * (NR - 1),
               grown, v[NR] / 1e6, v[1] / 1e6, grown <= 10 ? "met" : "NOT MET" }' "$2" >> "$work/table"
    tail -1 "$work/table" >&2
}

"$ROOT/dev/cluster.sh" drop bench
CLUSTER_FSYNC=${BENCH_FSYNC:-off} CLUSTER_WAL_SIZE=1GB "$ROOT/dev/cluster.sh" start bench
eval "$("$ROOT/dev/cluster.sh" env bench)"
createdb bench 2>/dev/null || true
fsync_to "${BENCH_FSYNC:-off}"
library=$(stat -c %s "$("$PG_CONFIG_PRIVATE" --pkglibdir)/leadroute.so")
: > "$work/table"
for what in "${wanted[@]}"; do
    case $what in
        single) single 60 ;;
        segments10k) single 10000 ;;
        *) [[ " $usual $more " = *" $what "* ]] || die "unknown row $what"; "$what" ;;
    esac
done

echo
echo "$(nproc) cores, $(awk '{ print $2 }' <<< "$(sql -c 'SELECT version()')" | sed 's/^/PostgreSQL /'), fsync $(sql -c 'SHOW fsync'), synchronous_commit $(sql -c 'SHOW synchronous_commit')," \
     "$rounds rounds of $seconds s, load $(cut -d' ' -f1 /proc/loadavg), library of $((library / 1000000)) MB$([ "$library" -lt 20000000 ] || echo ' (a debug build: these numbers mean nothing)')"
echo
printf '| %-52s | %-21s | %9s | %9s | %s | %s |\n' 'what (leads per second unless said)' 'ratio (min to max)' 'a' 'b' 'target' ''
echo '|---|---|---|---|---|---|'
cat "$work/table"
