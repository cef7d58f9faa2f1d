"""Ten ecosystems, red to green through the real loop: what the model is told, and what editors show at each step."""
import json
import pathlib
import shutil
import subprocess

import pytest

from conftest import HERE
from ecosystems import SCENARIOS
from test_editors import EMACS, neovim, run_editor


def in_neovim(world, project, scenario):
    """The outcome, and the lines with diagnostics by file at each time."""
    result = run_editor(world, neovim("/usr/bin/nvim"), project, vars(scenario))
    states = [
        {str(pathlib.Path(path).relative_to(project)): lines for path, lines in state.items()}
        for state in result["diagnosticStates"]
    ]
    return result, states


def in_emacs(world, project, scenario):
    """Likewise; Flymake tells of files without a buffer only how many there are."""
    result = run_editor(world, EMACS, project, vars(scenario))
    states, state = [], {}
    for seen in result["diagnosticsSeen"]:
        path = str(pathlib.Path(seen["file"]).relative_to(project))
        state[path] = sorted(one.get("line", 0) for one in seen["diagnostics"] or [])
        states.append({path: lines for path, lines in state.items() if lines})
    return result, states


def shows(state, wanted) -> bool:
    return set(state) == set(wanted) and all(
        lines == wanted[path] or lines == [0] * len(wanted[path]) for path, lines in state.items())


@pytest.mark.parametrize("editor", [in_neovim, in_emacs], ids=["neovim", "emacs"])
@pytest.mark.parametrize(
    "scenario", [pytest.param(one, marks=[pytest.mark.swift] if one.name == "swift" else []) for one in SCENARIOS],
    ids=lambda one: one.name)
def test_red_to_green(world, tmp_path, scenario, editor):
    original = HERE / (scenario.fixture or f"ecosystems/{scenario.name}")
    project = world.folder / scenario.name
    shutil.copytree(original, project)
    world.replay(scenario.record(tmp_path / "model.json"))
    result, states = editor(world, project, scenario)
    # The replayed model has checked what it was told at each step.
    assert result["outcome"] == "verified", (result.get("reason"), result.get("error"))
    assert sorted(result["applied"]) == scenario.changed and not result["conflicts"]
    assert scenario.source in json.dumps(result["diagnosticsSeen"])
    rest = list(states)
    for number, wanted in enumerate(scenario.states):
        while rest and not shows(rest[0], wanted):
            rest.pop(0)
        assert rest, f"step {number}: {wanted} was not shown, or not in this order: {states}"
    assert states[-1] == {}, "what is fixed is cleared"
    changed = subprocess.run(["diff", "-rq", original, project], capture_output=True, text=True).stdout.splitlines()
    assert len(changed) == len(scenario.changed), changed
