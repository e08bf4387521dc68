#!/usr/bin/env bash
# Brings the Debian packages that are missing, after saying which. Where it may not install,
# it names the packages and stops.
#   prerequisites.sh        to build
#   prerequisites.sh lint   also the spelling checker and cargo-deny
#   prerequisites.sh package   also what makes packages
#   prerequisites.sh test   also PgBouncer and the clients that the tests try
. "$(dirname "$0")/common.sh"
cd "$ROOT"

missing=()
need() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed' || missing+=("$1"); }
# dev/copy.sh knows where the server comes from
if [ -z "${PG_CONFIG:-}" ] && [ -e "dev/servers/$PG_MAJOR.txt" ]; then
    need python3-venv
elif [ -z "${PG_CONFIG:-}" ]; then
    need "postgresql-$PG_MAJOR"
    need "postgresql-server-dev-$PG_MAJOR"
    need "postgresql-$PG_MAJOR-cron"
fi
need libclang-dev
need clang
need pkg-config
need libssl-dev
if [ "${1:-}" = test ] || [ "${1:-}" = lint ]; then
    need python3-venv
fi
if [ "${1:-}" = package ]; then
    need dpkg-dev
    need git
    need python3-venv
fi
if [ "${1:-}" = test ]; then
    need pgbouncer
    need python3-psycopg
    need python3-psycopg2
    need python3-sqlalchemy
    # Node.js may come from elsewhere; Debian's node-pg would then conflict with it, so npm brings that client.
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
fi

command -v cargo >/dev/null || die "Rust is missing: install it from https://rustup.rs, then run make again"
command -v dpkg-query >/dev/null || die "this is not Debian; install PostgreSQL $PG_MAJOR with its server headers, pg_cron and clang by hand, then use 'make install PG_CONFIG=...'"

if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ]; then sudo=; elif sudo -n true 2>/dev/null; then sudo=sudo; else
        die "these Debian packages are missing, and only root may install them:
    apt-get install ${missing[*]}"
    fi
    say "installing Debian packages: ${missing[*]}"
    # The packages would otherwise create and start a cluster of their own, and a PgBouncer.
    $sudo mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' | $sudo tee /etc/postgresql-common/createcluster.d/leadroute.conf >/dev/null
    policy=/usr/sbin/policy-rc.d
    if [ -e $policy ]; then policy=; else
        trap '$sudo rm -f $policy' EXIT
        printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
        $sudo chmod 755 $policy
    fi
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
    $sudo rm -f /etc/postgresql-common/createcluster.d/leadroute.conf ${policy:+"$policy"}
    case " ${missing[*]} " in
        # Nor at the next boot.
        *" pgbouncer "*) ! command -v systemctl >/dev/null || $sudo systemctl disable pgbouncer >/dev/null 2>&1 || true ;;
    esac
fi

# pip_install WHAT REQUIREMENTS PLACE: unless it was done before.
pip_install() {
    cmp -s "$2" "$3/requirements.txt" && return
    say "installing $1 with pip into $3"
    python3 -m venv "$3"
    "$3/bin/pip" install --quiet --disable-pip-version-check -r "$2" >&2 || die "pip could not install $1"
    cp "$2" "$3/requirements.txt"
}
[ "${1:-}" != package ] || exit 0
[ -z "${1:-}" ] || pip_install "the spelling checker typos" dev/lint-requirements.txt "$TARGET/lint"
[ "${1:-}" != test ] || pip_install "the ORMs Django and SQLAlchemy, and dbt" tests/clients/requirements.txt "$TARGET/clients/python"

if [ -n "${1:-}" ] && [ "$("$TARGET/lint/bin/cargo-deny" --version 2>/dev/null)" != "cargo-deny $DENY_VERSION" ]; then
    say "installing cargo-deny $DENY_VERSION with cargo into $TARGET/lint (a minute or two, once)"
    # it runs for seconds: its release profile would take longer to build than it ever saves
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 cargo install --locked cargo-deny --version "=$DENY_VERSION" --root "$TARGET/lint" --force >&2
fi

installed=$TARGET/clients/installed
if [ "${1:-}" = test ] && ! cmp -s tests/clients/package-lock.json "$installed"; then
    say "installing the Node.js client pg with npm into $TARGET/clients"
    mkdir -p "$TARGET/clients"
    cp tests/clients/package.json tests/clients/package-lock.json "$TARGET/clients"
    (cd "$TARGET/clients" && npm ci --ignore-scripts --no-audit --no-fund >&2) || die "npm could not install pg"
    cp tests/clients/package-lock.json "$installed"
fi
