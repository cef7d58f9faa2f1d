"""Approvals: asked of every client, answered once."""
import contextlib
import json
import os
import pty
import subprocess

import recordings
from conftest import BIN

POLICY = 'checks: [{name: there, command: ["true"]}]\npolicy: {ask: ["run"]}\n'


def asked(world, tmp_path, command=("touch", "made.txt"), then=()):
    recording = recordings.asks_to_run(tmp_path / "r.json", list(command), *then)
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text(POLICY)
    process = world.start(
        BIN / "cofferdam", "run", "--json", "Make it", cwd=project, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        event = json.loads(line)["event"]
        if event["type"] == "approvalRequested":
            return project, process, event["approval"]
    raise AssertionError("nobody was asked")


def finish(process) -> list:
    return [json.loads(line) for line in process.communicate(timeout=60)[0].splitlines()]


def test_another_client_approves_and_a_late_answer_is_refused_politely(world, tmp_path):
    project, process, approval = asked(world, tmp_path)
    assert approval["command"] == "touch made.txt" and approval["tool"] == "run"
    assert "run" in approval["reason"]
    shown = world.cofferdam("approve", cwd=project, check=0)
    assert "$ touch made.txt" in shown.stdout and "allowed once" in shown.stdout
    late = world.cofferdam("reject", approval["approvalId"], cwd=project)
    seen = finish(process)
    assert late.returncode in (1, 7) and ("too late" in late.stderr or "is over" in late.stderr), late
    assert process.returncode == 0
    assert (project / "made.txt").exists()
    resolved = [e["event"]["resolution"] for e in seen if e.get("event", {}).get("type") == "approvalResolved"]
    assert [(r["cause"], r["decision"]) for r in resolved] == [("answered", "allowOnce")]


def test_a_question_on_a_terminal_stands_last_and_ends_when_another_client_answers(world, tmp_path):
    recording = recordings.asks_to_run(tmp_path / "r.json", ["touch", "made.txt"])
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text(POLICY)
    terminal, other = pty.openpty()
    process = world.start(BIN / "cofferdam", "run", "Make it", cwd=project, stdin=other, stdout=other, stderr=other)
    os.close(other)
    screen = b""
    while b"Allow?" not in screen:
        screen += os.read(terminal, 4096)
    asked_at = screen.index("‼ waits for approval".encode())
    assert asked_at < screen.index(b"$ touch made.txt") < screen.index(b"Allow?")
    assert screen.count(b"Run: touch made.txt") == 2, "its call, and the question"
    world.cofferdam("approve", cwd=project, check=0)
    with contextlib.suppress(OSError):  # EIO: the other end is closed
        while chunk := os.read(terminal, 4096):
            screen += chunk
    os.close(terminal)
    assert process.wait(timeout=60) == 0 and (project / "made.txt").exists()
    assert screen[screen.index(b"Allow?"):].split(b"\r\n")[1].find(b"allowed once by") >= 0, screen.decode()


def test_a_rejection_reaches_the_model_with_its_feedback(world, tmp_path):
    then = [recordings.turn([recordings.result("1", "rejected", "use make", error=True)], recordings.text("I stop."))]
    project, process, _ = asked(world, tmp_path, then=then)
    world.cofferdam("reject", "-f", "use make", cwd=project, check=0)
    seen = finish(process)
    assert process.returncode == 0 and not (project / "made.txt").exists()
    assert seen[-1]["event"]["outcome"] == "answered"


def test_no_answer_in_time_is_a_denial(world, tmp_path):
    world.environment["COFFERDAM_APPROVAL_SECONDS"] = "1"
    then = [
        recordings.turn(
            [recordings.result("1", "did not answer in time", error=True)], recordings.text("I stop."))]
    project, process, _ = asked(world, tmp_path, then=then)
    seen = finish(process)
    resolved = [e["event"]["resolution"] for e in seen if e["event"]["type"] == "approvalResolved"]
    assert [r["cause"] for r in resolved] == ["timedOut"]
    assert not (project / "made.txt").exists() and process.returncode == 0


def test_allow_for_the_session_asks_once(world, tmp_path):
    then = [
        recordings.turn(
            [recordings.result("1"), recordings.ANY], recordings.call("2", "run", command=["touch", "made.txt"])),
        recordings.turn([recordings.result("2")], recordings.text("Twice.")),
    ]
    project, process, _ = asked(world, tmp_path, then=then)
    world.cofferdam("approve", "--for-session", cwd=project, check=0)
    seen = finish(process)
    assert len([e for e in seen if e.get("event", {}).get("type") == "approvalRequested"]) == 0
    assert process.returncode == 0


def test_denied_is_final_and_explained(world, tmp_path):
    recording = recordings.asks_to_run(
        tmp_path / "r.json", ["curl", "http://localhost"],
        recordings.turn([recordings.result("1", "denied by the repository policy: run(curl *)", error=True)],
                        recordings.text("I may not.")))
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text('checks: []\npolicy: {deny: ["run(curl *)"]}\n')
    result = world.cofferdam("run", "Fetch it", cwd=project, check=0)
    assert "denied by the repository policy" in result.stdout
