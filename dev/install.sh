#!/usr/bin/env bash
# Builds a release for the PostgreSQL of a pg_config, and installs it there.
. "$(dirname "$0")/common.sh"
cd "$ROOT"

pg_config=$(command -v "${1:?path of pg_config}") || die "there is no $1"
major=$("$pg_config" --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
case $major in 14 | 15 | 16 | 17 | 18) ;; *) die "PostgreSQL $major is not supported (14 to 18 are)" ;; esac
library=$("$pg_config" --pkglibdir)
[ -w "$library" ] || die "you may not write to $library: run make install as the user who may"
# cargo-pgrx looks the version up by its own list; it gets one of its own.
export PGRX_HOME=$TARGET/pgrx-install
mkdir -p "$PGRX_HOME"
printf '[configs]\npg%s = "%s"\n' "$major" "$pg_config" > "$PGRX_HOME/config.toml"
say "building a release for PostgreSQL $major (minutes)"
cargo pgrx install --release --pg-config "$pg_config" --no-default-features --features "pg$major" >&2
say "installed; now: CREATE EXTENSION leadroute CASCADE;"
