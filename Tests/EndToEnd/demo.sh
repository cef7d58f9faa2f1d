#!/usr/bin/env bash
# make demo: a broken C program on the command line, then a broken Swift package in a real headless Neovim.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
fixtures=$root/Tests/EndToEnd/fixtures
bin=${COFFERDAM_BIN:-$root/.build/debug}
work=$(mktemp -d)
export XDG_RUNTIME_DIR=$work/run XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work/config
mkdir -m 700 "$XDG_RUNTIME_DIR"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

stop_service() {
    pkill -TERM -f -- "--runtime-directory $XDG_RUNTIME_DIR/" 2>/dev/null || true
    while pgrep -f -- "--runtime-directory $XDG_RUNTIME_DIR/" >/dev/null; do sleep 0.05; done
}
cleanup() {
    stop_service
    rm -rf "$work"
}
trap cleanup EXIT

# A model of your own is used when one is configured; else the recorded conversations are played.
model() {
    if [ -n "${ANTHROPIC_API_KEY:-}${OPENAI_API_KEY:-}${CHOSEN_MODEL:-}" ]; then
        if [ -n "${CHOSEN_MODEL:-}" ]; then export COFFERDAM_MODEL=$CHOSEN_MODEL; fi
    else
        export COFFERDAM_MODEL=replay:$fixtures/recordings/$1.json
    fi
}
CHOSEN_MODEL=${COFFERDAM_MODEL:-}

project() {
    cp -R "$fixtures/$1" "$work/$1"
    git -C "$work/$1" init -q
    printf '.build/\n*.o\n/stats\n' > "$work/$1/.gitignore"
    git -C "$work/$1" add -A
    git -C "$work/$1" -c user.name=demo -c user.email=demo@localhost commit -qm 'A broken program'
}

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

say "1. A C program that does not compile, from the command line"
project broken-c
model broken-c
(cd "$work/broken-c" && "$bin/cofferdam" run "Fix the program until the test passes")
say "What is in the working tree now"
git -C "$work/broken-c" --no-pager diff --stat
(cd "$work/broken-c" && make -s test)
stop_service

say "2. A Swift package whose test fails, from a headless Neovim ($(nvim --version | head -n 1))"
project broken-swift
model broken-swift
export COFFERDAM=$bin/cofferdam E2E_WORKSPACE=$work/broken-swift E2E_RESULT=$work/result.json
export E2E_FILE=$work/broken-swift/Sources/Greeter/Greeter.swift E2E_PROMPT="Make the tests pass" E2E_SECONDS=280
(cd "$work/broken-swift" &&
    nvim --headless -i NONE -u "$root/Tests/EndToEnd/nvim/minimal_init.lua" -S "$root/Tests/EndToEnd/nvim/e2e.lua")
python3 - "$work/result.json" <<'PY'
import json, sys
result = json.load(open(sys.argv[1]))
print(result["transcript"].rstrip())
print("\nDiagnostics that Neovim showed, over time:")
for entry in result["diagnosticsSeen"]:
    print("  {path}:{line}:{column}: {severity}: {message} [{source}]".format(**{"source": "", **entry}))
print("Applied by Neovim:", ", ".join(result["applied"]) or "nothing")
if result["outcome"] != "verified" or not result["applied"]:
    sys.exit("the demo did not end verified: %s" % result.get("reason"))
PY
say "What is in the working tree now"
git -C "$work/broken-swift" --no-pager diff --unified=0 | grep '^[-+]' || true
say "Both are fixed and verified."
