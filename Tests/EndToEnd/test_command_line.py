"""`cofferdam run` and its companions, as a script sees them."""
import json
import os
import signal
import subprocess

import pytest

import recordings
from conftest import BIN, FIXTURES, wait_for
from recordings import ANY, call, result as tool_result, text, turn


def events(output: str) -> list:
    return [json.loads(line) for line in output.splitlines() if line.startswith('{"sessionId"')]


def test_c_program_is_fixed_verified_and_applied(world):
    project = world.replay("broken-c").project("broken-c")
    result = world.cofferdam("run", "Fix the program until the test passes", cwd=project, check=0)
    assert "verified: every required check passed" in result.stdout
    assert "stats.c:8:12: error: ‘total’ undeclared" in result.stdout
    assert "applied stats.c" in result.stdout
    assert "\x1b" not in result.stdout, "colours belong on a terminal"
    assert "return (double)sum / count;" in (project / "stats.c").read_text()
    assert not (project / "stats").exists(), "build products are no part of the result"
    subprocess.run(["make", "-s", "test"], cwd=project, check=True, capture_output=True)


@pytest.mark.swift
def test_swift_package_is_fixed_verified_and_applied(world):
    project = world.replay("broken-swift").project("broken-swift")
    result = world.cofferdam("run", "Make the tests pass", cwd=project, check=0)
    assert "Sources/Greeter/Greeter.swift:10:52: error: cannot find 'nmae' in scope" in result.stdout
    assert 'joined(separator: " ")' in (project / "Sources/Greeter/Greeter.swift").read_text()
    assert not (project / ".build").exists()


def test_json_lines_are_the_whole_log_in_order(world):
    project = world.replay("broken-c").project("broken-c")
    result = world.cofferdam("run", "--json", "Fix it", cwd=project, check=0)
    seen = events(result.stdout)
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
    kinds = [event["event"]["type"] for event in seen]
    assert kinds[0] == "sessionStatus" and kinds[-1] == "turnCompleted"
    ended = seen[-1]["event"]
    assert ended["outcome"] == "verified"
    assert {item["name"]: item["passed"] for item in ended["evidence"]} == {"make": True, "make test": True}
    assert {item["treeHash"] for item in ended["evidence"]} == {ended["treeHash"]}
    assert ended["changedFiles"] == ["main.c", "stats.c"]
    assert json.loads(result.stdout.splitlines()[-1])["apply"]["applied"] == ["main.c", "stats.c"]


def test_the_tree_hash_is_the_one_of_git(world):
    project = world.replay("broken-c").project("broken-c")
    result = world.cofferdam("run", "--json", "Fix it", cwd=project, check=0)
    ended = events(result.stdout)[-1]["event"]
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=project, check=True, env=world.environment)
    tree = subprocess.run(
        ["git", "write-tree"], cwd=project, check=True, capture_output=True, text=True, env=world.environment)
    assert tree.stdout.strip() == ended["treeHash"]


def test_a_divergent_recording_fails_loudly(world):
    project = world.replay("broken-swift").project("broken-c")
    result = world.cofferdam("run", "Fix it", cwd=project, check=5)
    assert "left its recording at turn 1" in result.stdout
    assert (project / "stats.c").read_text() == (FIXTURES / "broken-c" / "stats.c").read_text()


def test_unverified_work_is_not_applied_by_itself(world, tmp_path):
    recording = recordings.write(
        tmp_path / "r.json",
        turn([ANY], call("1", "write", path="note.txt", content="hi\n")),
        turn([tool_result("1"), ANY], text("Done.")),
        *[turn([ANY], text("Done, really.")) for _ in range(3)])
    project = world.replay(recording).project("broken-c")
    result = world.cofferdam("run", "Write a note", cwd=project, check=1)
    assert "unverified: required checks fail: `make` (exit code 2)" in result.stdout
    assert not (project / "note.txt").exists()
    diff = world.cofferdam("diff", cwd=project, check=0).stdout
    assert "+++ b/note.txt" in diff and "+hi" in diff
    subprocess.run(["git", "apply", "--check"], input=diff, text=True, cwd=project, check=True, env=world.environment)
    world.cofferdam("apply", cwd=project, check=0)
    assert (project / "note.txt").read_text() == "hi\n"


def test_a_file_changed_meanwhile_is_merged(world):
    project = world.replay("broken-c").project("broken-c")
    world.cofferdam("run", "--apply", "never", "Fix it", cwd=project, check=0)
    stats = project / "stats.c"
    mine = stats.read_text() + "/* mine */\n"
    stats.write_text(mine)
    result = world.cofferdam("apply", cwd=project, check=0)
    assert "applied stats.c" in result.stdout
    assert stats.read_text() == mine.replace("return total", "return (double)sum")
    assert "atoi(argv[i + 1]);" in (project / "main.c").read_text()
    subprocess.run(["make", "-s"], cwd=project, check=True)


