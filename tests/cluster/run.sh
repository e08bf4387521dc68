#!/usr/bin/env bash
# Runs the tests of this folder, two files at a time: each waits for its server half of the time. `run.sh NAME...` runs only
# these files. The cluster must run (tests/run.sh). What a file prints is shown when it fails.
. "$(dirname "${BASH_SOURCE[0]}")/../../dev/common.sh"
cd "$ROOT/tests/cluster"

chosen=()
for name in "$@"; do chosen+=(--test "$name"); done
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
export output
cargo test --no-run -p leadroute-cluster-tests -p leadroute-webhook -p leadroute-worker "${chosen[@]}" 2>&1 | tee "$output/build" |
    sed -n 's/^ *Executable .*(\(.*\))$/\1/p' > "$output/files" || { cat "$output/build" >&2; exit 1; }

# run_file PATH: the output of a failure is printed in one piece.
run_file() {
    local name began
    name=$(basename "$1" | sed 's/-[0-9a-f]*$//')
    began=$SECONDS
    if "$1" --quiet > "$output/$name" 2>&1; then
        echo "$name: $(sed -n 's/^test result: ok[.] \([0-9]*\) passed.*/\1/p' "$output/$name") passed, $((SECONDS - began)) s"
        sed -n "s/^skipped: /$name: skipped: /p" "$output/$name"
    else
        flock "$output/files" cat "$output/$name" >&2
        echo "$name: FAILED" >&2
        return 1
    fi
}
export -f run_file

# Those that wait for the next minute of pg_cron run beside the others; what takes a minute and more begins first, so that
# nothing long is left at the end.
waiting='/(crash|cron)-'
long='/(hostile_stranger|upgrade|changed_types|session_settings|storm|trigger_matrix|restore_every_way)-'
run_files() { xargs -r -P "$1" -I{} bash -c 'run_file {}'; }
{ grep -E "$waiting" "$output/files" || true; } | run_files 1 &
{ grep -E "$long" "$output/files" || true; grep -vE "$waiting|$long" "$output/files" || true; } | run_files 2 || failed=yes
wait $! || failed=yes
[ -z "${failed:-}" ] || die "cluster tests failed"
