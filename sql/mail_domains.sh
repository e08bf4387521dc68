#!/usr/bin/env bash
# Writes 71_mail_domains.sql anew from the newest public lists; needs npm and pip.
#   personal:   npm email-providers (ISC), common.json: providers among the 100,000 most linked sites
#   disposable: PyPI disposable-email-domains (MIT), the blocklist of the project of that name
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent email-providers >/dev/null && tar xzf email-providers-*.tgz)
pip download --quiet --no-deps --only-binary=:all: --dest "$work" disposable-email-domains
python3 - "$work" > 71_mail_domains.sql <<'PY'
import glob, json, re, sys, textwrap, zipfile
work = sys.argv[1]
version = json.load(open(f"{work}/package/package.json"))["version"]
wheel = glob.glob(f"{work}/disposable_email_domains-*.whl")[0]
text = zipfile.ZipFile(wheel).read("disposable_email_domains/__init__.py").decode()
name = re.compile(r"^[a-z0-9.-]+$")
gone = sorted(set(re.findall(r'["\']([a-z0-9.-]+\.[a-z0-9.-]+)["\']', text)))
free = sorted({d.lower() for d in json.load(open(f"{work}/package/common.json"))} - set(gone))
def rows(domains, kind, source):
    lines = textwrap.fill(" ".join(filter(name.match, domains)), 900, break_long_words=False, break_on_hyphens=False)
    return (f"INSERT INTO leadroute.mail_domains (shipped, domain, kind, source)\n"
            f"SELECT true, domain, '{kind}', '{source}' FROM regexp_split_to_table('{lines}', E'\\\\s+') AS domain;\n")
print("-- Written by mail_domains.sh, which names sources and licences. Do not edit.\n")
print(rows(free, "personal", f"npm email-providers {version} (ISC)"))
print(rows(gone, "disposable", f"PyPI disposable-email-domains {wheel.split('-')[1]} (MIT)"))
PY
