#!/usr/bin/env bash
# Makes the packages (of a debug build: what is in them is the same), installs each into a PostgreSQL that has never seen
# leadroute, and routes a lead on a new cluster there.
. "$(dirname "$0")/../../dev/common.sh"
cd "$ROOT"

work=$(mktemp -d)
chmod 755 "$work"
version=$(leadroute_version)

stop() { as_server "$work/tree$SYSTEM_BIN/pg_ctl" -D "$work/data" -m immediate -w stop >/dev/null 2>&1 || true; }
trap 'stop; rm -rf "$work"' EXIT

# A PostgreSQL without leadroute.
clean_tree() {
    rm -rf "$work/tree" "$work/data" "$work/socket"
    cp -a "$PG_TREE" "$work/tree"
    pg_config=$work/tree$SYSTEM_BIN/pg_config
    # the client of PGXN wants to see it
    mkdir -p "$("$pg_config" --libdir)"
    rm -f "$("$pg_config" --pkglibdir)/leadroute.so" "$("$pg_config" --sharedir)"/extension/leadroute*
}

# routes WHAT: the extension of this version is there, and a lead has its owner.
routes() {
    local bin=$work/tree$SYSTEM_BIN said
    install -d -o "$SERVER_USER" "$work/data" "$work/socket"
    as_server "$bin/initdb" -D "$work/data" -U leadroute -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
    as_server "$bin/pg_ctl" -D "$work/data" -w -l "$work/data/log" -o "-c listen_addresses='' -k $work/socket" start >/dev/null
    said=$("$bin/psql" -X -q -At -v ON_ERROR_STOP=1 -h "$work/socket" -U leadroute -d postgres <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION leadroute CASCADE;
INSERT INTO leadroute.reps (id) VALUES ('ann');
INSERT INTO leadroute.pools (name) VALUES ('all');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('all', 'ann');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('all', 'all');
INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com') RETURNING owner_id;
SELECT extversion FROM pg_extension WHERE extname = 'leadroute';
SQL
    )
    stop
    [ "$said" = "ann"$'\n'"$version" ] || die "$1: the lead went to '$said' instead of ann, with version $version"
    say "$1: installed, and routes"
}

dev/package.sh dev > "$work/packages"
deb=$(grep '[.]deb$' "$work/packages") zip=$(grep '[.]zip$' "$work/packages")

clean_tree
dpkg-deb -x "$deb" "$work/tree"
routes "the Debian package"
# what it depends on can be had
if [ "$PG_MAJOR" = 15 ]; then
    apt-get install --simulate "$deb" >/dev/null || die "apt-get would not install $deb"
fi

pgxn=$TARGET/pgxn
if ! cmp -s tests/package/requirements.txt "$pgxn/requirements.txt"; then
    python3 -m venv "$pgxn"
    "$pgxn/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r tests/package/requirements.txt >&2
    cp tests/package/requirements.txt "$pgxn/requirements.txt"
fi
clean_tree
env -u PG_MAJOR CARGO_TARGET_DIR="$TARGET" PROFILE=dev "$pgxn/bin/pgxn" install --yes --nosudo --pg_config "$pg_config" "$zip" >&2
routes "the archive for PGXN"
echo "package: 2 passed, 0 failed"
