#!/usr/bin/env bash
# Routes real leads, and rows of real CRMs (files that are not part of the repository); skipped where they are absent.
. "$(dirname "$0")/../../dev/common.sh"
data=${LEADROUTE_DATA:-$ROOT/../shared/data}
passed=0
if [ -d "$data" ]; then
    data=$(cd "$data" && pwd)
    trap '"$ROOT/dev/cluster.sh" drop real' EXIT
    "$ROOT/dev/cluster.sh" drop real
    "$ROOT/dev/cluster.sh" start real
    eval "$("$ROOT/dev/cluster.sh" env real)"
fi

# try NAME FILE VARIABLE: runs NAME.sql in a new database if FILE is there.
try() {
    if [ ! -f "$data/$2" ]; then
        echo "real data, $1: skipped, there is no $data/$2 (set LEADROUTE_DATA)"
        return
    fi
    dropdb --if-exists --force leadroute 2>/dev/null
    createdb leadroute
    psql -X -q -v "$3" -d leadroute -f "$ROOT/tests/real_data/$1.sql" >/dev/null
    passed=$((passed + 1))
}

try load olist/olist_marketing_qualified_leads_dataset.csv "dir=$data"
try outcomes maven-crm/sales_pipeline.csv "dir=$data"
try account_matching fortune500/fortune500_us.csv "dir=$data"
try bottlecrm schemas/bottlecrm_1.35.0_pg15.sql "schema=$data/schemas/bottlecrm_1.35.0_pg15.sql"
try odoo schemas/odoo13_crm_lead.sql "schema=$data/schemas/odoo13_crm_lead.sql"
echo "real data: $passed passed"
