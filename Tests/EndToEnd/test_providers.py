"""Real conversations with both provider APIs against an independent fake of them (llmock)."""
import json
import shutil
import socket
import subprocess
import sys
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
