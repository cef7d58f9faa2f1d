"""A service that is killed and started again: its sessions go on, or say truly that they cannot."""
import json
import os
import signal
import subprocess

import pytest

import recordings
from conftest import BIN, wait_for
from raw_clients import Service, Stdio, start_service
from recordings import ANY, call, result, text, turn
from resume import Follower, alive, kill_service, sandbox_record

NO_CHECKS = "checks: []\n"


@pytest.fixture
def project(world):
    made = world.project("broken-c")
    (made / ".cofferdam.yaml").write_text(NO_CHECKS)
    return made


def counting(lines: int) -> list:
    """A command that prints numbered lines, a few at a time."""
    return ["sh", "-c", f"i=0; while [ $i -lt {lines} ]; do i=$((i+1)); echo line $i; sleep 0.01; done; exit 3"]


def numbered(lines: int) -> bytes:
    return b"".join(b"line %d\n" % i for i in range(1, lines + 1))


def record(world, tmp_path, *turns):
    return world.replay(recordings.write(tmp_path / "recordings" / "r.json", *turns))


def test_a_command_goes_on_and_its_reader_misses_nothing(world, project, tmp_path):
    lines = 400
    record(world, tmp_path, turn([ANY], call("1", "run", command=counting(lines))),
           turn([result("1", "exit code 3", "line 400", error=True)], text("Done.")))
    follower = Follower(world, project, "Count")
    for count in (100, 900, 2500):
        follower.wait_for_bytes(count)
        before = sandbox_record(world, follower.session)["supervisor"]
        kill_service(world)
    assert follower.finish() == 0, follower.errors
    assert bytes(follower.output[("tool-1", "stdout")]) == numbered(lines)
    resumed = follower.of("sessionResumed")
    assert len(resumed) == 3 and all(event["continuedItemIds"] == ["tool-1"] for event in resumed)
    (ended,) = follower.of("toolCallCompleted")
    assert ended["command"]["exitCode"] == 3 and ended["command"]["stdoutBytes"] == len(numbered(lines))
    assert follower.of("turnCompleted")[-1]["outcome"] == "answered"
    assert len(follower.of("toolCallStarted")) == 1
    wait_for(lambda: not alive(before["pid"]), "the sandbox to end with its session")


def test_a_lost_sandbox_is_lost_and_its_work_is_kept(world, project, tmp_path):
    record(world, tmp_path, turn([ANY], call("1", "write", path="made.txt", content="made\n"),
                                 call("2", "run", command=["sh", "-c", "echo up; sleep 1000"])))
    follower = Follower(world, project, "Wait")
    follower.wait_for_bytes(1, "tool-2")
    processes = sandbox_record(world, follower.session)
    kill_service(world)
    for name in ("supervisor", "program"):
        os.kill(processes[name]["pid"], signal.SIGKILL)
    assert follower.finish() == 5, follower.errors
    ends = {event["itemId"]: event for event in follower.of("toolCallCompleted")}
    assert ends["tool-1"]["status"] == "completed"
    assert ends["tool-2"]["status"] == "failed" and ends["tool-2"]["command"]["status"] == "lost"
    (turn_end,) = follower.of("turnCompleted")
    assert turn_end["outcome"] == "failed" and "the sandbox was lost" in turn_end["reason"]
    assert turn_end["changedFiles"] == ["made.txt"]
    wait_for(lambda: "failed" in world.cofferdam("list", cwd=project).stdout, "the session to be over")
    shown = world.cofferdam("diff", follower.session, cwd=project, check=0)
    assert "+made" in shown.stdout


