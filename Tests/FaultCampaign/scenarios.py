"""The scenarios of the fault campaign. Each takes a world, the row to fill in, and whether to be quick."""
import contextlib
import hashlib
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import threading
import time

import recordings
from conftest import BIN, wait_for
from raw_clients import Service
from recordings import ANY, call, result, text, turn
from relay import Relay
from resume import Follower, alive, kill_service, sandbox_record

TITLES = {
    "fast_commands": "fast commands, each compared",
    "large_output": "one command with a large output",
    "service_killed": "service killed with SIGKILL while a command prints",
    "session_killed": "service killed at any moment of a session with edits, commands and checks",
    "steps_killed": "service, sandbox, editor or helper killed at any moment: commits of steps",
    "connection_cut": "connection to the supervisor cut",
    "connection_silent": "connection to the supervisor black-holed",
    "client_killed": "client killed with SIGKILL while it reads",
    "client_stopped": "client stopped with SIGSTOP while a command prints",
    "disk_full": "disk full in the journal",
}
DATA = 64 << 10


def prepare(world, *turns, configuration="checks: []\n") -> pathlib.Path:
    project = world.folder / "project"
    project.mkdir()
    (project / ".cofferdam.yaml").write_text(configuration)
    (project / "data").write_bytes(random.Random(1).randbytes(DATA))
    world.replay(recordings.write(world.folder / "recordings" / "r.json", *turns))
    return project


def compare(row, have: bytes, want: bytes, what: str):
    """Counts what is missing at the end or in between as lost, what is there twice as doubled."""
    row.compared += len(want)
    if have == want:
        return
    same = os.path.commonprefix([have, want])
    row.remarks += f" {what}: {len(have)} bytes for {len(want)}, alike up to {len(same)};"
    row.lost += max(1 if have != want else 0, len(want) - len(have))
    row.doubled += max(0, len(have) - len(want))


def finish(row, follower, seconds=600):
    """The follower's own checks count: offsets and numbers without holes and doubles."""
    follower.process.wait(timeout=seconds)
    follower.reader.join(timeout=60)
    for problem in follower.problems:
        row.lost += 1
        row.remarks += f" {problem};"


def printer(kilobytes: int, code: int, pause: float) -> str:
    """Prints noise to both streams, some at a time: bytes that are no text, from a seed that both sides know."""
    return (
        "import os,random,time\nr=random.Random(7)\n"
        f"for i in range({kilobytes}):\n"
        "    b=r.randbytes(1024)\n"
        "    os.write(1 if i%4 else 2,b)\n"
        f"    time.sleep({pause})\n"
        f"os._exit({code})\n")


def printed(kilobytes: int):
    noise, streams = random.Random(7), {"stdout": bytearray(), "stderr": bytearray()}
    for number in range(kilobytes):
        streams["stdout" if number % 4 else "stderr"] += noise.randbytes(1024)
    return streams


def check_printer(row, follower, kilobytes, code, item="tool-1"):
    for stream, want in printed(kilobytes).items():
        compare(row, bytes(follower.output.get((item, stream), b"")), bytes(want), stream)
    ends = [event for event in follower.of("toolCallCompleted") if event["itemId"] == item]
    commands = [event.get("command") or {} for event in ends]
    if len(ends) != 1 or commands[0].get("status") != "exited" or commands[0].get("exitCode") != code:
        row.wrong_exits += 1
        row.remarks += f" {commands};"


# MARK: Commands


def fast_commands(world, row, quick):
    """Programs that end within milliseconds, twelve side by side, with noise on both streams and codes of their own."""
    count, at_once, generator = 96 if quick else 1008, 12, random.Random(3)
    wanted, turns, calls = {}, [], []
    for number in range(1, count + 1):
        out, err = (generator.randrange(DATA), generator.randrange(20_000)), generator.randrange(3000)
        code = generator.randrange(256)
        script = f"tail -c +{out[0] + 1} data | head -c {out[1]}; head -c {err} data >&2; exit {code}"
        wanted[f"tool-{number}"] = (out, err, code)
        calls.append(call(str(number), "run", command=["sh", "-c", script]))
    groups = [calls[start:start + at_once] for start in range(0, count, at_once)]
    expected = [ANY]
    for group in groups:
        turns.append(turn(expected, *group))
        expected = [{"type": "toolResult", "callID": block["id"], "matches": "any"} for block in group]
    project = prepare(world, *turns, turn(expected, text("Done.")))
    follower = Follower(world, project, "Run them")
    finish(row, follower)
    data = (project / "data").read_bytes()
    # Calls of one answer run side by side: which item is which shows in the arguments.
    arguments = {event["itemId"]: event["arguments"]["command"][2] for event in follower.of("toolCallStarted")}
    scripts = {block["arguments"]["command"][2]: wanted[f"tool-{block['id']}"] for block in calls}
    ends = {event["itemId"]: event["command"] for event in follower.of("toolCallCompleted")}
    durations = []
    for item, script in arguments.items():
        (start, length), err, code = scripts[script]
        compare(row, bytes(follower.output.get((item, "stdout"), b"")), data[start:start + length], item)
        compare(row, bytes(follower.output.get((item, "stderr"), b"")), data[:err], item)
        row.runs += 1
        durations.append(ends[item]["durationMilliseconds"])
        if ends[item]["status"] != "exited" or ends[item]["exitCode"] != code:
            row.wrong_exits += 1
    row.lost += count - len(arguments)
    row.remarks += f"median {statistics.median(durations):.0f} ms, {at_once} at a time"


