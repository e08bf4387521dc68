#!/usr/bin/env bash
# Builds the extension and installs it into the private copy of PostgreSQL.
. "$(dirname "$0")/common.sh"

"$ROOT/dev/copy.sh"
say "building leadroute and installing it into the private PostgreSQL (the first build takes some minutes)"
cd "$ROOT"
cargo pgrx install --pg-config "$PG_CONFIG_PRIVATE" --no-default-features --features "pg$PG_MAJOR" "$@" >&2
