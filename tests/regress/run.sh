#!/usr/bin/env bash
# Runs the story files with pg_regress on a private cluster.
#   run.sh              all of them
#   run.sh tier doors   only these
. "$(dirname "${BASH_SOURCE[0]}")/../../dev/common.sh"
cd "$ROOT/tests/regress"

stories=(
    intake phones domain_rule duplicate second_submit qualification playbooks persons moving_in customer recycle named_account account_matching account_team segment conditions cleaning tier distribution company_together fallback
    bad_input rules doors upsert freshness reroute manual_change escalation stints hand_over availability caps loads turns fairness fair_shares rename
    privileges roles catalog on_error additions housekeeping queues responses closing reason_codes reports old_periods speed events hours health coverage lint lint_space counter_explain outbox told arrival tenants
    life days_off change_requests change_required change_sql change_traps golden_leads revert
    history as_of rules_document changelog
    preview_change replay traces balance alarms certificate rebalance report rules_diagram enrichment late_data answers providers requests
    attach attach_mapping attach_life attach_changes attach_orm attach_existing sync_reps attach_users attach_unique attach_parts attach_links attach_keys attach_ddl attach_privileges help surface
)
[ "$PG_MAJOR" -lt 15 ] || stories+=(merge reserved attach_paths attach_nulls)
[ "$PG_MAJOR" -lt 18 ] || stories+=(attach_overlaps)
[ $# -eq 0 ] || stories=("$@")

pg_regress=$("$PG_CONFIG_PRIVATE" --pkglibdir)/pgxs/src/test/regress/pg_regress
[ -x "$pg_regress" ] || die "there is no $pg_regress: run dev/tree.sh first"
output=$PRIVATE/regress
mkdir -p "$output"
cluster=$ROOT/dev/cluster.sh

# run_lane CLUSTER FOLDER STORY...: on a cluster that is there, or is started for it.
run_lane() {
    local name=$1 folder=$2
    shift 2
    if ! as_server "$PG_BIN/pg_ctl" -D "$CLUSTERS/$name/data" status >/dev/null 2>&1; then
        trap '"$cluster" stop '"$name" EXIT
        "$cluster" start "$name"
    fi
    eval "$("$cluster" env "$name")"
    mkdir -p "$folder"
    rm -rf "$folder/results" "$folder/regression.diffs"
    "$pg_regress" --bindir="$PG_BIN" --inputdir=. --outputdir="$folder" --dbname=leadroute_regress "$@"
}

# Many stories are told on two clusters at a time, by turns; results and differences of both are found in one place.
half=()
if [ ${#stories[@]} -gt 20 ]; then
    for n in "${!stories[@]}"; do
        if [ $((n % 2)) = 1 ]; then half+=("${stories[n]}"); fi
    done
    for n in "${!stories[@]}"; do
        if [ $((n % 2)) = 1 ]; then unset "stories[n]"; fi
    done
    (run_lane regress_2 "$output/2" "${half[@]}") > "$output/2.log" 2>&1 &
fi
failed=
(run_lane regress "$output" "${stories[@]}") || failed=yes
if [ ${#half[@]} -gt 0 ]; then
    wait $! || failed=yes
    cat "$output/2.log"
    cp "$output"/2/results/* "$output/results/"
    [ ! -e "$output/2/regression.diffs" ] || cat "$output/2/regression.diffs" >> "$output/regression.diffs"
fi
if [ -n "$failed" ]; then
    [ ! -s "$output/regression.diffs" ] || cat "$output/regression.diffs"
    die "some stories do not end as expected; results are in $output/results"
fi
