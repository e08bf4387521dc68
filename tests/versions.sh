#!/usr/bin/env bash
# What is tested of other versions.
#   versions.sh            stories on PG_MAJOR, and pg_upgrade and a restore from 14 to it (of 14: to 18)
#   versions.sh 14 17 18   pg_upgrade along these versions, and a dump of the first restored on the last
. "$(dirname "$0")/../dev/common.sh"
cd "$ROOT"

if [ $# -gt 0 ]; then
    path="$*"
else
    tests/regress/run.sh
    # Not from Debian's 15: its 15.20 keeps an option of columns (pg_attver) that pg_upgrade of 18.6 carries over, and 18.6 refuses.
    if [ "$PG_MAJOR" -gt 14 ]; then path="14 $PG_MAJOR"; else path="14 18"; fi
fi
for major in $path; do
    [ "$major" = "$PG_MAJOR" ] && [ $# = 0 ] || env -u PG_CONFIG PG_MAJOR="$major" dev/tree.sh
done
say "pg_upgrade and a restore: $path"
UPGRADE_PATH=$path tests/cluster/run.sh pg_upgrade
