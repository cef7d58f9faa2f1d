"""Steps of a session: forks and ways back, by the command line and by the language server, with real sandboxes."""
import json
import os
import signal

import pytest

from conftest import BIN, wait_for
from obedient_model import obedient_model  # noqa: F401 (a fixture)
from raw_clients import Stdio
from test_ordinary_user import cofferdam as as_ordinary_user, ordinary  # noqa: F401 (a fixture)


@pytest.fixture
def project(world):
    folder = world.folder / "project"
    folder.mkdir()
    (folder / "f").write_text("zero\n")
    (folder / "g").write_text("g\n")
    (folder / "deep").mkdir()
    (folder / "deep" / "h").write_text("h\n")
    return folder


class Session:
    """A session as the command line shows it."""

    def __init__(self, world, project, identity):
        self.world, self.project, self.id = world, project, identity

    def cofferdam(self, *arguments, check=0):
        return self.world.cofferdam(*arguments, cwd=self.project, check=check)

    def events(self, kind=None) -> list:
        lines = self.cofferdam("attach", "--replay", "--json", self.id).stdout.splitlines()
        events = [json.loads(line)["event"] for line in lines]
        return [event for event in events if kind in (None, event["type"])]

    def prompt(self, *commands, check=None):
        text = "\n".join(["Please:", *(f"RUN {command}" for command in commands)])
        return self.cofferdam("prompt", "--session", self.id, text, check=check)

    def patch(self) -> str:
        return self.cofferdam("diff", self.id).stdout

    def steps(self) -> dict:
        return {event["step"]: event for event in self.events("snapshotTaken")}

    def restore(self, step, check=0):
        return self.cofferdam("restore", self.id, str(step), check=check)

    def fork(self, *arguments) -> "Session":
        before = self.sessions()
        self.cofferdam("fork", self.id, *arguments, check=None)
        (new,) = set(self.sessions()) - set(before)
        fork = Session(self.world, self.project, new)
        wait_for(lambda: self.sessions()[new]["state"] == "idle", "the fork to be idle")
        return fork

    def sessions(self) -> dict:
        listed = json.loads(self.cofferdam("list", "--json").stdout)["sessions"]
        return {session["sessionId"]: session for session in listed}


@pytest.fixture
def session(world, project, obedient_model):  # noqa: F811
    """After three commands: steps 0 to 4, the last with the turn's end."""
    prompt = "Please:\nRUN echo one >> f; mkdir -p new; echo n > new/n\nRUN rm g; echo two >> f\nRUN rm -r deep; mv new moved"
    world.cofferdam("run", "--keep", "--apply", "never", prompt, cwd=project)
    (listed,) = json.loads(world.cofferdam("list", "--json", cwd=project, check=0).stdout)["sessions"]
    return Session(world, project, listed["sessionId"])


def test_the_steps_are_in_the_log(session):
    steps = session.steps()
    assert sorted(steps) == [0, 1, 2, 3, 4]
    assert all(step["consistent"] for step in steps.values())
    assert [steps[number].get("parent") for number in range(5)] == [None, 0, 1, 2, 3]
    # f and new/n; f and g; deep, new/n and moved/n; nothing but words.
    assert [steps[number]["changedFiles"] for number in range(5)] == [0, 2, 2, 3, 0]
    assert "step 2: 2 files changed" in session.cofferdam("attach", "--replay", session.id).stdout


def test_back_and_forward_again(session, obedient_model):  # noqa: F811
    last = session.patch()
    assert "back at step 1" in session.restore(1).stdout
    assert (patch := session.patch()).count("diff --git") == 2
    assert "+one" in patch and "+two" not in patch and "new/n" in patch
    (restored,) = session.events("sessionRestored")
    assert restored["step"] == 1
    # The conversation is cut back with the files: one call and its result, and then the prompt.
    session.prompt("cat f g; ls; test ! -e moved; echo other >> f")
    messages = obedient_model.requests[-2]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "tool", "user"]
    assert "+two" not in (other := session.patch()) and "+other" in other
    results = [event["text"] for event in session.events("toolCallCompleted")]
    assert "zero\none\ng\ndeep\nf\ng\nnew\n" in results[-1]
    # The steps after it are still there, and the new ones go on counting.
    steps = session.steps()
    assert sorted(steps) == list(range(7)) and steps[5]["parent"] == 1
    session.restore(4)
    assert session.patch() == last
    session.restore(6)
    assert session.patch() == other
    session.restore(0)
    assert session.patch() == ""


def test_a_fork_and_its_origin_do_not_see_each_other(session, project):
    last = session.patch()
    fork = session.fork("--step", "2", "Please:\nRUN cat f; echo fork >> f; echo x > only-fork")
    assert fork.events()[1] == {"type": "sessionForked", "from": session.id, "step": 2}
    assert session.sessions()[fork.id]["parent"] == session.id
    assert f"forked from {session.id}" in session.cofferdam("list").stdout
    (call,) = fork.events("toolCallCompleted")
    assert "zero\none\ntwo\n" in call["text"]
    assert session.patch() == last
    patch = fork.patch()
    assert "+fork" in patch and "only-fork" in patch and "deleted file" in patch and "moved" not in patch
    session.prompt("echo parent >> f; echo y > only-parent")
    assert fork.patch() == patch
    # A fork is a session like any other: it outlives its origin, and has steps of its own.
    session.cofferdam("stop", session.id)
    wait_for(lambda: session.sessions()[session.id]["state"] == "stopped", "the origin to stop")
    assert fork.patch() == patch
    fork.restore(0)
    assert "+two" in fork.patch() and "fork" not in fork.patch()
    assert fork.fork().patch() == fork.patch()
    assert (project / "f").read_text() == "zero\n"