def test_lines_that_both_changed_stand_between_markers(world):
    project = world.replay("broken-c").project("broken-c")
    world.cofferdam("run", "--apply", "never", "Fix it", cwd=project, check=0)
    stats = project / "stats.c"
    stats.write_text(stats.read_text().replace("return total / count;", "return sum / count;"))
    result = world.cofferdam("apply", cwd=project, check=6)
    assert "applied stats.c" in result.stdout
    assert "conflict stats.c: you and the session changed the same lines" in result.stderr
    marked = stats.read_text()
    ours, theirs = marked.split("<<<<<<< yours\n")[1].split(">>>>>>> session ")[0].split("=======\n")
    assert "return sum / count;" in ours and "(double)sum / count" in theirs
    # What is marked already is not merged again.
    again = world.cofferdam("apply", cwd=project, check=6)
    assert "it has conflict markers of an earlier apply" in again.stderr
    assert stats.read_text() == marked


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_result_outlives_its_sandbox_and_its_service(world, end):
    project = world.replay("broken-c").project("broken-c")
    ran = world.cofferdam("run", "--json", "--apply", "never", "Fix it", cwd=project, check=0)
    session = events(ran.stdout)[0]["sessionId"]
    if end == "stop":
        world.cofferdam("stop", session, cwd=project, check=0)
        wait_for(lambda: '"stopped"' in world.cofferdam("list", "--json", cwd=project).stdout, "the session to end")
    else:
        world.stop_service(signal.SIGKILL)
    assert "+    return (double)sum / count;" in world.cofferdam("diff", session, cwd=project, check=0).stdout
    world.cofferdam("apply", session, cwd=project, check=0)
    assert "return (double)sum / count;" in (project / "stats.c").read_text()
    listed = json.loads(world.cofferdam("list", "--json", cwd=project, check=0).stdout)["sessions"][0]
    assert listed["applied"] is True


def test_what_models_took_is_summed(world):
    project = world.replay("broken-c").project("broken-c")
    world.cofferdam("run", "Fix it", cwd=project, check=0)
    def rows(*options):
        return json.loads(world.cofferdam("usage", "--json", *options, cwd=project, check=0).stdout)["rows"]
    (first,) = rows()
    assert first["model"] == "broken-c.json" and first["answers"] >= 4 and first["tokens"]["inputTokens"] > 0
    # A kill neither loses nor doubles an answer, and further sessions add to the same row.
    world.stop_service(9)
    assert rows() == [first]
    project.joinpath("stats.c").write_text((FIXTURES / "broken-c" / "stats.c").read_text())
    project.joinpath("main.c").write_text((FIXTURES / "broken-c" / "main.c").read_text())
    world.cofferdam("run", "Fix it", cwd=project, check=0)
    (both,) = rows("--by", "user", "--by", "repository")
    assert both["answers"] == 2 * first["answers"] and both["repository"] == str(project)
    assert rows("--since", "2999-01-01") == []
    shown = world.cofferdam("usage", "--by", "day", "--by", "model", cwd=project, check=0).stdout
    assert "no prices" in shown and "broken-c.json" in shown and shown.startswith("model ") or "day" in shown.split()[:3]
    assert world.cofferdam("usage", "--since", "yesterday", cwd=project).returncode == 7


def test_no_model_says_what_to_do(world):
    project = world.project("broken-c")
    result = world.cofferdam("run", "Fix it", cwd=project, check=7)
    assert "ANTHROPIC_API_KEY" in result.stderr


def test_bad_repository_configuration_names_the_line(world):
    project = world.replay("broken-c").project("broken-c")
    (project / ".cofferdam.yaml").write_text("checks:\n  - name: build\n    comand: [make]\n")
    result = world.cofferdam("run", "Fix it", cwd=project, check=5)
    assert ".cofferdam.yaml:3" in result.stdout and "comand" in result.stdout


def test_usage_errors(world, tmp_path):
    assert world.cofferdam("run", cwd=tmp_path).returncode == 64
    assert world.cofferdam("attach", "nonesuch", cwd=tmp_path).returncode == 64
    result = world.cofferdam("run", "x", "--folder", "/nonexistent", cwd=tmp_path)
    assert result.returncode == 64 and "/nonexistent" in result.stderr


def sleeping_recording(path):
    recordings.write(
        path,
        turn([ANY], call("1", "run", command=["sleep", "1000"])),
        turn([tool_result("1", error=True)], text("It was interrupted.")))


def started_command(process):
    """Reads events until the command has begun; gives the session's name."""
    for line in process.stdout:
        message = json.loads(line)
        if message["event"]["type"] == "toolCallStarted":
            return message["sessionId"]
    raise AssertionError("the command never began")


def sandbox_pid(of: str) -> int:
    def find():
        result = subprocess.run(["pgrep", "-x", "-f", of], capture_output=True, text=True)
        return [int(pid) for pid in result.stdout.split()]
    return wait_for(find, f"a process {of}")[0]


