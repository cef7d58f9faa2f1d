"""Programs in a sandbox use the session's models by the vendors' own clients, without a key."""
import json
import pathlib
import shutil
import site
import subprocess
import sys
import threading
import time

import pytest

import recordings
from conftest import FIXTURES
from obedient_model import ObedientModel
from test_providers import fake  # noqa: F401, a fixture

KEY = "canary-model-key-9c41f0d2"

#: What `model_clients.py` needs besides Python.
PACKAGES = [
    "anthropic", "openai", "anyio", "docstring_parser", "httpx", "httpx2", "httpcore", "httpcore2", "h11", "jiter",
    "opentelemetry", "pydantic", "pydantic_core", "sniffio", "typing_extensions.py", "annotated_types", "idna",
    "certifi", "distro", "truststore", "tqdm", "typing_inspection", "importlib_metadata", "zipp",
]


def call(**arguments):
    return {"name": "look", "arguments": arguments}


def run(*command):
    return {"type": "reply", "tool_calls": [{"name": "run", "arguments": {"command": list(command)}}]}


def reply(text):
    return {"type": "reply", "text": text}


def clients(folder):
    """A project with the vendors' clients, and the Python that they are made for."""
    found = pathlib.Path(site.getsitepackages()[0])
    for name in PACKAGES:
        source = found / name
        if source.is_dir():
            shutil.copytree(source, folder / "site" / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.is_file():
            shutil.copy(source, folder / "site" / name)
    for source in found.glob("*.dist-info"):
        if source.name.split("-")[0] in PACKAGES + ["opentelemetry_api"]:
            shutil.copytree(source, folder / "site" / source.name)
    shutil.copy(FIXTURES / "model_clients.py", folder)


def allow(world, settings="true"):
    configuration = world.folder / "config" / "cofferdam"
    configuration.mkdir(exist_ok=True)
    (configuration / "service.yaml").write_text(f"modelGateway: {settings}\n")


def test_the_vendors_own_clients(world, fake):  # noqa: F811
    python = next((path for path in ("/usr/bin/python3", "/usr/local/bin/python3")
                   if pathlib.Path(path).exists() and same_python(path)), None)
    if python is None:
        pytest.skip("the system's Python is not the one that the clients are made for")
    allow(world)
    world.environment.update({
        "COFFERDAM_MODEL": "anthropic:test-model", "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{fake.port}/anthropic"})
    fake.post("/_llmock/reset", {})
    fake.post("/_llmock/scenario", {"behaviors": [
        run("env", "PYTHONPATH=site", python, "model_clients.py"),
        reply("first words"), {"type": "reply", "tool_calls": [call(path="a"), call(path="b")]}, reply("both seen"),
        reply("third words"), {"type": "reply", "tool_calls": [call(path="c")]},
        reply("fifth words"), {"type": "reply", "tool_calls": [call(path="d")]},
        reply("Done.")]})
    folder = world.folder / "clients"
    (folder / "site").mkdir(parents=True)
    clients(folder)
    done = world.cofferdam("run", "--json", "Use the clients", cwd=folder)
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    said = "".join(event.get("text") or "" for event in events if event["type"] == "outputDelta")
    assert "all said" in said and "FAILED" not in said, said + done.stderr
    served = [event for event in events if event["type"] == "modelCallServed"]
    assert [event["api"] for event in served] == ["messages"] * 3 + ["chatCompletions"] * 2 + ["responses"] * 2
    assert all(event["model"] == "test-model" and event["usage"]["outputTokens"] > 0 for event in served), served
    assert KEY not in done.stdout


def same_python(path):
    version = subprocess.run([path, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True)
    return version.stdout.strip() == str(sys.version_info[:2])


PROBE = "env | grep -c '^ANTHROPIC_BASE_URL=' ; curl -sS -m 10 http://127.0.0.1:3129/v1/models || echo nobody"


@pytest.mark.parametrize("settings, repository, is_there", [
    ("true", None, True), (None, None, False), ("true", "policy: {modelGateway: false}\n", False),
    ("false", "policy: {modelGateway: true}\n", False)])
def test_it_is_off_unless_allowed(world, settings, repository, is_there):
    if settings:
        allow(world, settings)
    world.replay(recordings.asks_to_run(world.folder / "recordings" / "probe.json", ["/bin/sh", "-c", PROBE]))
    folder = world.folder / "probe"
    folder.mkdir()
    (folder / "readme").write_text("nothing\n")
    if repository:
        (folder / ".cofferdam.yaml").write_text(repository)
    done = world.cofferdam("run", "--json", "Look", cwd=folder)
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    said = "".join(event.get("text") or "" for event in events if event["type"] == "outputDelta")
    assert ("invalid_api_key" in said) == is_there and ("nobody" in said) != is_there, said + done.stderr
    assert said.startswith("1" if is_there else "0"), said
    # The token ends with the session; nothing of it is left to be found.
    world.cofferdam("stop", "--service", cwd=folder)
    assert not list(world.folder.rglob("model-gateway.token"))


class Endless(ObedientModel):
    """Does what the agent's prompt says; to a program that asks for it, it talks until nobody listens."""

    def __init__(self):
        super().__init__()
        self.left = threading.Event()
        obey = self.server.RequestHandlerClass.do_POST
        model = self

        class Handler(self.server.RequestHandlerClass):
            def do_POST(self):
                if self.headers.get("Content-Length") and b"endless" in self.rfile.peek(64 << 10):
                    return self.talk()
                return obey(self)

            def talk(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                chunk = json.dumps({"choices": [{"index": 0, "delta": {"content": "word " * 10}}]})
                try:
                    while True:
                        self.wfile.write(f"data: {chunk}\n\n".encode())
                        time.sleep(0.02)
                except OSError:
                    model.left.set()
                self.close_connection = True

        self.server.RequestHandlerClass = Handler


HANG_UP = """Please:
RUN curl -sS -N -m 2 http://127.0.0.1:3129/v1/messages -H "x-api-key: $ANTHROPIC_API_KEY" -d @ask.json | head -c 2000 | wc -c
RUN curl -sS -o a -o b -w '%{num_connects};' -H "x-api-key: $ANTHROPIC_API_KEY" http://127.0.0.1:3129/v1/models http://127.0.0.1:3129/v1/models
"""


def test_a_program_that_hangs_up_ends_the_request(world):
    model = Endless().use(world)
    try:
        allow(world)
        project = world.folder / "project"
        project.mkdir()
        (project / "ask.json").write_text(json.dumps({
            "model": "test", "max_tokens": 100, "stream": True, "messages": [{"role": "user", "content": "be endless"}]}))
        done = world.cofferdam("run", "--json", HANG_UP, cwd=project)
        events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
        (served,) = [event for event in events if event["type"] == "modelCallServed"]
        assert served["failure"] == "the program hung up" and served["api"] == "messages", served
        assert model.left.wait(30), "the model is not asked on"
        said = "".join(event.get("text") or "" for event in events if event["type"] == "outputDelta")
        assert "2000" in said and "1;0;" in said, "an answer came bit by bit, and a connection was used twice: " + said
    finally:
        model.close()
