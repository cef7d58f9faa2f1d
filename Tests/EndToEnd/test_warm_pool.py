"""What is made ready before it is asked for is used when it is right, and never when it is not."""
import json
import os
import re
import signal

import pytest

from conftest import wait_for
from obedient_model import obedient_model  # noqa: F401 (a fixture)
from raw_clients import raw_exchange


@pytest.fixture
def warm(world, obedient_model):  # noqa: F811
    (world.folder / "config" / "cofferdam").mkdir()
    (world.folder / "config" / "cofferdam" / "service.yaml").write_text(
        "warmPool:\n  repositories: 2\n  disk: 1 GiB\n  memory: 16 MiB\n")
    return world


def folder(world, name="project"):
    made = world.folder / name
    made.mkdir()
    (made / "f").write_text("zero\n")
    return made


def metrics(world) -> dict:
    request = f"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.token}\r\nConnection: close\r\n\r\n"
    text = raw_exchange(world.socket, request.encode(), until=None).decode()
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.M)}


def started(world, how) -> float:
    return metrics(world)[f'cofferdam_sandboxes_started_total{{start="{how}"}}']


def taken(world, origin) -> float:
    return metrics(world)[f'cofferdam_bases_taken_total{{origin="{origin}"}}']


def ready(world, *projects):
    """Waits until sandboxes wait for exactly these folders."""
    wanted = sorted(map(str, projects))

    def found():
        # All of them: one more is that of the session before, which is not gone yet.
        lines = sandboxes(world).values()
        mounted = [path for line in lines for path in wanted if path.encode() in line.split(b"\0")]
        waiting = metrics(world)["cofferdam_warm_sandboxes"]
        return sorted(mounted) == wanted and len(lines) == waiting == len(wanted)
    wait_for(found, f"sandboxes for {wanted}")


def run(world, project, command) -> str:
    """What the command printed in a session of its own, which is then stopped."""
    done = world.cofferdam("run", "--apply", "never", f"Please:\nRUN {command}", cwd=project)
    assert "■ answered" in done.stdout, done.stdout + done.stderr + world.log()
    return done.stdout


def sandboxes(world) -> dict:
    """Command lines by process."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read()
            with open(f"/proc/{pid}/comm", "rb") as file:
                if str(world.folder).encode() in line and b"bwrap" in file.read():
                    found[int(pid)] = line
        except OSError:
            pass
    return found


def test_a_session_gets_what_waits(warm):
    project = folder(warm)
    assert "zero" in run(warm, project, "cat f")
    ready(warm, project)
    assert "zero" in run(warm, project, "cat f; ls")
    assert started(warm, "warm") == 1 and started(warm, "cold") == 1


def test_a_folder_that_changed_is_seen_as_it_is(warm):
    project = folder(warm)
    run(warm, project, "cat f")
    ready(warm, project)
    before = taken(warm, "refreshed")
    (project / "f").write_text("one\n")
    assert "one" in run(warm, project, "cat f")
    assert started(warm, "warm") == 0 and taken(warm, "refreshed") == before + 1
    ready(warm, project)
    # Another environment is another sandbox, on whatever copy of the folder.
    (project / ".cofferdam.yaml").write_text("environment: {COLOUR: green}\n")
    assert "green" in run(warm, project, "echo $COLOUR")
    ready(warm, project)
    assert "green" in run(warm, project, "echo $COLOUR")
    assert started(warm, "warm") == 1


def test_the_budget_holds(warm):
    projects = [folder(warm, f"p{number}") for number in range(3)]
    for project in projects:
        run(warm, project, "cat f")
    ready(warm, *projects[1:])
    run(warm, projects[2], "cat f")
    assert started(warm, "warm") == 1, "the folders that were used last are kept ready"


def test_a_sandbox_that_died_while_it_waited_is_not_used(warm):
    project = folder(warm)
    run(warm, project, "cat f")
    ready(warm, project)
    for pid in sandboxes(warm):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            for first in file.read().split():
                os.kill(int(first), signal.SIGKILL)
    assert "zero" in run(warm, project, "cat f")
    assert started(warm, "warm") == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind(warm, number):
    project = folder(warm)
    run(warm, project, "cat f")
    ready(warm, project)
    warm.stop_service(number)
    if number == signal.SIGKILL:
        # The next service ends what the last one left.
        (warm.folder / "config" / "cofferdam" / "service.yaml").unlink()
        warm.cofferdam("list", cwd=project, check=0)
    wait_for(lambda: not sandboxes(warm), "the sandbox that waited to end")
    sessions = warm.folder / "state" / "cofferdam" / "sessions"
    # The repository of the session that ran is its result, and stays.
    wait_for(lambda: not [path for path in sessions.iterdir() if path.is_dir() and path.suffix != ".git"],
             "its folder to go")


def test_without_the_section_nothing_is_started(world, obedient_model):  # noqa: F811
    project = folder(world)
    run(world, project, "cat f")
    assert "zero" in run(world, project, "cat f")
    assert metrics(world)["cofferdam_warm_sandboxes"] == 0
    # A copy that is there is used all the same.
    assert taken(world, "copied") == 1 and taken(world, "reused") == 1
    assert json.loads(world.cofferdam("list", "--json", cwd=project).stdout)["sessions"]
