#!/usr/bin/env bash
# Makes what is handed out, under target/packages: a Debian package for the PostgreSQL of PG_MAJOR, and the archive of the
# sources for PGXN. DEBFULLNAME and DEBEMAIL name whoever hands out the Debian package, as with Debian's own tools; without
# them it has an address that nobody reads, and its description says where to report what goes wrong.
#   package.sh [release|demo|dev] [debian|pgxn]
. "$(dirname "$0")/common.sh"
cd "$ROOT"

profile=${1:-release}
version=$(leadroute_version)
packages=$TARGET/packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$packages"
maintainer="${DEBFULLNAME:-leadroute contributors} <${DEBEMAIL:-leadroute@users.noreply.github.com}>"

filled() {
    sed -e "s/@VERSION@/$version/g" -e "s/@MAJOR@/$PG_MAJOR/g" -e "s/@ARCHITECTURE@/$(dpkg --print-architecture)/" \
        -e "s/@LIBRARIES@/${libraries:-}/" -e "s|@MAINTAINER@|${maintainer//[&|\\]/\\&}|" "$1"
}

# The shared libraries that the package needs, as dpkg knows them.
needed_libraries() {
    mkdir -p "$work/shlibs/debian"
    printf 'Source: leadroute\n\nPackage: leadroute\nArchitecture: any\n' > "$work/shlibs/debian/control"
    (cd "$work/shlibs" && dpkg-shlibdeps -O "$1" | sed 's/^shlibs:Depends=//')
}

debian() {
    local root=$work/root doc file
    local home=$root/usr/lib/postgresql/$PG_MAJOR/lib
    doc=$root/usr/share/doc/postgresql-$PG_MAJOR-leadroute
    dev/copy.sh
    dev/build.sh "$PG_CONFIG_PRIVATE" "$profile" "$home" "$root/usr/share/postgresql/$PG_MAJOR/extension"
    strip --strip-unneeded "$home/leadroute.so"
    install -D -m 644 LICENSE "$doc/copyright"
    install -D -m 644 README.md "$doc/README.md"
    gzip -9nc CHANGELOG.md > "$doc/changelog.gz"
    mkdir "$root/DEBIAN"
    libraries=$(needed_libraries "$home/leadroute.so")
    filled packaging/control.in > "$root/DEBIAN/control"
    find "$root" -type d -exec chmod 755 {} +
    chmod 644 "$doc/changelog.gz"
    file=$packages/postgresql-$PG_MAJOR-leadroute_$version-1_$(dpkg --print-architecture).deb
    dpkg-deb --root-owner-group --build "$root" "$file" >/dev/null
    echo "$file"
}

# What git knows, as it is in the working tree.
pgxn() {
    local tree file=$packages/leadroute-$version.zip
    filled packaging/META.json.in > "$work/META.json"
    python3 -m json.tool "$work/META.json" >/dev/null
    tree=$(git stash create)
    rm -f "$file"
    git archive --format=zip --prefix="leadroute-$version/" --add-file="$work/META.json" --output="$file" "${tree:-HEAD}"
    echo "$file"
}

say "packages of leadroute $version for PostgreSQL $PG_MAJOR ($profile)"
for kind in ${2:-debian pgxn}; do "$kind"; done
