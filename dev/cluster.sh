#!/usr/bin/env bash
# A private, unprivileged PostgreSQL cluster, reached by a socket only.
#   cluster.sh start NAME   initdb on first use, start, wait until it answers
#   cluster.sh follow NAME PRIMARY   a hot standby of that cluster, made anew
#   cluster.sh stop NAME    stop, keep the data
#   cluster.sh crash NAME   stop at once, as a power cut would
#   cluster.sh drop NAME    stop and delete
#   cluster.sh env NAME     print PGHOST, PGPORT and PGUSER for eval
. "$(dirname "$0")/common.sh"

verb=${1:?verb} name=${2:?name}
home=$CLUSTERS/$name
data=$home/data
socket=$home/socket

running() { as_server "$PG_BIN/pg_ctl" -D "$data" status >/dev/null 2>&1; }

start() {
    if [ ! -f "$data/PG_VERSION" ]; then
        say "creating cluster $name in $home"
        mkdir -p "$home"
        chmod 755 "$PRIVATE" "$PRIVATE/clusters" "$CLUSTERS" "$home"
        install -d -o "$SERVER_USER" "$data" "$socket"
        as_server "$PG_BIN/initdb" -D "$data" -U leadroute -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
        as_server tee -a "$data/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$socket'
unix_socket_permissions = 0777
fsync = ${CLUSTER_FSYNC:-off}
max_wal_size = ${CLUSTER_WAL_SIZE:-256MB}
shared_buffers = ${CLUSTER_BUFFERS:-256MB}
max_connections = 120
max_prepared_transactions = 4
log_min_messages = warning
CONF
        ! has_extension pg_cron || as_server tee -a "$data/postgresql.conf" >/dev/null <<CONF
shared_preload_libraries = 'pg_cron'
cron.database_name = 'leadroute'
cron.host = '$socket'
cron.use_background_workers = off
CONF
    fi
    running || as_server "$PG_BIN/pg_ctl" -D "$data" -l "$home/data/server.log" -w -t 60 start >/dev/null ||
        { tail -20 "$data/server.log" >&2; die "the server of cluster $name did not start"; }
}

follow() {
    stop
    rm -rf "$home"
    mkdir -p "$home"
    chmod 755 "$home"
    install -d -m 700 -o "$SERVER_USER" "$data"
    install -d -o "$SERVER_USER" "$socket"
    as_server "$PG_BIN/pg_basebackup" -h "$CLUSTERS/$1/socket" -U leadroute -D "$data" -c fast
    # Not by --write-recovery-conf: it names options that the libpq of the machine may be too old for, which the server loads.
    as_server touch "$data/standby.signal"
    as_server tee -a "$data/postgresql.conf" >/dev/null <<CONF
unix_socket_directories = '$socket'
primary_conninfo = 'host=$CLUSTERS/$1/socket user=leadroute'
CONF
    start
}

stop() { ! running || as_server "$PG_BIN/pg_ctl" -D "$data" -w -m fast stop >/dev/null; }

crash() { ! running || as_server "$PG_BIN/pg_ctl" -D "$data" -w -m immediate stop >/dev/null; }

case $verb in
    start) start ;;
    follow) follow "${3:?primary}" ;;
    stop) stop ;;
    crash) crash ;;
    drop) stop; rm -rf "$home" ;;
    env) printf 'export PGHOST=%q PGPORT=5432 PGUSER=leadroute PATH=%q:$PATH\n' "$socket" "$PG_BIN" ;;
    *) die "unknown verb $verb" ;;
esac
