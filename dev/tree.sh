#!/usr/bin/env bash
# Builds the extension and installs it into the private copy of PostgreSQL.
#   tree.sh [dev|demo|release]
. "$(dirname "$0")/common.sh"

"$ROOT/dev/copy.sh"
say "building leadroute and installing it into the private PostgreSQL (the first build takes some minutes)"
"$ROOT/dev/build.sh" "$PG_CONFIG_PRIVATE" "${1:-dev}"
