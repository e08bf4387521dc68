#!/usr/bin/env bash
# What a release freezes: its install script, kept in sql/released, and the steps sql/leadroute--A--B.sql that lead to it.
#   freeze.sh check     nothing frozen has changed, and changes since the last release have a version and a step of their own
#   freeze.sh release   freezes the version of Cargo.toml: the last thing before its tag is set
. "$(dirname "$0")/common.sh"
cd "$ROOT"

version=$(leadroute_version)
sums=sql/released/SHA256SUMS
script=sql/released/leadroute--$version.sql

check() {
    [ -e "$sums" ] || return 0
    sha256sum --check --quiet "$sums" >&2 ||
        die "what is released stays as it is: take the change back, and write a step to the next version instead"
    if [ -e "$script" ]; then
        install_script | cmp -s - "$script" ||
            die "version $version is released, and sql/ has changed: raise the version in Cargo.toml, and write sql/leadroute--$version--NEXT.sql"
        return 0
    fi
    local last
    last=$(cd sql/released && printf '%s\n' leadroute--*.sql | sed 's/^leadroute--//; s/[.]sql$//' | sort -V | tail -1)
    [ -e "sql/leadroute--$last--$version.sql" ] ||
        die "version $version has no step from the last release: write sql/leadroute--$last--$version.sql"
}

release() {
    [ ! -e "$script" ] || die "version $version is released already: raise it in Cargo.toml"
    check
    grep -q "^## \[$version\] - [0-9-]*$" CHANGELOG.md ||
        die "CHANGELOG.md has no line '## [$version] - $(date +%F)': make it of '## [Unreleased]'"
    install_script > "$script"
    sha256sum sql/released/leadroute--*.sql $(find sql -maxdepth 1 -name 'leadroute--*--*.sql' | sort) > "$sums"
    say "version $version is frozen: commit sql/released, and tag it v$version"
}

case ${1:-} in
    check) check ;;
    release) release ;;
    *) die "freeze.sh check, or release" ;;
esac
