# Shared by the scripts of this folder: paths, the unprivileged user, output. Sourced, not run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
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
    if [ ${#home} -gt 60 ] || ! as_server test -x "$TARGET"; then
        home=${TMPDIR:-/tmp}/leadroute-$(printf '%s' "$TARGET" | cksum | cut -d' ' -f1)
    fi
    printf '%s' "$home"
}
PRIVATE=$(private_home)

# Which PostgreSQL: that of PG_CONFIG, else the major version PG_MAJOR, which dev/copy.sh knows where to find. Its copy has
# the layout of Debian whatever it came from, or that of PG_CONFIG.
if [ -n "${PG_CONFIG:-}" ]; then
    command -v "$PG_CONFIG" >/dev/null || die "there is no $PG_CONFIG"
    PG_MAJOR=$("$PG_CONFIG" --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
    SYSTEM_BIN=$("$PG_CONFIG" --bindir)
else
    PG_MAJOR=${PG_MAJOR:-15}
    SYSTEM_BIN=/usr/lib/postgresql/$PG_MAJOR/bin
fi
case $PG_MAJOR in 14 | 15 | 16 | 17 | 18) ;; *) die "PostgreSQL $PG_MAJOR is not supported (14 to 18 are)" ;; esac
PG_TREE=$PRIVATE/postgresql-$PG_MAJOR
PG_BIN=$PG_TREE$SYSTEM_BIN
PG_CONFIG_PRIVATE=$PG_BIN/pg_config
CLUSTERS=$PRIVATE/clusters/$PG_MAJOR
# What the bindings are made for.
export PGRX_PG_CONFIG_PATH=$PG_CONFIG_PRIVATE PG_MAJOR

# has_extension NAME: whether that PostgreSQL comes with it.
has_extension() { [ -e "$("$PG_CONFIG_PRIVATE" --sharedir)/extension/$1.control" ]; }

# The version that is being developed, or was released last.
leadroute_version() { sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml"; }

# The extension's script: the files of sql/order, one after the other.
install_script() { (cd "$ROOT" && grep -v '^#' sql/order | sed 's|^|sql/|' | xargs cat); }