def test_what_cannot_be_done_is_refused(session):
    for step in ("99", "5"):
        refused = session.restore(step, check=7)
        assert f"no step {step}" in refused.stderr
    assert "no step 99" in session.cofferdam("fork", session.id, "--step", "99", check=7).stderr
    assert len(session.sessions()) == 1
    patch = session.patch()
    session.cofferdam("stop", session.id)
    wait_for(lambda: session.sessions()[session.id]["state"] == "stopped", "the session to stop")
    assert "is over" in session.restore(1, check=7).stderr
    assert "is over" in session.cofferdam("fork", session.id, check=7).stderr
    assert session.patch() == patch, "the result stays"


def test_a_running_turn_and_its_commands_end_first(session, world, project):
    running = world.start(
        BIN / "cofferdam", "prompt", "--session", session.id, "Please:\nRUN touch runs; sleep 987654", cwd=project,
        stdout=-1)

    def sleeping():
        return [pid for pid in os.listdir("/proc") if pid.isdigit() and b"sleep\x00987654" in command(pid)]

    def command(pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                return file.read()
        except OSError:
            return b""

    wait_for(sleeping, "the command to run")
    session.restore(3)
    assert not sleeping()
    running.communicate(timeout=60)
    assert "runs" not in session.patch()
    assert session.events("turnCompleted")[-1]["outcome"] == "cancelled"


def test_steps_outlive_the_service(session, world):
    """A service that was killed is started again: its session can still be set back, and forked."""
    last = session.patch()
    world.stop_service(signal.SIGKILL)
    session.restore(1)
    assert "+two" not in session.patch() and "+one" in session.patch()
    session.restore(4)
    assert session.patch() == last
    assert session.fork("--step", "2").patch().count("diff --git") == 3


def test_through_the_language_server(world, project, obedient_model):  # noqa: F811
    server = Stdio(world, project)
    server.initialize(project, progress=True)
    server.send(method="initialized", params={})
    methods = ("agent/fork", "agent/restore")
    started = server.request("agent/start", {"prompt": "RUN echo one >> f\nRUN echo two >> f"})["result"]["sessionId"]

    def until(identity, kind, **members):
        while True:
            message = server.receive()
            if message.get("method") == "agent/progress" and message["params"]["sessionId"] == identity:
                event = message["params"]["event"]
                if event["type"] == kind and members.items() <= event.items():
                    return event

    until(started, "sessionStatus", state="idle")
    forked = server.request(methods[0], {"sessionId": started, "step": 1, "prompt": "RUN cat f"})["result"]["sessionId"]
    # Followed without being asked.
    assert until(forked, "sessionForked")["step"] == 1
    assert "zero\none\n" in until(forked, "toolCallCompleted")["text"]
    assert server.request(methods[1], {"sessionId": started, "step": 0})["result"]["seq"] > 0
    assert server.request("agent/diff", {"sessionId": started})["result"]["files"] == []
    done = server.request("workspace/executeCommand", {
        "command": "cofferdam.restore", "arguments": [{"sessionId": started, "step": 2}]})
    assert done["result"]["seq"] > 0
    done = server.request("workspace/executeCommand", {
        "command": "cofferdam.fork", "arguments": [{"sessionId": started}]})
    assert done["result"]["sessionId"] not in (started, forked)
    wrong = server.request("workspace/executeCommand", {"command": "cofferdam.restore", "arguments": [{}]})
    assert wrong["error"]["code"] == -32602
    server.request("shutdown")
    server.send(method="exit")
    assert server.close() == 0


def test_as_an_ordinary_user(ordinary):  # noqa: F811
    """The overlay is marked in another way, and nobody can read a file that took its own permissions away."""
    project = ordinary.folder / "broken-c"
    run = as_ordinary_user(ordinary, "run", "--keep", "--apply", "never", "Fix it", cwd=project)
    assert run.returncode == 0, run.stdout + run.stderr + ordinary.log()
    (session,) = json.loads(as_ordinary_user(ordinary, "list", "--json", cwd=project).stdout)["sessions"]
    identity = session["sessionId"]

    def patch(of=identity):
        return as_ordinary_user(ordinary, "diff", of, cwd=project).stdout

    last = patch()
    assert last
    assert as_ordinary_user(ordinary, "restore", identity, "0", cwd=project).returncode == 0
    assert patch() == ""
    newest = run.stdout.count("step ")
    assert newest > 0
    log = as_ordinary_user(ordinary, "attach", "--replay", "--json", identity, cwd=project).stdout
    steps = [event["step"] for event in map(lambda line: json.loads(line)["event"], log.splitlines())
             if event["type"] == "snapshotTaken"]
    forked = as_ordinary_user(ordinary, "fork", identity, "--step", str(max(steps)), cwd=project)
    assert forked.returncode == 0, forked.stderr
    fork = forked.stdout.split()[1]
    wait_for(lambda: patch(fork) == last, "the fork to have the files of the last step")
