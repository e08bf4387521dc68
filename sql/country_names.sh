#!/usr/bin/env bash
# Writes 72_country_names.sql anew from the newest public lists; needs npm and cargo.
#   npm cldr-localenames-modern (Unicode-3.0): names of territories, in every language that the CLDR knows well
#   npm i18n-iso-countries (MIT), langs: official and everyday names
#   crate keshvar (MIT), after the Ruby gem countries: long names of ISO 3166-1, and everyday names
# A name that means several countries in different languages is that of English, else it is left out. Names are folded
# as leads are (leadroute_engine::lead::normalize::folded), without 'the ' in front.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for package in cldr-localenames-modern i18n-iso-countries; do
    (mkdir "$work/$package" && cd "$work/$package" && npm pack --silent "$package" >/dev/null && tar xzf ./*.tgz)
done
(cd "$work" && cargo init --quiet --lib --name names && cargo add --quiet keshvar && cargo vendor --quiet >/dev/null)
python3 - "$work" > 72_country_names.sql <<'PY'
import collections, glob, json, os, re, sys, textwrap, unicodedata
work = sys.argv[1]
def read(path): return json.load(open(path, encoding="utf-8"))
def version(package): return read(f"{work}/{package}/package/package.json")["version"]
def fold(name):
    name = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) not in ("Cf", "Cc"))
    name = " ".join(unicodedata.normalize("NFC", name.casefold()).replace("i\u0307", "i").split())
    return name.removeprefix("the ")
english, others = collections.defaultdict(set), collections.defaultdict(set)
def take(name, code, is_english):
    inverted = fold(re.sub(r" \((.*)\)$", r", \1", name))
    for form in {fold(name), fold(name).replace(".", ""), fold(name.split(" (")[0]), inverted}:
        # two letters are a code
        if len(form) < 3 and form.isascii(): continue
        if is_english: english[form].add(code)
        others[form].add(code)
code = re.compile(r"^[A-Z]{2}")
known = {k for k in read(f"{work}/i18n-iso-countries/package/langs/en.json")["countries"]}
for folder in sorted(glob.glob(f"{work}/cldr-localenames-modern/package/main/*")):
    locale = os.path.basename(folder)
    if re.search(r"-[A-Z]{2}$|-\d+$", locale) and locale not in ("pt-PT", "en-GB"): continue
    if not os.path.exists(f"{folder}/territories.json"): continue
    names = read(f"{folder}/territories.json")["main"][locale]["localeDisplayNames"]["territories"]
    for key, name in names.items():
        country = key.split("-alt-")[0]
        if code.match(key) and len(country) == 2 and country in known: take(name, country, locale.startswith("en"))
for path in sorted(glob.glob(f"{work}/i18n-iso-countries/package/langs/*.json")):
    document = read(path)
    for country, names in document["countries"].items():
        for name in names if isinstance(names, list) else [names]: take(name, country, document["locale"] == "en")
text = r'"((?:[^"\\]|\\.)*)"'
for path in sorted(glob.glob(f"{work}/vendor/keshvar/src/countries/[a-z][a-z].rs")):
    source, country = open(path, encoding="utf-8").read(), os.path.basename(path)[:2].upper()
    for name in re.findall(rf"pub const ISO_(?:LONG|SHORT)_NAME: &str = {text}", source): take(name, country, True)
    listed = re.search(r"UNOFFICIAL_NAME_LIST: &\[&str\] = &\[(.*?)\];", source, re.S)
    for name in re.findall(text, listed.group(1) if listed else ""):
        if "\\" not in name: take(name, country, False)
found = {name: next(iter(codes)) for name, codes in {**others, **english}.items() if len(codes) == 1}
by_country = collections.defaultdict(list)
for name, country in found.items():
    if ";" not in name: by_country[country].append(name)
print("-- Written by country_names.sh, which names sources and licences. Do not edit.\n")
print("INSERT INTO leadroute.country_names (country, name)")
print("SELECT left(line, 2), regexp_split_to_table(substr(line, 4), ';')")
print("  FROM regexp_split_to_table($names$")
print("\n".join(f"{country} {';'.join(sorted(by_country[country]))}" for country in sorted(by_country)))
print(r"$names$, E'\n') line WHERE line <> '';")
PY
