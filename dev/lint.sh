#!/usr/bin/env bash
# Formatting, lints, and the rules of the house that no linter knows.
. "$(dirname "$0")/common.sh"
cd "$ROOT"

say "lint"
cargo fmt --all --check
"$ROOT/dev/copy.sh"
cargo clippy --quiet --workspace --all-targets --no-default-features --features "leadroute/pg$PG_MAJOR" -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps --document-private-items --no-default-features --features "leadroute/pg$PG_MAJOR"
"$TARGET/lint/bin/typos"
"$TARGET/lint/bin/cargo-deny" check licenses bans sources
cargo run --quiet -p leadroute-imports src/db/mod.rs src/engine/lib.rs src/report/lib.rs
if grep -rnE '\b(pgrx|pg_sys)\b' src/engine src/report; then
    die "neither the engine nor the report may know PostgreSQL"
fi
git ls-files '*.rs' '*.sql' '*.sh' | grep -v expected | while read -r file; do
    lines=$(wc -l < "$file")
    [ "$lines" -le 400 ] || die "$file has $lines lines: split it by idea"
done
