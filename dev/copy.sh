#!/usr/bin/env bash
# A private copy of the PostgreSQL installation under target/, so that the extension can be installed
# without touching the one of the system. PostgreSQL finds its files relative to its own binary.
. "$(dirname "$0")/common.sh"

stamp=$PG_TREE/.version
version=$("$SYSTEM_BIN/postgres" --version)
if [ "$(cat "$stamp" 2>/dev/null)" != "$version" ]; then
    say "copying PostgreSQL $PG_MAJOR to $PG_TREE"
    rm -rf "$PG_TREE"
    mkdir -p "$PG_TREE/usr/lib/postgresql/$PG_MAJOR" "$PG_TREE/usr/share/postgresql"
    (cd "/usr/lib/postgresql/$PG_MAJOR" && tar cf - --exclude=./lib/bitcode .) |
        tar xf - -C "$PG_TREE/usr/lib/postgresql/$PG_MAJOR"
    cp -a "/usr/share/postgresql/$PG_MAJOR" "$PG_TREE/usr/share/postgresql/"
    ln -s /usr/include "$PG_TREE/usr/include"
    [ -d /usr/share/postgresql-common ] && ln -s /usr/share/postgresql-common "$PG_TREE/usr/share/postgresql-common"
    chmod 755 "$PRIVATE" "$PG_TREE"
    printf '%s' "$version" > "$stamp"
fi