def test_a_question_is_asked_again(world, project, tmp_path):
    (project / ".cofferdam.yaml").write_text("checks: []\npolicy: {ask: [run]}\n")
    record(world, tmp_path, turn([ANY], call("1", "run", command=["touch", "made.txt"])),
           turn([result("1", "exit code 0")], text("Done.")))
    follower = Follower(world, project, "Make it")
    approval = follower.wait_for_event("approvalRequested")["approval"]
    kill_service(world)
    follower.wait_for_event("sessionResumed")
    wait_for(lambda: approval["approvalId"] in world.cofferdam("list", "--json", cwd=project).stdout, "the question")
    world.cofferdam("approve", cwd=project, check=0)
    assert follower.finish() == 1, follower.errors
    assert len(follower.of("approvalRequested")) == 1 == len(follower.of("approvalResolved"))
    assert follower.of("turnCompleted")[-1]["changedFiles"] == ["made.txt"]


def test_an_idle_session_takes_prompts_of_the_next_service(world, project, tmp_path):
    record(world, tmp_path, turn([ANY], text("Hello.")), turn([ANY], text("Hello again.")))
    first = world.cofferdam("run", "--keep", "--json", "Greet", cwd=project, check=0)
    session = json.loads(first.stdout.splitlines()[0])["sessionId"]
    pid = sandbox_record(world, session)["supervisor"]["pid"]
    kill_service(world)
    second = world.cofferdam("prompt", "Again", cwd=project, check=0)
    assert "Hello again." in second.stdout
    assert sandbox_record(world, session)["supervisor"]["pid"] == pid and alive(pid)
    replay = world.cofferdam("attach", "--replay", "--json", session, cwd=project, check=0)
    sequence = [json.loads(line)["seq"] for line in replay.stdout.splitlines()]
    assert sequence == list(range(1, len(sequence) + 1))
    world.cofferdam("stop", session, cwd=project, check=0)
    wait_for(lambda: not alive(pid), "the sandbox to end")


def test_a_background_command_lives_through_it(world, project, tmp_path):
    server = "echo up; while read line; do echo got $line; done; echo down"
    record(
        world, tmp_path,
        turn([ANY], call("1", "shell", script=server, background=True)),
        turn([result("1", "command-1")], call("2", "command_output", command_id="command-1", wait_seconds=30)),
        turn([result("2", "[running]", "up")], text("It is up.")),
        turn([ANY], call("3", "command_input", command_id="command-1", text="one\n"),
             call("4", "command_output", command_id="command-1", wait_seconds=30)),
        turn([result("3"), result("4", "[running]", "got one")],
             call("5", "command_input", command_id="command-1", close=True),
             call("6", "command_output", command_id="command-1", wait_seconds=30)),
        turn([result("5"), ANY_RESULT("6")], call("7", "command_stop", command_id="command-1")),
        turn([result("7", "exit code 0")], text("It is down.")))
    world.cofferdam("run", "--keep", "Serve", cwd=project, check=0)
    kill_service(world)
    second = world.cofferdam("prompt", "Ask it", cwd=project)
    assert second.returncode == 0 and "It is down." in second.stdout, second.stdout + second.stderr
    (session,) = json.loads(world.cofferdam("list", "--json", cwd=project).stdout)["sessions"]
    replay = world.cofferdam("attach", "--replay", "--json", session["sessionId"], cwd=project, check=0)
    events = [json.loads(line)["event"] for line in replay.stdout.splitlines()]
    printed = "".join(e["text"] for e in events if e["type"] == "outputDelta" and e["itemId"] == "tool-1")
    assert printed == "up\ngot one\ndown\n"
    (ended,) = [e for e in events if e["type"] == "commandEnded"]
    assert ended["commandId"] == "command-1" and ended["command"]["exitCode"] == 0
    (resumed,) = [e for e in events if e["type"] == "sessionResumed"]
    assert resumed["continuedItemIds"] == ["tool-1"]


def ANY_RESULT(identity):
    return result(identity)


