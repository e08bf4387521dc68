#!/usr/bin/env bash
# The clients that people use, each directly and through PgBouncer in transaction mode. The cluster must run
# (tests/run.sh); each script gets its place by PGHOST and the like, and CLIENT as the source of its leads.
. "$(dirname "${BASH_SOURCE[0]}")/../../dev/common.sh"
cd "$ROOT/tests/clients"

home=$PRIVATE/clients
database=leadroute_clients
direct=$PGHOST
admin() { PGHOST=$direct PGPORT=5432 PGUSER=leadroute PGDATABASE=$database PGOPTIONS='-c client_min_messages=warning' \
        psql -X -q -v ON_ERROR_STOP=1 "$@"; }

stop_pgbouncer() {
    local pid
    pid=$(cat "$home/pgbouncer.pid" 2>/dev/null) || return 0
    if grep -qs "$home" "/proc/$pid/cmdline"; then
        kill "$pid"
        tail --pid="$pid" -s 0.05 -f /dev/null
    fi
}

# One server connection for all clients: whatever one of them leaves behind, the next one finds.
start_pgbouncer() {
    stop_pgbouncer
    rm -rf "$home"
    install -d -o "$SERVER_USER" "$home"
    echo '"clients_app" ""' | as_server tee "$home/users" >/dev/null
    as_server tee "$home/pgbouncer.ini" >/dev/null <<INI
[databases]
* = host=$direct port=5432
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = $home
auth_type = trust
auth_file = $home/users
pool_mode = transaction
default_pool_size = 1
pidfile = $home/pgbouncer.pid
logfile = $home/pgbouncer.log
INI
    # Not by -d: that returns before the file of its pid is there.
    as_server /usr/sbin/pgbouncer -q "$home/pgbouncer.ini" &
    bouncer=$!
    until PGHOST=$home PGPORT=6432 PGUSER=clients_app psql -X -q -d $database -c '' 2>/dev/null; do
        kill -0 $bouncer 2>/dev/null || die "PgBouncer did not start; see $home/pgbouncer.log"
    done
}

# try NAME EXPECTED COMMAND...: twice, with what the leads of this client must look like.
try() {
    local name=$1 expected=$2 way left
    shift 2
    for way in direct pgbouncer; do
        [ $way = direct ] && place=(PGHOST="$direct" PGPORT=5432) || place=(PGHOST="$home" PGPORT=6432)
        env "${place[@]}" PGUSER=clients_app PGDATABASE=$database CLIENT="$name $way" WAY=$way "$@" \
            >"$home/output" 2>&1 || { cat "$home/output" >&2; die "$name ($way) failed"; }
        left=$(admin -At -v client="$name $way" <<<"SELECT left_behind(:'client')")
        [ "$left" = "$expected" ] || die "$name ($way) left $left instead of $expected"
        say "$name, $way: $left"
    done
}

admin -d postgres -c "DROP DATABASE IF EXISTS $database WITH (FORCE)" -c 'DROP ROLE IF EXISTS clients_app' \
    -c "CREATE DATABASE $database TEMPLATE leadroute_template"
admin -f company.sql
trap stop_pgbouncer EXIT
start_pgbouncer

cargo build --quiet -p leadroute-cluster-tests --bin clients-postgres
try psql '25 leads, 3 reps, 25 decisions, 0 turns off' psql -X -q -f psql.sql
try 'Rust postgres' '25 leads, 3 reps, 25 decisions, 0 turns off' "$TARGET/debug/clients-postgres"
try 'Python psycopg' '25 leads, 3 reps, 25 decisions, 0 turns off' /usr/bin/python3 psycopg3.py
try 'Python SQLAlchemy' '25 leads, 3 reps, 25 decisions, 0 turns off' /usr/bin/python3 orm.py
try 'Node.js pg' '25 leads, 3 reps, 25 decisions, 0 turns off' env NODE_PATH="$TARGET/clients/node_modules" node node.js

say "clients that share one connection of PgBouncer"
PGHOST=$home PGPORT=6432 PGUSER=clients_app PGDATABASE=$database DIRECT=$direct /usr/bin/python3 pgbouncer.py

# crm NAME COMMAND...: an ORM on tables of its own that are attached, twice.
crm() {
    local name=$1 way place broken
    shift
    for way in direct pgbouncer; do
        [ $way = direct ] && place=(PGHOST="$direct" PGPORT=5432) || place=(PGHOST="$home" PGPORT=6432)
        env "${place[@]}" PGUSER=clients_app PGDATABASE=$database CLIENT="$name $way" WAY=$way "$@" \
            >"$home/output" 2>&1 || { cat "$home/output" >&2; die "$name ($way) failed"; }
        broken=$(admin -At -c 'SELECT count(*) FROM leadroute.check_integrity()')
        [ "$broken" = 0 ] || die "$name ($way) left $broken rows that name what is not there"
        say "$name, $way: attached tables"
    done
}
python=$TARGET/clients/python/bin/python
PGHOST=$direct PGPORT=5432 PGUSER=leadroute PGDATABASE=$database "$python" django_crm.py setup
admin -f crm.sql
crm Django "$python" django_crm.py
crm 'SQLAlchemy 2' "$python" sqlalchemy2.py

say "dbt: the package in examples/dbt"
admin -c 'DROP ROLE IF EXISTS clients_dbt' -c 'CREATE ROLE clients_dbt LOGIN' -c 'CREATE SCHEMA analytics AUTHORIZATION clients_dbt' \
    -c "SELECT leadroute.grant_role('analyst', 'clients_dbt')" >/dev/null
# what it writes goes to a folder that is dropped
(cd "$ROOT/examples/dbt" && env PGHOST="$direct" PGPORT=5432 PGUSER=clients_dbt PGDATABASE=$database DBT_PROFILES_DIR=. \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false DO_NOT_TRACK=1 "$TARGET/clients/python/bin/dbt" --quiet build \
    --target-path "$TARGET/clients/dbt" --log-path "$TARGET/clients/dbt") || die "dbt build failed"
[ "$(admin -At -c 'SELECT count(*) = (SELECT count(*) FROM leadroute.leads WHERE duplicate_of IS NULL) FROM analytics.lead_outcomes')" = t ] ||
    die "dbt's lead_outcomes has not one row for each lead"
