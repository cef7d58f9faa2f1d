"""Real conversations with both provider APIs against an independent fake of them (llmock)."""
import contextlib
import http.server
import json
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request

import pytest

from conftest import wait_for


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Fake:
    def __init__(self, port):
        self.port = port
        self.process = subprocess.Popen(
            [shutil.which("llmock", path=str(sys.prefix) + "/bin") or "llmock", "serve", "--port", str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers, "llmock to listen")

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def post(self, path, body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()


@pytest.fixture
def fake():
    made = Fake(free_port())
    yield made
    made.process.terminate()
    made.process.wait()


def edit(identity, old, new, path):
    return {"type": "reply", "tool_calls": [
        {"name": "edit", "arguments": {"path": path, "old_text": old, "new_text": new}}]}


SCRIPT = [
    {"type": "reply", "tool_calls": [
        {"name": "read", "arguments": {"path": "stats.c"}}, {"name": "read", "arguments": {"path": "main.c"}}]},
    edit("1", "return total / count;", "return (double)sum / count;", "stats.c"),
    edit("2", "atoi(argv[i + 1])\n", "atoi(argv[i + 1]);\n", "main.c"),
    {"type": "reply", "text": "Fixed."},
]


def read(path) -> str:
    """A file's text; nothing for what is no file, or is gone by now."""
    try:
        return path.read_text(errors="replace") if path.is_file() else ""
    except OSError:
        return ""


@pytest.mark.parametrize("api", ["anthropic", "openai"])
def test_a_conversation_ends_verified(world, fake, api):
    fake.post("/_llmock/reset", {})
    fake.post("/_llmock/scenario", {"behaviors": SCRIPT})
    base = f"http://127.0.0.1:{fake.port}" + ("/anthropic" if api == "anthropic" else "/v1")
    prefix = api.upper()
    world.environment.update({
        "COFFERDAM_MODEL": f"{api}:test-model", f"{prefix}_API_KEY": "canary-key-1234567890",
        f"{prefix}_BASE_URL": base})
    project = world.project("broken-c")
    result = world.cofferdam("run", "Fix it", cwd=project, check=0)
    assert "verified" in result.stdout
    # The service goes first: the files of an ended session are being removed.
    world.stop_service()
    written = "".join(read(path) for path in world.folder.rglob("*"))
    assert "canary-key-1234567890" not in result.stdout + result.stderr + written, "a key was written somewhere"


def test_a_refused_key_is_a_clear_failure(world, fake):
    fake.post("/_llmock/reset", {})
    fake.post("/_llmock/scenario", {"behaviors": [{"type": "fail", "status": 401}]})
    world.environment.update({
        "COFFERDAM_MODEL": "openai:test-model", "OPENAI_API_KEY": "wrong",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{fake.port}/v1"})
    project = world.project("broken-c")
    result = world.cofferdam("run", "Fix it", cwd=project, check=5)
    assert "refused the API key" in result.stdout


@contextlib.contextmanager
def failing_after(answers: int, port: int):
    """In front of an endpoint: after so many answers, every further one breaks off in its middle."""
    count = 0

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            nonlocal count
            count += 1
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            request = urllib.request.Request(f"http://127.0.0.1:{port}{self.path}", body, headers)
            with urllib.request.urlopen(request, timeout=30) as answer:
                whole = answer.read()
                self.send_response(200)
                self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole if count <= answers else whole[: len(whole) * 2 // 3])
            self.close_connection = True

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def test_a_session_survives_an_outage_of_its_first_model(world, fake):
    """The first model breaks off in the middle of an answer that has a tool call; another vendor's API ends the work."""
    other = Fake(free_port())
    broken = dict(SCRIPT[2], text="I mend the call next, as it lacks its semicolon.", times=2)
    with failing_after(2, fake.port) as port, contextlib.ExitStack() as stack:
        stack.callback(other.process.wait)
        stack.callback(other.process.terminate)
        fake.post("/_llmock/reset", {})
        fake.post("/_llmock/scenario", {"behaviors": SCRIPT[:2] + [broken]})
        other.post("/_llmock/reset", {})
        other.post("/_llmock/scenario", {"behaviors": SCRIPT[2:]})
        folder = world.folder / "config" / "cofferdam"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "models.yaml").write_text(
            "models:\n"
            f"  first: {{provider: anthropic, model: m, base_url: 'http://127.0.0.1:{port}/anthropic', "
            "api_key_command: [/bin/echo, canary-key-1234567890]}\n"
            f"  second: {{provider: openai, model: m, base_url: 'http://127.0.0.1:{other.port}/v1', api_key_env: KEY}}\n"
            "roles: {edit: [first, second]}\n")
        world.environment.pop("COFFERDAM_MODEL", None)
        world.environment["KEY"] = "other-key"
        project = world.project("broken-c")
        result = world.cofferdam("run", "--json", "Fix it", cwd=project, check=0)
        events = [json.loads(line)["event"] for line in result.stdout.splitlines() if '"event":' in line]

        def of(kind):
            return [event for event in events if event["type"] == kind]

        assert of("turnCompleted")[-1]["outcome"] == "verified"
        assert [(event["from"], event["to"]) for event in of("modelSwitched")] == [("first", "second")]
        started = [event["itemId"] for event in of("toolCallStarted")]
        assert [event["tool"] for event in of("toolCallStarted")] == ["read", "read", "edit", "edit"]
        assert sorted(started) == sorted(event["itemId"] for event in of("toolCallCompleted"))
        assert [event["path"] for event in of("fileChanged")] == ["stats.c", "main.c"]
        assert "canary-key" not in result.stdout + result.stderr
        shown = world.cofferdam("run", "--model", "nobody", "x", cwd=project).stderr
        assert "first, second, edit" in shown
