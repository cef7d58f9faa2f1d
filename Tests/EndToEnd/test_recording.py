"""A session's model traffic is recorded, and plays again without a model: the same events, tools in a real sandbox."""
import http.server
import json
import re
import shutil
import signal
import subprocess
import threading

import pytest

from conftest import BIN, wait_for

KEY = "canary-key-1234567890"


def call(identity, name, **arguments):
    return {"index": 0, "id": identity, "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)}}


STEPS = [
    {"text": ["Let me ", "look."], "calls": [call("c1", "read", path="stats.c"), call("c2", "read", path="main.c")]},
    {"calls": [call("c3", "edit", path="stats.c", old_text="return total / count;",
                    new_text="return (double)sum / count;")]},
    {"calls": [call("c4", "edit", path="main.c", old_text="atoi(argv[i + 1])\n", new_text="atoi(argv[i + 1]);\n")]},
    {"text": ["Fix", "ed", ": ✓."]},
    {"calls": [call("c5", "run", command=["sh", "-c", "pwd; date; echo pid $$; mktemp"])]},
    {"text": ["It is ", "the time."]},
]


class Models(http.server.BaseHTTPRequestHandler):
    """Three models: one breaks off in the middle of its second answer, one takes over, one gives titles."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def event(self, value):
        text = value if isinstance(value, str) else json.dumps(value)
        data = f"data: {text}\n\n".encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.authorized.append(self.headers["Authorization"])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        name = body["model"]
        answered = sum(message["role"] == "assistant" for message in body["messages"])
        step = {"text": ["A ", "title"]} if name == "titles" else STEPS[answered]

        def delta(content, reason=None):
            self.event({"id": "x", "object": "chat.completion.chunk", "model": f"{name}-1",
                        "choices": [{"index": 0, "delta": content, "finish_reason": reason}]})

        if name == "flaky" and answered == 1:
            delta({"role": "assistant", "content": "This will be vo"})
            self.close_connection = True
            self.connection.close()
            return
        for text in step.get("text", []):
            delta({"role": "assistant", "content": text})
        for position, tool in enumerate(step.get("calls", [])):
            delta({"tool_calls": [dict(tool, index=position)]})
        delta({}, "tool_calls" if "calls" in step else "stop")
        self.event({"id": "x", "object": "chat.completion.chunk", "model": f"{name}-1", "choices": [],
                    "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}})
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")


@pytest.fixture
def models():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Models)
    server.authorized = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def configure(world, port, recording=True):
    folder = world.folder / "config" / "cofferdam"
    folder.mkdir(exist_ok=True)
    (folder / "service.yaml").write_text("recording: true\n" if recording else "")
    base = f"base_url: 'http://127.0.0.1:{port}/v1', api_key_env: TEST_KEY"
    (folder / "models.yaml").write_text(
        "models:\n"
        f"  flaky: {{provider: openai, model: flaky, {base}, context_window: 100000}}\n"
        f"  steady: {{provider: openai, model: steady, {base}, prices: {{input: 3, output: 15}}}}\n"
        f"  namer: {{provider: openai, model: titles, {base}}}\n"
        "roles: {edit: [flaky, steady], title: namer}\n")
    world.environment["TEST_KEY"] = KEY


VARYING = {
    "time", "startedAt", "durationMilliseconds", "cpuMilliseconds", "peakKiB", "delayMilliseconds", "stderrBytes",
    "stdoutBytes", "fromCache",
}


def same(value, folder, identity):
    """An event without what differs between two runs of the same."""
    if isinstance(value, dict):
        return {key: same(entry, folder, identity) for key, entry in value.items() if key not in VARYING}
    if isinstance(value, list):
        return [same(entry, folder, identity) for entry in value]
    if not isinstance(value, str):
        return value
    value = value.replace(str(folder), "FOLDER").replace(identity, "SESSION")
    value = re.sub(r"\b\d+(\.\d+)? ?(ms|s)\b", "TIME", value)
    value = re.sub(r"pid \d+|/tmp/tmp\.\w+|\w+ \w+ +\d+ \d+:\d+:\d+ \w+ \d+", "VARYING", value)
    return value


def ended(world, identity, folder):
    """All events of a session that is over; nothing before."""
    printed = world.cofferdam("attach", "--replay", "--json", identity, cwd=folder).stdout
    return printed if '"state":"stopped"' in printed.splitlines()[-1] else None


def story(world, identity, folder):
    """What happened in a session that is over, in order: its events, the output of its commands, its titles' usage."""
    printed = wait_for(lambda: ended(world, identity, folder), "the session to end")
    events = [same(json.loads(line)["event"], folder, identity) for line in printed.splitlines()]
    # Copies and commits come beside the loop, a title too; pieces of output are as the kernel cut them.
    # What an attempt took that broke off is estimated, by the path's length too, and written beside it.
    events = [event for event in events if not event.get("estimated")]
    title = [event for event in events if event["type"] == "usageUpdated" and event.get("model") == "namer"]
    output = "".join(event.get("text", "") for event in events if event["type"] == "outputDelta")
    beside = ("outputDelta", "snapshotTaken", "stepCommitted")
    told = [event for event in events if event["type"] not in beside and event not in title]
    for event in told + title:
        if event["type"] == "usageUpdated":
            del event["session"]  # with the title, or before it
    # Who stops a session at once after its turn is sooner, sometimes.
    told = [event for event in told if event.get("state") != "idle"]
    # Reads run side by side: which is named and ends first is up to the machine.
    ordered = []
    calls = []
    for event in told:
        if event["type"] in ("toolCallStarted", "toolCallCompleted"):
            calls.append({key: value for key, value in event.items() if key != "itemId"})
            continue
        ordered += sorted(calls, key=json.dumps) + [event]
        calls = []
    return ordered, output, title


def test_a_session_plays_again_without_its_models(world, models):
    configure(world, models.server_port)
    folder = world.project("broken-c")
    other = world.folder / "elsewhere" / "copy"
    other.parent.mkdir()
    shutil.copytree(folder, other)
    recording = world.folder / "session.jsonl"
    done = world.cofferdam(
        "run", "--apply", "never", "--keep", "--json", "--record", recording, f"Fix {folder}/stats.c", cwd=folder,
        check=0)
    identity = json.loads(done.stdout.splitlines()[0])["sessionId"]
    first = len(recording.read_text().splitlines())
    world.cofferdam("prompt", "--json", "--session", identity, "What time is it?", cwd=folder, check=0)
    printed = world.cofferdam("record", identity, cwd=folder, check=0).stdout
    assert printed.startswith(recording.read_text()) and len(printed.splitlines()) > first
    recording.write_text(printed)
    assert recording.stat().st_mode & 0o777 == 0o600
    assert set(models.authorized) == {f"Bearer {KEY}"}
    # No key, and nothing of where it was.
    for text in (KEY, str(folder), identity, str(models.server_port)):
        assert text not in printed, text
    lines = [json.loads(line) for line in printed.splitlines()]
    assert {line["role"] for line in lines if line["type"] == "request"} == {"edit", "title"}
    assert any("switched" in event for line in lines if line["type"] == "answer" for event in line["events"])
    usage = world.cofferdam("usage", "--json", cwd=folder, check=0).stdout

    # No model is left, and no way to one.
    world.cofferdam("stop", identity, cwd=folder, check=0)
    expected = story(world, identity, folder)
    world.stop_service()
    asked = len(models.authorized)
    models.shutdown()
    (world.folder / "config" / "cofferdam" / "models.yaml").unlink()
    (world.folder / "config" / "cofferdam" / "service.yaml").unlink()
    del world.environment["TEST_KEY"]
    again = world.cofferdam("replay", "--json", recording, cwd=other)
    assert again.returncode == 0, again.stdout + again.stderr
    assert len(models.authorized) == asked
    actual = story(world, json.loads(again.stdout.splitlines()[0])["sessionId"], other)
    different = [(json.dumps(one), json.dumps(two)) for one, two in zip(expected[0], actual[0]) if one != two]
    assert not different, "\n".join(f"{one}\n{two}" for one, two in different[:5])
    assert len(expected[0]) == len(actual[0])
    assert expected[1:] == actual[1:]
    assert {"modelSwitched", "turnCompleted", "promptReceived"} <= {event["type"] for event in actual[0]}
    # It cost nothing, and it was titled.
    assert world.cofferdam("usage", "--json", cwd=other, check=0).stdout == usage
    assert "A title" in world.cofferdam("list", cwd=other, check=0).stdout

    # Another folder: the first difference is told.
    source = other / "stats.c"
    source.write_text(source.read_text().replace("total", "sum_of_all"))
    changed = world.cofferdam("replay", recording, cwd=other)
    assert changed.returncode == 5, changed.stdout + changed.stderr
    assert "left its recording at turn" in changed.stdout and "sum_of_all" in changed.stdout, changed.stdout
    # As a model of the service's own configuration, for whoever has no command line.
    shutil.rmtree(other)
    shutil.copytree(folder, other)
    world.stop_service()
    (world.folder / "config" / "cofferdam" / "models.yaml").write_text(
        f"models:\n  demo: {{provider: replay, file: {recording}, speed: 100}}\n")
    demo = world.cofferdam("run", "--apply", "never", "--json", f"Fix {other}/stats.c", cwd=other)
    assert demo.returncode == 0, demo.stdout + demo.stderr


def test_recording_is_the_services_to_permit(world, models):
    configure(world, models.server_port, recording=False)
    folder = world.project("broken-c")
    refused = world.cofferdam("run", "--record", "x.jsonl", "Fix", cwd=folder, check=7)
    assert "permits no recordings" in refused.stderr
    assert not (folder / "x.jsonl").exists()
    bad = world.folder / "bad.jsonl"
    header = {"type": "recording", "version": 1, "session": {"prompt": "x"},
              "models": [{"name": "a", "provider": "openai", "model": "a"}]}
    bad.write_text(json.dumps(header) + '\n{"type":"answer","call":1,"events":[]}\n')
    assert "line 2: an answer to no request" in world.cofferdam("replay", bad, cwd=folder, check=7).stderr
    header["session"] = {"prompt": "x", "documents": [{"path": "../../etc/passwd", "text": "x"}]}
    bad.write_text(json.dumps(header) + "\n")
    world.cofferdam("replay", bad, cwd=folder, check=5)
    bad.write_text("nothing")
    assert "is no recording" in world.cofferdam("replay", bad, cwd=folder).stderr


def test_a_replay_outlives_its_service(world, models):
    configure(world, models.server_port)
    folder = world.project("broken-c")
    other = world.folder / "copy"
    shutil.copytree(folder, other)
    recording = world.folder / "session.jsonl"
    done = world.cofferdam(
        "run", "--apply", "never", "--keep", "--json", "--record", recording, "Fix it", cwd=folder, check=0)
    identity = json.loads(done.stdout.splitlines()[0])["sessionId"]
    world.cofferdam("prompt", "--session", identity, "What time is it?", cwd=folder, check=0)
    lines = world.cofferdam("record", identity, cwd=folder, check=0).stdout.splitlines()
    # Slow enough that a kill comes in the middle of an answer.
    with recording.open("w") as file:
        for line in map(json.loads, lines):
            for position, event in enumerate(line.get("events", [])):
                event["at"] = position * 300
            file.write(json.dumps(line) + "\n")
    replay = world.start(
        BIN / "cofferdam", "replay", "--json", "--speed", "1", recording, cwd=other, stdout=subprocess.PIPE, text=True)
    kills, outcomes = [], []
    for event in (json.loads(line)["event"] for line in replay.stdout):
        edits = event["type"] == "toolCallStarted" and event["tool"] == "edit"
        if edits and not kills or event.get("turnId") == "turn-2" and len(kills) == 1:
            kills.append(event)
            world.stop_service(signal.SIGKILL)
        if event["type"] == "turnCompleted":
            outcomes.append(event["outcome"])
    assert replay.wait() == 0
    assert len(kills) == 2 and outcomes == ["verified", "verified"]
