#!/usr/bin/env bash
# Builds a release (or another PROFILE) for the PostgreSQL of a pg_config, and installs it there.
. "$(dirname "$0")/common.sh"
cd "$ROOT"

pg_config=$(command -v "${1:?path of pg_config}") || die "there is no $1"
library=$("$pg_config" --pkglibdir)
[ -w "$library" ] || die "you may not write to $library: run make install as the user who may"
say "building a ${PROFILE:-release} (minutes)"
"$ROOT/dev/build.sh" "$pg_config" "${PROFILE:-release}"
say "installed; now: CREATE EXTENSION leadroute CASCADE;"
