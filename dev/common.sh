# Shared by the scripts of this folder: paths, the unprivileged user, output. Sourced, not run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
PG_MAJOR=${PG_MAJOR:-15}
DENY_VERSION=0.20.2
unset RUST_BACKTRACE

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The server refuses to run as root; then everything of the cluster runs as the user postgres.
if [ "$(id -u)" = 0 ]; then
    SERVER_USER=postgres
    as_server() { (cd / && exec runuser -u "$SERVER_USER" -- "$@"); }
else
    SERVER_USER=$(id -un)
    as_server() { "$@"; }
fi

# Where the private installation and its clusters live: target/, or a folder of its own where the server's
# user cannot reach target/ or a socket's path would be too long.
private_home() {
    local home=$TARGET/private
    mkdir -p "$TARGET"
    if [ ${#home} -gt 70 ] || ! as_server test -x "$TARGET"; then
        home=${TMPDIR:-/tmp}/leadroute-$(printf '%s' "$TARGET" | cksum | cut -d' ' -f1)
    fi
    printf '%s' "$home"
}
PRIVATE=$(private_home)
PG_TREE=$PRIVATE/postgresql-$PG_MAJOR
SYSTEM_BIN=/usr/lib/postgresql/$PG_MAJOR/bin
PG_BIN=$PG_TREE$SYSTEM_BIN
PG_CONFIG_PRIVATE=$PG_BIN/pg_config
# What the bindings are made for.
export PGRX_PG_CONFIG_PATH=$PG_CONFIG_PRIVATE
