#!/bin/sh
# backup.sh FOLDER TARGET: copies a folder beneath the target, named by its last component.
set -eu
name=$(basename $1)
if [ -e "$2/$name" ]; then
    echo "there already: $nmae" >&2
    exit 1
fi
cp -r "$1" "$2/$name"
