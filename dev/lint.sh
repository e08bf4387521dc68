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
# Whatever PostgreSQL calls becomes the owner once, where it enters: triggers of attached tables do so in one function.
if grep -rln 'AsOwner::begin()' src/db | grep -vE '^src/db/entry/([a-z_]+|change/[a-z_]+|attached/(trigger|attach|sync_reps))[.]rs$'; then
    die "only what PostgreSQL calls becomes the owner of the extension: do so at its entry"
fi
git ls-files '*.rs' '*.sql' '*.sh' | grep -vE 'expected|^sql/released/' | while read -r file; do
    lines=$(wc -l < "$file")
    [ "$lines" -le 400 ] || die "$file has $lines lines: split it by idea"
done
[ "$(wc -l < README.md)" -le 170 ] || die "README.md has more than 170 lines: move text into a page of docs/"
dev/freeze.sh check
# Links between pages lead somewhere, and every error that is raised is explained.
git ls-files 'README.md' 'CONTRIBUTING.md' 'docs/*.md' 'tests/README.md' | while read -r page; do
    { grep -oE '\]\([^)#]+' "$page" || true; } | cut -c3- | sed '/^http/d' | while read -r link; do
        [ -e "$(dirname "$page")/$link" ] || die "$page links to $link, which is not there"
    done
done
{ grep -rhoE "ERRCODE = '[a-z_]+'" sql | cut -d"'" -f2
  grep -rhoE 'PgSqlErrorCode::ERRCODE_[A-Z_]+' src/db | sed -E 's/.*ERRCODE_(T_R_|E_R_I_E_)?//' | tr '[:upper:]' '[:lower:]'
} | sort -u | while read -r error; do
    grep -qE "^\| [0-9A-Z]{5} \| $error \|" docs/errors.md || die "docs/errors.md does not explain $error"
done
