#!/usr/bin/env bash
# Runs the tests part by part and says which part failed. `fast` is make test, `all` is make test-all.
set -uo pipefail
cd "$(dirname "$0")/.."
kind=${1:-fast}
venv=$PWD/.venv
export PATH="$venv/bin:$PATH"
export COFFERDAM_LLMOCK="$venv/bin/llmock"
if [ "$kind" = all ]; then export COFFERDAM_LONG_TESTS=1; fi
failed=()

part() {
    local name=$1
    shift
    printf '\n== %s\n' "$name"
    local start=$SECONDS
    if "$@"; then
        printf '== %s: ok (%d s)\n' "$name" $((SECONDS - start))
    else
        printf '== %s: FAILED (%d s)\n' "$name" $((SECONDS - start))
        failed+=("$name")
    fi
}

newer_neovim() {
    "$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("scripts") + "/nvim")'
}

part "build" swift build --build-tests
if [ ${#failed[@]} -eq 0 ]; then
    part "format" swift format lint --strict --parallel --recursive Package.swift Sources Tests
    part "Lua lint" luacheck --quiet --globals vim -- EditorClients/nvim
    part "Swift tests" swift test --skip-build --disable-xctest
    part "Neovim client, Debian's Neovim" Tests/EndToEnd/nvim/run_specs.sh /usr/bin/nvim
    part "Neovim client, Neovim 0.11" Tests/EndToEnd/nvim/run_specs.sh "$(newer_neovim)"
    part "Emacs client" Tests/EndToEnd/emacs/run_tests.sh
    part "end to end" "$venv/bin/python" -m pytest -q -p no:cacheprovider Tests/EndToEnd
fi
if [ ${#failed[@]} -gt 0 ]; then
    printf '\nfailed: %s\n' "${failed[*]}"
    exit 1
fi
printf '\nall parts passed\n'