def large_output(world, row, quick):
    """`seq`: no two lines are alike, so that nothing lost or doubled goes unnoticed in the hash."""
    last = 3_000_000 if quick else 214_748_364
    config = world.folder / "config" / "cofferdam"
    config.mkdir()
    (config / "service.yaml").write_text("limits: {output: 4 GiB, command: 3600, maximumCommand: 3600}\n")
    project = prepare(world, turn([ANY], call("1", "run", command=["seq", "1", str(last)], timeout_seconds=3600)),
                      turn([result("1", "exit code 0")], text("Done.")))
    want, size = hashlib.sha256(), 0
    with subprocess.Popen(["seq", "1", str(last)], stdout=subprocess.PIPE) as local:
        while part := local.stdout.read(1 << 20):
            want.update(part)
            size += len(part)
    world.cofferdam("list", cwd=project, check=0)
    service = Service(world)
    service.initialize()
    started = service.request("agent/start", {"prompt": "Count", "workspaceFolder": str(project)})
    session = started["result"]["sessionId"]
    service.send(id=99, method="agent/attach", params={"sessionId": session, "afterSeq": 0})
    service.log = type("Nothing", (), {"append": lambda self, message: None})()
    have, offset, last_seq, begun = hashlib.sha256(), 0, 0, time.monotonic()
    while True:
        message = service.receive()
        if message.get("method") != "agent/progress":
            continue
        params = message["params"]
        if params["seq"] != last_seq + 1:
            row.lost += 1
        last_seq, event = params["seq"], params["event"]
        if event["type"] == "outputDelta":
            if event["offset"] > offset:
                row.lost += event["offset"] - offset
            elif event["offset"] < offset:
                row.doubled += offset - event["offset"]
            part = event["text"].encode()
            have.update(part)
            offset = event["offset"] + len(part)
        elif event["type"] == "toolCallCompleted":
            command = event["command"]
            if (command["status"], command.get("exitCode"), command["stdoutBytes"]) != ("exited", 0, size):
                row.wrong_exits += 1
                row.remarks += f" {command};"
        elif event["type"] == "turnCompleted":
            break
    row.runs, row.compared = 1, size
    if (have.digest(), offset) != (want.digest(), size):
        row.lost += max(1, size - offset)
        row.remarks += " the hash differs;"
    row.remarks += f"{size / (1 << 20) / (time.monotonic() - begun):.0f} MiB/s to the reader"
    service.socket.close()


# MARK: The service


def service_killed(world, row, quick):
    kills, kilobytes = (4, 800) if quick else (50, 12_000)
    generator = random.Random()
    project = prepare(
        world, turn([ANY], call("1", "run", timeout_seconds=1800,
                                command=["/usr/bin/python3", "-c", printer(kilobytes, 7, 0.005)])),
        turn([result("1", "exit code 7", error=True)], text("Done.")))
    follower = Follower(world, project, "Print")
    follower.wait_for_event("outputDelta")
    for number in range(kills):
        seen = len(follower.events)
        # Some more output, then at any moment.
        follower.wait(lambda f: len(f.events) > seen + 1 or f.of("toolCallCompleted"), "output")
        time.sleep(generator.uniform(0, 0.3))
        if follower.of("toolCallCompleted"):
            row.remarks += f" over after {number} kills;"
            break
        kill_service(world)
        row.runs += 1
    finish(row, follower)
    check_printer(row, follower, kilobytes, 7)
    if len(follower.of("toolCallStarted")) != 1:
        row.doubled += 1
    row.remarks += f" {len(follower.of('sessionResumed'))} resumed"


STEPS = 6


