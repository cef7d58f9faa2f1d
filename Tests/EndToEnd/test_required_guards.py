"""A service that is told which guards it must have: it does not run with less, and says how to get them."""
import os
import re
import subprocess

import pytest

from conftest import BIN, wait_for


def configure(world, text: str) -> None:
    (world.folder / "config" / "cofferdam").mkdir(exist_ok=True)
    (world.folder / "config" / "cofferdam" / "service.yaml").write_text(text)


def guards(world, **changes) -> dict:
    """What the service's program says of each guard: name → (state, advice)."""
    result = subprocess.run(
        [BIN / "cofferdamd", "--guards"], env=world.environment | changes, capture_output=True, text=True, check=True)
    return {name: (state, advice) for state, name, advice in
            (line.split("\t") for line in result.stdout.splitlines())}


def doctor(world, *arguments, **changes) -> subprocess.CompletedProcess:
    world.environment.update(changes)
    return world.cofferdam("doctor", *arguments, cwd=world.folder)


def test_every_guard_is_told_with_what_to_do(world):
    told = guards(world)
    assert {"namespaces", "system call filter", "user of its own", "Landlock", "memory limit"} <= set(told)
    assert told["namespaces"][0] == told["system call filter"][0] == "active"
    assert told["user of its own"][0] == ("active" if os.geteuid() == 0 else "absent")
    for name, (state, advice) in told.items():
        assert state in ("active", "absent") and len(advice) > 20, name


def test_what_is_there_is_enough(world):
    world.replay("broken-c")
    configure(world, "require: [namespaces, system call filter]\n")
    assert world.cofferdam("run", "Fix it", cwd=world.project("broken-c")).returncode == 0, world.log()


@pytest.mark.parametrize("guard, environment, words", [
    ("namespaces", {"PATH": "/nonexistent"}, "apt-get install bubblewrap"),
    ("no such guard", {}, "There is no guard of that name; there are: namespaces, "),
])
def test_no_service_with_less(world, guard, environment, words):
    configure(world, f"require: [{guard}, system call filter]\n")
    result = subprocess.run(
        [BIN / "cofferdamd", "--embedded", "--runtime-directory", world.folder / "run" / "x"],
        env=world.environment | environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    said = result.stderr + world.log().replace("(no log)", "")
    assert f"No sandbox is started without “{guard}”" in said and words in said, said


def test_no_session_with_less(world):
    """Through the client, which starts the service: the reason reaches the user."""
    world.replay("broken-c")
    configure(world, "require: [a dog in the yard]\n")
    result = world.cofferdam("run", "Fix it", cwd=world.project("broken-c"))
    assert result.returncode != 0
    assert "a dog in the yard" in result.stdout + result.stderr + world.log()
    wait_for(lambda: not world.service_pids(), "the service to end")


def test_doctor_says_which_and_fails_when_asked(world):
    world.replay("broken-c")
    told = guards(world)
    absent = [name for name, (state, _) in told.items() if state == "absent"]
    plain = doctor(world)
    assert plain.returncode == 0, plain.stdout
    for name, (state, advice) in told.items():
        mark = "ok" if state == "active" else "note"
        assert re.search(rf"^{mark} +{re.escape(name)}: {re.escape(advice)}$", plain.stdout, re.M), plain.stdout
    strict = doctor(world, "--strict")
    assert strict.returncode == (1 if absent else 0), strict.stdout
    for name in absent:
        assert f"FAIL {name}" in strict.stdout


def test_doctor_fails_for_what_is_required(world):
    configure(world, "require: [a dog in the yard]\n")
    result = doctor(world)
    assert result.returncode == 1 and "FAIL a dog in the yard" in result.stdout, result.stdout


def test_a_misspelt_section_is_an_error_with_its_line(world):
    configure(world, "\nrequires: [namespaces]\n")
    result = subprocess.run(
        [BIN / "cofferdamd", "--guards"], env=world.environment, capture_output=True, text=True)
    assert result.returncode != 0 and ":2" in result.stderr and "requires" in result.stderr, result.stderr