def test_a_terminal_for_programs_that_need_one(world, project, tmp_path):
    record(
        world, tmp_path,
        turn([ANY], call("1", "run", command=["sh", "-c", "stty size; test -t 0 && echo tty; read x; echo $x"],
                         background=True, tty=True)),
        turn([result("1", "command-1")], call("2", "command_input", command_id="command-1", text="hello\n")),
        turn([result("2")], call("3", "command_stop", command_id="command-1")),
        turn([result("3")], text("Done.")))
    done = world.cofferdam("run", "--keep", "--json", "Look", cwd=project, check=0)
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    (ended,) = [e for e in events if e["type"] == "commandEnded"]
    printed = "".join(e.get("text", "") for e in events if e["type"] == "outputDelta" and e["itemId"] == "tool-1")
    # What was stopped may not have come further than this.
    if ended["command"]["status"] == "exited":
        assert "24 80" in printed and "tty" in printed and "hello" in printed, printed


def test_sandboxes_that_no_session_knows_are_ended(world, project, tmp_path):
    record(world, tmp_path, turn([ANY], call("1", "run", command=["sleep", "1000"])))
    follower = Follower(world, project, "Wait")
    follower.wait_for_event("toolCallStarted")
    processes = sandbox_record(world, follower.session)
    follower.kill()
    kill_service(world)
    state = world.folder / "state" / "cofferdam"
    for path in state.glob("sessions.sqlite*"):
        path.unlink()
    assert alive(processes["supervisor"]["pid"])
    start_service(world, project)
    wait_for(lambda: not alive(processes["supervisor"]["pid"]), "the sandbox to be ended")
    wait_for(lambda: not list((state / "sessions").iterdir()), "its folder to be removed")


def test_an_editor_stays_attached(world, project, tmp_path):
    lines = 200
    record(world, tmp_path, turn([ANY], call("1", "run", command=counting(lines))),
           turn([result("1", error=True)], text("Done.")))
    editor = Stdio(world, project)
    editor.initialize(project, progress=True)
    editor.send(method="initialized", params={})
    started = editor.request("agent/start", {"prompt": "Count", "workspaceFolder": project.as_uri()})
    session = started["result"]["sessionId"]
    printed, sequence, kills = b"", [], 2
    while True:
        message = editor.receive()
        if message.get("method") != "agent/progress":
            continue
        sequence.append(message["params"]["seq"])
        event = message["params"]["event"]
        if event["type"] == "outputDelta":
            printed += event["text"].encode()
            if kills and len(printed) > 600 * (3 - kills):
                kills -= 1
                kill_service(world)
        if event["type"] == "turnCompleted":
            break
    assert printed == numbered(lines)
    assert sequence == list(range(1, len(sequence) + 1))
    editor.close()


def test_an_orderly_end_stops_sessions_as_before(world, project, tmp_path):
    record(world, tmp_path, turn([ANY], text("Hello.")))
    first = world.cofferdam("run", "--keep", "--json", "Greet", cwd=project, check=0)
    session = json.loads(first.stdout.splitlines()[0])["sessionId"]
    pid = sandbox_record(world, session)["supervisor"]["pid"]
    world.stop_service()
    assert not alive(pid)
    replay = world.cofferdam("attach", "--replay", "--json", session, cwd=project, check=0)
    last = json.loads(replay.stdout.splitlines()[-1])["event"]
    assert (last["type"], last["state"]) == ("sessionStatus", "stopped")


def test_a_service_does_not_end_before_a_session_that_is_being_stopped(world, project, tmp_path):
    # The sandbox is in no hurry: a command ignores what it is told, for as long as it may.
    stubborn = "trap '' TERM; echo up; while :; do sleep 0.1; done"
    record(world, tmp_path, turn([ANY], call("1", "shell", script=stubborn, background=True)),
           turn([result("1")], text("Up.")))
    first = world.cofferdam("run", "--json", "Serve", cwd=project, check=0)
    session = json.loads(first.stdout.splitlines()[0])["sessionId"]
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit() and of_session(int(name), session)]
    world.stop_service()
    assert not any(of_session(pid, session) for pid in pids)


def of_session(pid: int, session: str) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return session.encode() in file.read() and alive(pid)
    except OSError:
        return False
