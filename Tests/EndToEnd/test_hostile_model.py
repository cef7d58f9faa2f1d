"""A model endpoint that answers anything but what it should: a true reason, and the service lives on."""
import http.server
import json
import os
import signal
import subprocess
import threading

import pytest

from conftest import BIN, FIXTURES

SSE = "text/event-stream"


def chunk(**delta) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"


def call(name, arguments) -> bytes:
    return chunk(tool_calls=[{
        "index": 0, "id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}])


def ending(reason="stop") -> bytes:
    return b"data: " + json.dumps({
        "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}).encode() + b"\n\ndata: [DONE]\n\n"


class Endpoint:
    """Answers request n with answer n, the last one for ever: (status, content type, bytes or parts, whole)."""

    def __init__(self):
        self.answers, self.requests = [], []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                endpoint.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                status, kind, body, *whole = endpoint.answers[
                    min(len(endpoint.requests), len(endpoint.answers)) - 1]
                self.send_response(status)
                self.send_header("Content-Type", kind)
                if not whole or whole[0]:
                    self.send_header("Connection", "close")
                else:
                    self.send_header("Content-Length", str(len(body) + 1000))
                self.end_headers()
                try:
                    for part in ([body] if isinstance(body, bytes) else body):
                        self.wfile.write(part)
                except OSError:
                    pass  # the client has heard enough
                self.close_connection = True

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def endpoint(world):
    made = Endpoint()
    world.environment.update({
        "COFFERDAM_MODEL": "openai:test", "OPENAI_API_KEY": "canary-key-1234567890",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{made.server.server_address[1]}/v1"})
    yield made
    made.close()


def run(world, endpoint, *answers, check, project=None):
    endpoint.answers[:] = answers
    endpoint.requests.clear()
    project = project or world.project("broken-c")
    result = world.cofferdam("run", "Fix it", cwd=project, check=check)
    assert "canary-key" not in result.stdout + result.stderr + world.log()
    return project, result


GOOD = [(200, SSE, chunk(content="Hello.") + ending())]


@pytest.mark.parametrize("name, answer, words", [
    ("broken JSON", (200, SSE, b'data: {"choices": [{\n\n'), "could not be read"),
    ("JSON of another kind", (200, SSE, b'data: 7\n\ndata: []\n\n' + ending()), "could not be read"),
    ("invalid UTF-8", (200, SSE, b'data: {"choices":[{"delta":{"content":"\xff\xfe"}}]}\n\n'), "could not be read"),
    ("deep JSON", (200, SSE, b"data: " + b"[" * 100_000 + b"\n\n"), "could not be read"),
    ("no stream at all", (200, "text/html", b"<html>Sign in</html>"), "content type 'text/html'"),
    ("no content type", (200, "", b"x"), "content type"),
    ("whole answer that is none", (200, "application/json", b"{}"), "could not be read"),
    ("bad request", (400, "application/json", b'{"error":{"message":"no such\x1b[2J model"}}'), "rejected the request"),
    ("redirect", (302, "text/plain", b""), "Redirects are not followed"),
    ("forbidden", (403, "text/plain", b"go away canary-key-1234567890"), "refused the API key"),
    ("endless line", (200, SSE, [b"data: "] + [b"x" * (1 << 20)] * 20), "longer than"),
    pytest.param(
        "endless events", (200, SSE, [chunk(content="x" * (1 << 20))] * 80), "longer than", marks=pytest.mark.skipif(
            not os.environ.get("COFFERDAM_LONG_TESTS"), reason="64 MB through a debug build: make test-all")),
    ("too many blocks", (200, SSE, [chunk(tool_calls=[{"index": n, "id": f"c{n}", "function": {
        "name": "read", "arguments": "{}"}}]) for n in range(5000)]), "could not be read"),
])
def test_answers_that_cannot_be_read(world, endpoint, name, answer, words):
    project, result = run(world, endpoint, answer, check=5)
    assert words in result.stdout, result.stdout
    assert "\x1b" not in result.stdout
    pid = world.service_pids()
    run(world, endpoint, *GOOD, check=0, project=project)
    assert world.service_pids() == pid, "the service has crashed"


@pytest.mark.parametrize("name, answer", [
    ("cut in a line", (200, SSE, chunk(content="Half a th") + b'data: {"choi', False)),
    ("cut between events", (200, SSE, chunk(content="Half a th"), False)),
    ("end without a finish", (200, SSE, chunk(content="Half a th"))),
    ("nothing", (200, SSE, b"")),
    ("failing", (500, "text/plain", b"oops")),
    ("overloaded", (503, "application/json", b'{"error":{"message":"busy"}}')),
    ("rate limited", (429, "application/json", b'{"error":{"message":"slow down"}}')),
])
def test_passing_troubles_are_tried_again_and_told(world, endpoint, name, answer):
    _, result = run(world, endpoint, answer, answer, *GOOD, check=0)
    assert len(endpoint.requests) >= 3, "two failures, then the answer"
    assert result.stdout.count("trying again") == 2 and "Hello." in result.stdout
    assert result.stdout.count("Half a th") == 0, "what was cut is not taken for an answer"


def test_lasting_trouble_ends_the_turn(world, endpoint):
    _, result = run(world, endpoint, (500, "text/plain", b"oops"), check=5)
    assert len(endpoint.requests) == 4 and "HTTP 500: oops" in result.stdout


def test_a_wait_that_is_too_long_is_told_at_once(world, endpoint):
    endpoint.server.RequestHandlerClass.end_headers_original = endpoint.server.RequestHandlerClass.end_headers

    def end_headers(handler):
        handler.send_header("Retry-After", "86400")
        handler.end_headers_original()
    endpoint.server.RequestHandlerClass.end_headers = end_headers
    _, result = run(world, endpoint, (429, "text/plain", b""), check=5)
    assert len(endpoint.requests) == 1 and "86400 s" in result.stdout


@pytest.mark.parametrize("name, arguments, words", [
    ("read", "{", "JSON"), ("read", "[]", ""), ("read", "{}", "path"), ("read", '{"path": 7}', "path"),
    ("read", '{"path": "../../etc/passwd"}', "workspace"), ("read", '{"path": "/etc/shadow"}', "not in the workspace"),
    ("read", '{"path": "a\\u0000b"}', ""), ("write", '{"path": "../evil", "content": "x"}', ""),
    ("write", '{"path": ".git/config", "content": "[core]\\nfsmonitor=evil"}', ""),
    ("write", '{"path": ".git/hooks/pre-commit", "content": "evil"}', ""),
    ("nonesuch", "{}", "nonesuch"), ("run", '{"command": []}', "command"), ("run", '{"command": "ls"}', "command"),
    ("run", '{"command": ["ls"], "timeout_seconds": -1}', "timeout_seconds"),
    ("grep", '{"pattern": "("}', "regex"), ("glob", '{"pattern": "' + "*" * 5000 + '"}', ""),
    ("edit", '{"path": "stats.c", "old_text": "", "new_text": "x"}', "empty"),
], ids=lambda value: value[:60])
def test_calls_that_make_no_sense_reach_the_model_as_errors(world, endpoint, name, arguments, words):
    project, result = run(
        world, endpoint, (200, SSE, call(name, arguments) + ending("tool_calls")), *GOOD, check=0)
    (told,) = [m["content"] for m in endpoint.requests[1]["messages"] if m["role"] == "tool"]
    told = told if isinstance(told, str) else json.dumps(told)
    assert told and words in told, told
    assert not (project / ".git").exists() and not (project.parent / "evil").exists()
    assert "root:" not in json.dumps(endpoint.requests), "host files stay on the host"
    assert (project / "stats.c").read_bytes() == (FIXTURES / "broken-c" / "stats.c").read_bytes()


def test_a_stalled_endpoint_can_be_cancelled(world, endpoint):
    gate = threading.Event()

    def stall():
        yield chunk(content="I think")
        gate.wait(60)
    endpoint.answers[:] = [(200, SSE, stall())]
    process = world.start(
        BIN / "cofferdam", "run", "--json", "Fix it", cwd=world.project("broken-c"), stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if '"messageDelta"' in line:
            break
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=30)[0]
    gate.set()
    assert process.returncode == 3 and '"cancelled"' in rest
