"""Limits of the service's file and of a repository, the queue of sessions, and what doctor says, with the real service."""
import json
import os
import signal
import subprocess

import pytest

from conftest import BIN, wait_for
from obedient_model import obedient_model  # noqa: F401 (a fixture)


@pytest.fixture
def project(world):
    folder = world.folder / "project"
    folder.mkdir()
    (folder / "f").write_text("zero\n")
    return folder


def configure(world, text):
    folder = world.folder / "config" / "cofferdam"
    folder.mkdir(exist_ok=True)
    (folder / "service.yaml").write_text(text)


def events(text, kind):
    found = (json.loads(line)["event"] for line in text.splitlines() if line.startswith("{"))
    return [event for event in found if event["type"] == kind]


def run(world, project, *commands):
    """The results of commands that the model runs."""
    prompt = "\n".join(["Please:", *(f"RUN {command}" for command in commands)])
    done = world.cofferdam("run", "--json", "--apply", "never", prompt, cwd=project)
    return events(done.stdout, "toolCallCompleted")


def guards(world):
    lines = subprocess.run([BIN / "cofferdamd", "--guards"], capture_output=True, text=True, env=world.environment).stdout
    return {line.split("\t")[1]: line.split("\t") for line in lines.splitlines()}


def test_limits_of_the_service_and_of_the_repository(world, project, obedient_model):  # noqa: F811
    obedient_model.use(world)
    configure(world, "limits: {memory: 128 MiB, workspace: 48 MiB, output: 8 KiB, command: 8, processes: 200}\n")
    (project / ".cofferdam.yaml").write_text("limits: {workspace: 24 MiB, memory: 1 TiB}\n")
    memory, disk, text, late, last = run(
        world, project, "exec tail /dev/zero", "head -c 40M /dev/zero > big; sleep 300", "seq 100000", "sleep 300",
        "rm -f big; echo still here")
    if guards(world)["memory limit"][0] == "active":
        assert memory["command"]["status"] == "outOfMemory", memory
    else:
        assert "memory" in memory["text"]
    assert disk["command"]["status"] == "killed" and "workspace size (24 MiB)" in disk["text"], disk
    assert text["command"]["stdoutBytes"] == 588895 and text["command"]["stdoutTruncated"], text
    assert late["command"]["status"] == "timedOut", late
    assert last["command"]["exitCode"] == 0 and "still here" in last["text"], last


def test_sessions_wait_their_turn(world, project, obedient_model):  # noqa: F811
    obedient_model.use(world)
    configure(world, "concurrency: {total: 1}\n")
    prompt = "Please:\nRUN until [ -e go ]; do sleep 0.1; done"

    def start(name):
        output = open(world.folder / f"{name}.jsonl", "w")
        process = world.start(
            BIN / "cofferdam", "run", "--json", "--apply", "never", prompt, cwd=project, stdin=subprocess.DEVNULL, stdout=output)
        return process, lambda: (world.folder / f"{name}.jsonl").read_text()

    def session(text):
        return json.loads(text.splitlines()[0])["sessionId"]

    def listed():
        sessions = json.loads(world.cofferdam("list", "--json", cwd=project, check=0).stdout)["sessions"]
        return {entry["sessionId"]: (entry["state"], entry.get("queuePosition")) for entry in sessions}

    first, first_said = start("first")
    wait_for(lambda: events(first_said(), "toolCallStarted"), "the first session to work", 120)
    second, second_said = start("second")
    wait_for(lambda: events(second_said(), "sessionQueued"), "the second to be queued", 120)
    third, third_said = start("third")
    wait_for(lambda: events(third_said(), "sessionQueued"), "the third to be queued", 120)
    assert events(second_said(), "sessionQueued") == [{"type": "sessionQueued", "position": 1}]
    assert events(third_said(), "sessionQueued") == [{"type": "sessionQueued", "position": 2}]
    ids = [session(said()) for said in (first_said, second_said, third_said)]
    states = listed()
    assert states[ids[1]] == ("queued", 1) and states[ids[2]] == ("queued", 2)
    assert "queued (1)" in world.cofferdam("list", cwd=project, check=0).stdout

    # So does one that is forked from a session that has its place.
    world.cofferdam("fork", ids[0], cwd=project, check=0)
    fork = next(iter(set(listed()) - set(ids)))
    wait_for(lambda: listed()[fork] == ("queued", 3), "the fork to be queued", 120)

    # A service that is killed and started again keeps the order.
    world.stop_service(signal.SIGKILL)
    wait_for(lambda: listed().get(fork) == ("queued", 3), "the queue to be there again", 120)
    assert listed()[ids[1]] == ("queued", 1) and listed()[ids[2]] == ("queued", 2)

    # One that waits can be stopped; the others move up when the first ends.
    world.cofferdam("stop", ids[1], cwd=project, check=0)
    wait_for(lambda: listed()[ids[1]][0] == "stopped", "the second to stop", 120)
    wait_for(lambda: listed()[ids[2]] == ("queued", 1), "the third to move up", 120)
    world.cofferdam("stop", ids[0], cwd=project, check=0)
    wait_for(lambda: events(third_said(), "toolCallStarted"), "the third to work", 120)
    assert listed()[ids[2]] == ("running", None) and listed()[fork] == ("queued", 1)
    world.cofferdam("stop", ids[2], cwd=project, check=0)
    wait_for(lambda: listed()[fork] == ("idle", None), "the fork to have its sandbox", 120)
    world.cofferdam("stop", fork, cwd=project, check=0)
    for process in (first, second, third):
        process.wait(timeout=120)


def test_a_mistake_in_the_service_file_is_told_with_its_line(world, project):
    configure(world, "limits:\n  memroy: 4 GiB\n")
    world.replay("broken-c")
    told = world.cofferdam("run", "Fix it", cwd=project)
    assert told.returncode != 0
    assert "service.yaml:2:3: unknown key ‘memroy’" in told.stderr + told.stdout


def test_doctor_tells_of_the_limits(world, project):
    world.replay("broken-c")
    said = world.cofferdam("doctor", cwd=project).stdout
    for name in ("memory limit", "process limit", "CPU limit", "workspace size", "file limits"):
        assert name in said
    if os.geteuid() == 0:
        configure(world, "limits: {cgroup: none}\n")
        assert guards(world)["memory limit"][0] == "absent"
        assert "cgroup: none" in guards(world)["memory limit"][2]
