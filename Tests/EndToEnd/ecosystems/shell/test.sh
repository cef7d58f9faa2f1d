#!/bin/sh
# Copies a folder with a blank in its name, twice.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/a b" "$work/target"
touch "$work/a b/file"
./backup.sh "$work/a b" "$work/target"
[ -f "$work/target/a b/file" ]
if ./backup.sh "$work/a b" "$work/target" 2>"$work/told"; then exit 1; fi
grep -q 'there already: a b' "$work/told"
