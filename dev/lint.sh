#!/usr/bin/env bash
# Formatting, lints, and the rules of the house that no linter knows.
. "$(dirname "$0")/common.sh"
cd "$ROOT"

say "lint"
cargo fmt --all --check
cargo clippy --quiet -p leadroute-engine -p leadroute-webhook --all-targets -- -D warnings
if grep -rnE '\b(pgrx|pg_sys)\b' src/engine; then
    die "the engine must not know PostgreSQL"
fi
git ls-files '*.rs' '*.sql' '*.sh' | grep -v expected | while read -r file; do
    lines=$(wc -l < "$file")
    [ "$lines" -le 400 ] || die "$file has $lines lines: split it by idea"
done