def session_killed(world, row, quick):
    """The same session once undisturbed and then under fire: results, files and exits must be the same."""
    rounds = 1 if quick else 25
    turns, expected = [], [ANY]
    for number in range(1, STEPS + 1):
        script = f"for i in $(seq 1 20); do echo {number} $i; sleep 0.01; done; echo {number} >> log; exit {number}"
        calls = [
            call(f"w{number}", "write", path=f"file{number}", content=f"contents {number}\n"),
            call(f"e{number}", "edit", path="grows", old_text="end", new_text=f"{number}\nend end"[:-4], replace_all=True),
            call(f"r{number}", "run", command=["sh", "-c", script]),
        ]
        turns.append(turn(expected, *calls))
        expected = [result(f"w{number}", "Created"), result(f"e{number}", "Changed"),
                    result(f"r{number}", f"exit code {number}", error=True), ANY]
    turns.append(turn(expected, text("Done.")))
    checks = 'checks: [{name: slow, command: [sh, -c, "for i in 1 2 3 4 5; do echo check $i; sleep 0.02; done"]}]\n'
    project = prepare(world, *turns, configuration=checks)
    (project / "grows").write_text("end\n")
    generator = random.Random()

    def once(kills):
        follower = Follower(world, project, "--apply", "never", "Work")
        while follower.process.poll() is None and kills:
            # Mostly once it goes on; at times while it starts, but not so often that the client gives up.
            seen = len(follower.events)
            if generator.random() > 0.15:
                with contextlib.suppress(AssertionError):  # it has ended
                    follower.wait(lambda f: len(f.events) > seen, "event")
            time.sleep(generator.uniform(0, 0.6))
            with contextlib.suppress(AssertionError, ProcessLookupError):
                if follower.events:
                    kill_service(world)
                    row.runs += 1
        finish(row, follower)
        ends = follower.of("turnCompleted")
        assert len(ends) == 1, (follower.errors, follower.events[-8:])
        (end,) = ends
        return follower, end

    calm, wanted = once(False)
    for _ in range(rounds):
        follower, end = once(True)
        for key in ("outcome", "treeHash", "changedFiles", "steps"):
            if end[key] != wanted[key]:
                row.wrong_exits += 1
                row.remarks += f" {key} {end[key]} for {wanted[key]} ({end['reason']});"
        if wanted["outcome"] != "verified":
            row.remarks += f" {wanted['outcome']}: {wanted['reason']}"
            row.wrong_exits += 1
        ends = [event for event in follower.of("toolCallCompleted")]
        codes = sorted(event["command"]["exitCode"] for event in ends if "command" in event)
        if codes != list(range(1, STEPS + 1)) or len(ends) != 3 * STEPS:
            row.wrong_exits += 1
            row.remarks += f" exits {codes};"
        names = {event["itemId"]: event for event in follower.of("toolCallStarted")}
        if len(names) != 3 * STEPS or len(follower.of("fileChanged")) != 2 * STEPS:
            row.doubled += 1
            row.remarks += f" {len(names)} calls, {len(follower.of('fileChanged'))} changes;"
        for item, event in names.items():
            if event["tool"] == "run":
                step = event["arguments"]["command"][2].split("echo ")[1].split()[0]
                want = "".join(f"{step} {i}\n" for i in range(1, 21)).encode()
                compare(row, bytes(follower.output.get((item, "stdout"), b"")), want, item)
    row.remarks += f" {rounds} sessions"


def steps_killed(world, row, quick):
    import steps
    steps.run(world, row, quick)


# MARK: The supervisor's connection


@contextlib.contextmanager
def through_a_relay(world, row, kilobytes, pause=0.005):
    """A printing command whose service reaches its supervisor through a relay."""
    project = prepare(
        world, turn([ANY], call("1", "run", timeout_seconds=1800,
                                command=["/usr/bin/python3", "-c", printer(kilobytes, 9, pause)])),
        turn([result("1", "exit code 9", error=True)], text("Done.")))
    follower = Follower(world, project, "Print")
    follower.wait_for_event("outputDelta")
    directory = world.folder / "state" / "cofferdam" / "sessions" / follower.session
    with Relay(directory / "control.sock") as relay:
        kill_service(world)
        follower.wait_for_event("sessionResumed")
        wait_for(lambda: relay.connections, "the service to come through the relay")
        yield follower, relay
        finish(row, follower)
        check_printer(row, follower, kilobytes, 9)


def more_output(follower, seconds=120):
    """Waits for output that comes after this moment."""
    seen = sum(map(len, follower.output.values()))
    follower.wait(lambda f: sum(map(len, f.output.values())) > seen or f.of("toolCallCompleted"), "output", seconds)


def connection_cut(world, row, quick):
    cuts = 5 if quick else 40
    with through_a_relay(world, row, 600 if quick else 8000) as (follower, relay):
        for _ in range(cuts):
            more_output(follower)
            # Twenty in ten seconds are the most that a sandbox is not given up for.
            time.sleep(random.uniform(0, 0.1) if quick else random.uniform(0.6, 1.0))
            relay.cut()
            row.runs += 1


