"""The two scenarios by real editors and by the example script."""
import json
import re
import shutil
import subprocess
import sys

import pytest

import recordings
from conftest import BIN, DEADLINE, FIXTURES, HERE, ROOT, newer_neovim

SCENARIOS = {
    "broken-c": dict(
        file="stats.c", prompt="Fix the program until the test passes", changed=["main.c", "stats.c"],
        fixed=("stats.c", "return (double)sum / count;"), error="‘total’ undeclared", source="gcc"),
    "broken-swift": dict(
        file="Sources/Greeter/Greeter.swift", prompt="Make the tests pass",
        changed=["Sources/Greeter/Greeter.swift"],
        fixed=("Sources/Greeter/Greeter.swift", 'joined(separator: " ")'), error="cannot find 'nmae' in scope",
        source="swiftc"),
}
swift = pytest.param("broken-swift", marks=pytest.mark.swift)


def run_editor(world, command, project, scenario, **variables) -> dict:
    result = world.folder / "result.json"
    world.environment.update(
        COFFERDAM=str(BIN / "cofferdam"), E2E_WORKSPACE=str(project), E2E_FILE=str(project / scenario["file"]),
        E2E_PROMPT=scenario["prompt"], E2E_RESULT=str(result), E2E_SECONDS=str(DEADLINE - 20), **variables)
    done = subprocess.run(
        command, cwd=project, env=world.environment, capture_output=True, text=True, timeout=DEADLINE,
        stdin=subprocess.DEVNULL)
    assert result.exists(), done.stdout + done.stderr
    return json.loads(result.read_text())


def neovim(program: str) -> list:
    return [
        program, "--headless", "-i", "NONE", "-u", str(HERE / "nvim" / "minimal_init.lua"), "-S",
        str(HERE / "nvim" / "e2e.lua"),
    ]


EMACS = ["emacs", "-Q", "--batch", "-L", str(ROOT / "EditorClients" / "emacs"), "-l", str(HERE / "emacs" / "e2e.el")]


def check(result, project, scenario, name):
    assert result["outcome"] == "verified", result
    assert sorted(result["applied"]) == scenario["changed"] and not result["conflicts"]
    path, text = scenario["fixed"]
    assert text in (project / path).read_text()
    changed = subprocess.run(
        ["diff", "-rq", FIXTURES / name, project], capture_output=True, text=True).stdout.splitlines()
    assert len(changed) == len(scenario["changed"]), changed
    assert scenario["error"] in json.dumps(result["diagnosticsSeen"], ensure_ascii=False)
    assert scenario["source"] in json.dumps(result["diagnosticsSeen"])
    assert "every required check passed" in result["transcript"]
    # What each step changed, and the evidence: exit record, and the tree that it is for.
    assert "0 new, 1 fixed, 0 remaining" in result["transcript"]
    assert re.search(r"✓ .*exit 0.*tree [0-9a-f]{8}\b", result["transcript"])


@pytest.mark.parametrize("name", ["broken-c", swift])
def test_debians_neovim(world, name):
    scenario = SCENARIOS[name]
    project = world.replay(name).project(name)
    result = run_editor(world, neovim("/usr/bin/nvim"), project, scenario)
    check(result, project, scenario, name)
    assert result["diagnosticCounts"][-1] == 0, "what is fixed is cleared"


def test_neovim_0_11(world):
    project = world.replay("broken-c").project("broken-c")
    result = run_editor(world, neovim(newer_neovim()), project, SCENARIOS["broken-c"])
    check(result, project, SCENARIOS["broken-c"], "broken-c")
    assert result["neovim"].startswith("0.11")


@pytest.mark.parametrize("name", ["broken-c", swift])
def test_emacs(world, name):
    scenario = SCENARIOS[name]
    project = world.replay(name).project(name)
    result = run_editor(world, EMACS, project, scenario)
    check(result, project, scenario, name)
    assert result["diagnosticsAtEnd"] == [] and result["error"] is None
    assert not [message for message in result["messages"] if "error in" in message]


@pytest.mark.parametrize("name", ["broken-c", swift])
def test_example_script(world, name):
    scenario = SCENARIOS[name]
    project = world.replay(name).project(name)
    world.environment["COFFERDAM"] = str(BIN / "cofferdam")
    done = subprocess.run(
        [sys.executable, ROOT / "Protocol" / "examples" / "headless.py", project, scenario["prompt"]],
        env=world.environment, capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0, done.stdout + done.stderr
    path, text = scenario["fixed"]
    assert text in (project / path).read_text()


@pytest.mark.parametrize("editor", ["nvim", "emacs"])
def test_editors_approve_what_they_show(world, editor, tmp_path):
    recording = recordings.asks_to_run(tmp_path / "r.json", ["touch", "made.txt"])
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text('checks: [{name: there, command: ["true"]}]\npolicy: {ask: ["run"]}\n')
    command = neovim("/usr/bin/nvim") if editor == "nvim" else EMACS
    result = run_editor(world, command, project, SCENARIOS["broken-c"], E2E_APPROVE="1")
    assert result["outcome"] == "verified", result
    assert "touch made.txt" in json.dumps(result["approvals"])
    assert result["applied"] == ["made.txt"] and (project / "made.txt").exists()
