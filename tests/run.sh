#!/usr/bin/env bash
# Everything that needs a server: stories, real clients, README and docs. Clusters are private and dropped at
# the end.
. "$(dirname "$0")/../dev/common.sh"
cd "$ROOT"

cluster() { "$ROOT/dev/cluster.sh" "$@"; }
trap 'cluster drop test' EXIT

say "stories (pg_regress)"
tests/regress/run.sh

say "real clients"
cluster drop test
cluster start test
eval "$(cluster env test)"
psql -X -q -v ON_ERROR_STOP=1 -d postgres -c 'CREATE DATABASE leadroute' -c 'CREATE DATABASE leadroute_template'
psql -X -q -v ON_ERROR_STOP=1 -d leadroute_template -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION leadroute CASCADE'
cargo build --quiet -p leadroute-webhook -p leadroute-worker
tests/cluster/run.sh

say "clients, also through PgBouncer, and beside them README and docs"
told=$(mktemp) failed=
tests/readme/run.sh > "$told" 2>&1 &
tests/clients/run.sh || failed=yes
wait $! || failed=yes
cat "$told"
rm "$told"
[ -z "$failed" ] || die "clients, README or docs do not say what they should"

say "real data"
tests/real_data/run.sh

say "fuzz: generated SQL, always the same"
tests/fuzz/run.sh