def connection_silent(world, row, quick):
    silences, longest = (1, 0.0) if quick else (5, 0.0)
    with through_a_relay(world, row, 300 if quick else 3000, 0.005 if quick else 0.05) as (follower, relay):
        for _ in range(silences):
            more_output(follower)
            made = relay.made
            relay.silence()
            begun = time.monotonic()
            wait_for(lambda: relay.made > made, "the service to notice the silence", seconds=90)
            longest = max(longest, time.monotonic() - begun)
            row.runs += 1
            more_output(follower)
        row.remarks += f"noticed within {longest:.1f} s"


# MARK: The client


def client_killed(world, row, quick):
    kills, kilobytes = (3, 500) if quick else (20, 6000)
    project = prepare(
        world, turn([ANY], call("1", "run", timeout_seconds=1800,
                                command=["/usr/bin/python3", "-c", printer(kilobytes, 5, 0.003)])),
        turn([result("1", "exit code 5", error=True)], text("Done.")))
    first = Follower(world, project, "--keep", "Print")
    first.wait_for_event("outputDelta")
    session = first.session
    first.kill()
    row.runs += 1
    for _ in range(kills - 1):
        follower = Follower(world, project, session, command="attach")
        follower.wait_for_event("outputDelta")
        more_output(follower)
        follower.kill()
        row.runs += 1
    wait_for(lambda: json.loads(world.cofferdam("list", "--json", cwd=project).stdout)["sessions"][0]["state"] == "idle",
             "the turn to end", seconds=600)
    last = Follower(world, project, "--replay", session, command="attach")
    finish(row, last)
    check_printer(row, last, kilobytes, 5)


def client_stopped(world, row, quick):
    """A client that does not read slows nobody, and misses nothing once it reads again."""
    kilobytes = 4000 if quick else 60_000
    project = prepare(
        world, turn([ANY], call("1", "run", timeout_seconds=1800,
                                command=["/usr/bin/python3", "-c", printer(kilobytes, 4, 0)])),
        turn([result("1", "exit code 4", error=True)], text("Done.")))
    stopped = Follower(world, project, "--keep", "Print")
    stopped.wait_for_event("toolCallStarted")
    os.kill(stopped.process.pid, signal.SIGSTOP)
    try:
        other = Follower(world, project, stopped.session, command="attach")
        other.wait_for_event("turnCompleted", seconds=300)
        finish(row, other)
        check_printer(row, other, kilobytes, 4)
        assert len(stopped.of("turnCompleted")) == 0
    finally:
        os.kill(stopped.process.pid, signal.SIGCONT)
    finish(row, stopped)
    check_printer(row, stopped, kilobytes, 4)
    row.runs = 2


# MARK: The disk


def disk_full(world, row, quick):
    """The sessions' folder on a small file system: what does not fit is counted and said to be missing, never invented."""
    folder = world.folder / "state" / "cofferdam" / "sessions"
    folder.mkdir(parents=True, mode=0o700)
    (folder.parent).chmod(0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "none", folder], check=True)
    try:
        for number in range(1 if quick else 5):
            last = 6_000_000  # 46 MB
            if number:
                (world.folder / "project").rename(world.folder / f"project-{number}")
            project = prepare(
                world, turn([ANY], call("1", "run", command=["sh", "-c", f"seq 1 {last}; exit 11"])),
                turn([result("1", "were not kept", error=True)], text("I see.")))
            follower = Follower(world, project, "Fill it")
            finish(row, follower)
            want = b"".join(b"%d\n" % i for i in range(1, last + 1))
            have = bytes(follower.output.get(("tool-1", "stdout"), b""))
            row.runs += 1
            row.compared += len(have)
            # What was kept is a beginning of what was printed, and the record says how much there was.
            if not have or not want.startswith(have):
                row.lost += 1
            ends = follower.of("toolCallCompleted")
            command = ends[0].get("command", {}) if ends else {}
            if (command.get("status"), command.get("exitCode"), command.get("stdoutBytes")) != ("exited", 11, len(want)):
                row.wrong_exits += 1
                row.remarks += f" {command} {[e['text'] for e in ends]};"
            kept = command.get("stdoutTruncated", {}).get("from")
            if kept != len(have):
                row.lost += 1
                row.remarks += f" kept {kept}, read {len(have)};"
            row.remarks += f" {len(have):,} of {len(want):,} bytes kept, told;" if number == 0 else ""
    finally:
        world.stop_service()
        subprocess.run(["umount", "-l", folder], check=True)
