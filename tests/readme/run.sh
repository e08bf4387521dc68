#!/usr/bin/env bash
# Runs the SQL blocks of the README and of each page in docs/ in a database, in order, and compares what psql prints with the
# block of output below each; and docs/reference.md with the comments. `run.sh accept` writes the real output into the pages instead.
. "$(dirname "$0")/../../dev/common.sh"
cd "$ROOT"
work=$(mktemp -d)
trap 'rm -rf "$work"; "$ROOT/dev/cluster.sh" drop readme' EXIT

"$ROOT/dev/cluster.sh" drop readme
"$ROOT/dev/cluster.sh" start readme
eval "$("$ROOT/dev/cluster.sh" env readme)"
createdb leadroute

failed=0 passed=0
# run_blocks FILE DATABASE: each ```sql block becomes a file; a ```text block right after it is what it prints.
run_blocks() {
    local blocks block expected
    blocks=$(mktemp -d -p "$work")
    awk -v dir="$blocks" '
        /^```sql$/ { n++; kind = "sql"; next }
        /^```text$/ && n { kind = "txt"; printf "" > sprintf("%s/%02d.txt", dir, n); next }
        /^```$/ { kind = ""; next }
        kind { print > sprintf("%s/%02d.%s", dir, n, kind) }
    ' "$1"
    for block in "$blocks"/*.sql; do
        # files that a block writes go with the folder
        (cd "$work" && psql -X -q -v ON_ERROR_STOP=1 -d "$2" -f "$block") 2>&1 |
            grep -v 'installing required extension' | sed -e 's/ *$//' -e '${/^$/d}' > "$block.out" || true
        expected=${block%.sql}.txt
        [ -f "$expected" ] || : > "$expected"
        if [ "$accept" = accept ]; then cp "$block.out" "$expected"; fi
        if diff -u "$expected" "$block.out"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    done
    [ "$accept" != accept ] || awk -v dir="$blocks" '
        /^```sql$/ { n++ }
        skip && /^```$/ { skip = 0 }
        skip { next }
        { print }
        /^```text$/ && n { skip = 1; file = sprintf("%s/%02d.txt", dir, n); while ((getline line < file) > 0) print line; close(file) }
    ' "$1" > "$work/accepted.md"
    [ "$accept" != accept ] || cp "$work/accepted.md" "$1"
}
accept=${1:-}
run_blocks README.md leadroute
for document in $(grep -l '^```sql$' docs/*.md); do
    createdb "$(basename "$document" .md)"
    run_blocks "$document" "$(basename "$document" .md)"
done
# The table of roles is what grant_role() grants.
psql -X -q -At -v ON_ERROR_STOP=1 -d leadroute -f tests/readme/roles.sql > "$work/roles"
if [ "$accept" = accept ]; then
    awk -v file="$work/roles" '
        /^\| role \| learns \| does \|$/ { print; getline; print; while ((getline line < file) > 0) print line; skip = 1; next }
        skip && /^\|/ { next }
        { skip = 0; print }
    ' docs/operations.md > "$work/operations.md"
    cp "$work/operations.md" docs/operations.md
fi
if sed -n '/^| role | learns | does |$/,/^$/p' docs/operations.md | tail -n +3 | sed '/^$/d' | diff -u - "$work/roles"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
fi
# The reference is what the comments say.
createdb reference
psql -X -q -v ON_ERROR_STOP=1 -d reference -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION leadroute CASCADE'
dev/reference.sh reference > "$work/reference.md"
[ "$accept" != accept ] || cp "$work/reference.md" docs/reference.md
if diff -u docs/reference.md "$work/reference.md"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
# Each query of examples/psqlrc runs.
if sed -n 's/^\\set \([a-z]*\) .*/:\1/p' examples/psqlrc | PSQLRC=examples/psqlrc psql -q -v ON_ERROR_STOP=1 -v lead=1 -d leadroute > "$work/psqlrc"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
fi
echo "readme: $passed passed, $failed failed"
[ "$failed" = 0 ]
