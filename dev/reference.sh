#!/usr/bin/env bash
# Prints docs/reference.md from the comments of an extension that was just created: settings, functions, views, tables.
#   reference.sh DATABASE > docs/reference.md     (the database has the extension; PGHOST and so on say where)
# tests/readme/run.sh compares it.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Each row of the query is a line, whatever is in it.
psql -X -q -At -v ON_ERROR_STOP=1 -d "${1:?database}" -f "$ROOT/dev/reference.sql"