def test_interrupt_cancels_the_turn(world, tmp_path):
    sleeping_recording(tmp_path / "r.json")
    project = world.replay(tmp_path / "r.json").project("broken-c")
    process = world.start(BIN / "cofferdam", "run", "--json", "Wait", cwd=project, stdout=subprocess.PIPE, text=True)
    started_command(process)
    sandbox_pid("sleep 1000")
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=60)[0]
    assert process.returncode == 3, rest
    assert events(rest)[-1]["event"]["outcome"] == "cancelled"
    wait_for(lambda: subprocess.run(["pgrep", "-x", "-f", "sleep 1000"]).returncode == 1, "the command to be killed")


def test_a_command_killed_from_outside_is_told_truly(world, tmp_path):
    sleeping_recording(tmp_path / "r.json")
    project = world.replay(tmp_path / "r.json").project("broken-c")
    process = world.start(BIN / "cofferdam", "run", "--json", "Wait", cwd=project, stdout=subprocess.PIPE, text=True)
    started_command(process)
    os.kill(sandbox_pid("sleep 1000"), signal.SIGKILL)
    seen = events(process.communicate(timeout=60)[0])
    completed = [e["event"] for e in seen if e["event"]["type"] == "toolCallCompleted"][0]
    assert completed["command"]["status"] == "signalled" and completed["command"]["signal"] == 9
    assert seen[-1]["event"]["outcome"] == "answered" and process.returncode == 0


def test_a_killed_client_does_not_end_the_session(world, tmp_path):
    sleeping_recording(tmp_path / "r.json")
    project = world.replay(tmp_path / "r.json").project("broken-c")
    process = world.start(BIN / "cofferdam", "run", "--json", "Wait", cwd=project, stdout=subprocess.PIPE, text=True)
    session = started_command(process)
    process.kill()
    process.wait()
    listed = json.loads(world.cofferdam("list", "--json", cwd=project, check=0).stdout)["sessions"]
    assert [(s["sessionId"], s["state"]) for s in listed] == [(session, "running")]
    os.kill(sandbox_pid("sleep 1000"), signal.SIGKILL)
    again = world.cofferdam("attach", session, "--json", cwd=project, check=0)
    seen = events(again.stdout)
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
    ended = [event["event"] for event in seen if event["event"]["type"] == "turnCompleted"]
    assert [event["outcome"] for event in ended] == ["answered"]


def test_a_killed_service_is_logged_truly_and_leaves_no_process(world, tmp_path):
    sleeping_recording(tmp_path / "r.json")
    project = world.replay(tmp_path / "r.json").project("broken-c")
    process = world.start(
        BIN / "cofferdam", "run", "--json", "Wait", cwd=project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True)
    session = started_command(process)
    command = sandbox_pid("sleep 1000")
    world.stop_service(signal.SIGKILL)
    # The client starts another service, which finds the command as it was.
    for line in process.stdout:
        if json.loads(line)["event"]["type"] == "sessionResumed":
            break
    assert sandbox_pid("sleep 1000") == command
    world.cofferdam("stop", session, cwd=project, check=0)
    wait_for(lambda: subprocess.run(["pgrep", "-x", "-f", "sleep 1000"]).returncode == 1, "the sandbox to end")
    process.communicate(timeout=60)

    def ended():
        told = events(world.cofferdam("attach", session, "--replay", "--json", cwd=project).stdout)
        return told if told[-1]["event"].get("state") == "stopped" else None
    seen = [e["event"] for e in wait_for(ended, "the session's last event")]
    assert sum(event["type"] == "sessionResumed" for event in seen) == 1
    ends = [event for event in seen if event["type"] == "toolCallCompleted"]
    assert [end["status"] for end in ends] == ["cancelled"]
    assert seen[-1]["type"] == "sessionStatus" and seen[-1]["state"] == "stopped"


def test_two_clients_racing_start_one_service(world):
    project = world.replay("broken-c").project("broken-c")
    clients = [
        world.start(BIN / "cofferdam", "list", cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(12)
    ]
    for client in clients:
        output = client.communicate(timeout=60)[0]
        assert client.returncode == 0, output
    assert len(world.service_pids()) == 1


def test_the_service_is_ended_and_started_again(world):
    project = world.replay("broken-c").project("broken-c")
    assert "no service runs" in world.cofferdam("stop", "--service", cwd=project, check=0).stdout
    ran = world.cofferdam("run", "--json", "--keep", "--apply", "never", "Fix it", cwd=project, check=0)
    session = events(ran.stdout)[0]["sessionId"]
    (before,) = world.service_pids()
    assert "the service has ended" in world.cofferdam("stop", "--service", cwd=project, check=0).stdout
    assert world.service_pids() == []
    assert "stopped" in world.cofferdam("list", cwd=project, check=0).stdout
    assert world.service_pids() not in ([], [before])
    assert "+++ b/stats.c" in world.cofferdam("diff", session, cwd=project, check=0).stdout
    world.cofferdam("stop", "--service", session, cwd=project, check=64)
