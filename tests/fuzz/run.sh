#!/usr/bin/env bash
# Runs the fuzzer (tests/cluster/src/bin/fuzz) on a private cluster, which is dropped at the end.
#   FUZZ_SEED=7 FUZZ_SECONDS=600 tests/fuzz/run.sh               the statements of that seed
#   tests/fuzz/run.sh --targets                                  lists what was tried, and how often it succeeded
#   tests/fuzz/run.sh --blocks own_tables,ddl --sessions 4       some kinds of blocks only (KINDS in plan.rs), more sessions
. "$(dirname "${BASH_SOURCE[0]}")/../../dev/common.sh"
cd "$ROOT"

seed=${FUZZ_SEED:-20261101} seconds=${FUZZ_SECONDS:-120}
say "fuzz: seed $seed, $seconds s"

cluster() { "$ROOT/dev/cluster.sh" "$@"; }
# a backend that hangs would not let the server stop
end() { cluster crash fuzz || true; cluster drop fuzz; }
trap end EXIT
end
cluster start fuzz
eval "$(cluster env fuzz)"
# pg_cron looks for it once a second, and would fill the log
psql -X -q -v ON_ERROR_STOP=1 -d postgres -c 'CREATE DATABASE leadroute'

cargo build --quiet -p leadroute-cluster-tests --bin fuzz
"$TARGET/debug/fuzz" --seed "$seed" --seconds "$seconds" --log "$CLUSTERS/fuzz/data/server.log" "$@"
