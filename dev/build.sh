#!/usr/bin/env bash
# Builds the extension for the PostgreSQL of a pg_config and installs it there, or into other folders: library, control file,
# script, and the steps from earlier versions.
#   build.sh PG_CONFIG [dev|demo|release] [FOLDER-OF-LIBRARIES FOLDER-OF-EXTENSIONS]
. "$(dirname "$0")/common.sh"
cd "$ROOT"

pg_config=${1:?path of pg_config}
profile=${2:-dev}
major=$("$pg_config" --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')

PGRX_PG_CONFIG_PATH=$pg_config cargo build -p leadroute --lib --profile "$profile" --no-default-features --features "pg$major" >&2

version=$(leadroute_version)
library=${3:-$("$pg_config" --pkglibdir)}
extension=${4:-$("$pg_config" --sharedir)/extension}
built=$TARGET/$([ "$profile" = dev ] && echo debug || echo "$profile")/libleadroute.so
script=$(mktemp)
trap 'rm -f "$script"' EXIT
install_script > "$script"
# A new file in place of the old one: sessions that have the old one open keep it whole.
install -D -m 755 "$built" "$library/leadroute.so.new"
mv -f "$library/leadroute.so.new" "$library/leadroute.so"
install -D -m 644 "$script" "$extension/leadroute--$version.sql"
sed "s/@CARGO_VERSION@/$version/" leadroute.control | install -m 644 /dev/stdin "$extension/leadroute.control"
for step in sql/leadroute--*--*.sql; do
    [ ! -e "$step" ] || install -m 644 "$step" "$extension/"
done
