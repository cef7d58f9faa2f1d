#!/bin/sh
# run_specs.sh [NVIM]: runs the specs of the Neovim client inside that Neovim; prints "N passed, N failed".
# SPEC_FILE=… runs one file. Needs busted (Debian: lua-busted) and python3.
set -u
nvim=${1:-nvim}
SPEC_DIR=$(cd "$(dirname "$0")" && pwd)
export SPEC_DIR
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
# Nothing of the user's own configuration, caches or state.
export XDG_CONFIG_HOME="$scratch/config" XDG_DATA_HOME="$scratch/data" XDG_STATE_HOME="$scratch/state"
export XDG_CACHE_HOME="$scratch/cache" TMPDIR="$scratch/tmp" SPEC_SCRATCH="$scratch"
export PYTHONDONTWRITEBYTECODE=1
mkdir -p "$TMPDIR" "$XDG_CACHE_HOME"
"$nvim" --headless -i NONE -u "$SPEC_DIR/minimal_init.lua" -c "luafile $SPEC_DIR/run_specs.lua" -c 'cquit 2' \
    >"$scratch/out" 2>"$scratch/err"
status=$?
cat "$scratch/out"
passed=$(grep -c '^ok ' "$scratch/out")
failed=$(grep -c '^not ok ' "$scratch/out")
if [ "$failed" -gt 0 ] || [ "$status" -ne 0 ] || [ "$passed" -eq 0 ]; then
    tail -n 40 "$scratch/err"
    [ "$failed" -gt 0 ] || failed=1
    echo "$passed passed, $failed failed"
    exit 1
fi
echo "$passed passed, $failed failed"
