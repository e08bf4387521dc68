#!/usr/bin/env bash
# Routes real leads (CSV files that are not part of the repository); skipped where they are absent.
. "$(dirname "$0")/../../dev/common.sh"
data=${LEADROUTE_DATA:-$ROOT/../shared/data}
if [ ! -f "$data/olist/olist_marketing_qualified_leads_dataset.csv" ]; then
    echo "real data: skipped, there is nothing in $data (set LEADROUTE_DATA)"
    exit 0
fi
data=$(cd "$data" && pwd)
trap '"$ROOT/dev/cluster.sh" drop real' EXIT
"$ROOT/dev/cluster.sh" drop real
"$ROOT/dev/cluster.sh" start real
eval "$("$ROOT/dev/cluster.sh" env real)"
createdb leadroute
psql -X -q -v dir="$data" -d leadroute -f "$ROOT/tests/real_data/load.sql"
echo "real data: 1 passed, 0 failed"
