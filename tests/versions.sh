#!/usr/bin/env bash
# What is tested of other versions.
#   versions.sh            stories on PG_MAJOR, and pg_upgrade and a restore between it and 15
#   versions.sh 14 17 18   pg_upgrade along these versions, and a dump of the first restored on the last
. "$(dirname "$0")/../dev/common.sh"
cd "$ROOT"

if [ $# -gt 0 ]; then
    path="$*"
else
    tests/regress/run.sh
    if [ "$PG_MAJOR" -gt 15 ]; then path="15 $PG_MAJOR"; else path="$PG_MAJOR 15"; fi
fi
for major in $path; do
    [ "$major" = "$PG_MAJOR" ] && [ $# = 0 ] || env -u PG_CONFIG PG_MAJOR="$major" dev/tree.sh
done
say "pg_upgrade and a restore: $path"
UPGRADE_PATH=$path tests/cluster/run.sh pg_upgrade
