"""Every message that really crossed, between editor and client and between client and service, fits Protocol/."""
import collections
import json
import subprocess
import sys
import threading

import pytest
import websockets.exceptions
import websockets.sync.client
import websockets.sync.server

import recordings
import test_editors
from conftest import BIN, DEADLINE, HERE, ROOT
from protocol_schema import TO_CLIENT, TO_SERVER, validate
from raw_clients import Service, start_service

POLICY = 'checks: [{name: there, command: ["true"]}]\npolicy: {ask: ["run"]}\n'


def check(log, connection) -> collections.Counter:
    """Validates a connection; how often each method and event was seen."""
    pending, seen = {}, collections.Counter()
    for direction, message in log:
        validate(message, direction, pending, connection)
        seen[message.get("method", "reply")] += 1
        if message.get("method") == "agent/progress":
            seen[message["params"]["event"]["type"]] += 1
    return seen


@pytest.fixture
def tee(world, tmp_path, monkeypatch):
    """A folder with a `cofferdam` that keeps what `cofferdam lsp` says and hears; gives a reader of it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "cofferdam").symlink_to(HERE / "tee_lsp.py")
    world.environment.update(TEE_COFFERDAM=str(BIN / "cofferdam"), TEE_LOG=str(tmp_path / "log"))
    monkeypatch.setattr(test_editors, "BIN", folder)

    def read() -> collections.Counter:
        logs = sorted(tmp_path.glob("log.*"))
        total = collections.Counter()
        for path in logs:
            entries = [json.loads(line) for line in path.read_text().splitlines()]
            total += check([(entry["direction"], entry["message"]) for entry in entries], "editor")
        return total
    yield read


EDITORS = {"nvim": test_editors.neovim("/usr/bin/nvim"), "emacs": test_editors.EMACS}


@pytest.mark.parametrize("editor", EDITORS)
def test_editors_keep_to_the_protocol(world, tee, editor):
    project = world.replay("broken-c").project("broken-c")
    result = test_editors.run_editor(world, EDITORS[editor], project, test_editors.SCENARIOS["broken-c"])
    assert result["outcome"] == "verified", result
    seen = tee()
    assert seen["initialize"] == 1 and seen["agent/start"] == 1 and seen["agent/apply"] == 1, seen
    for kind in ("sessionStatus", "turnStarted", "toolCallStarted", "toolCallCompleted", "outputDelta", "fileChanged",
                 "diagnosticsUpdated", "checkStarted", "checkCompleted", "messageCompleted", "turnCompleted"):
        assert seen[kind], (kind, seen)


@pytest.mark.parametrize("editor", EDITORS)
def test_editors_keep_to_the_protocol_when_they_approve(world, tee, tmp_path, editor):
    project = world.replay(recordings.asks_to_run(tmp_path / "r.json", ["touch", "made.txt"])).project("broken-c")
    (project / ".cofferdam.yaml").write_text(POLICY)
    test_editors.run_editor(world, EDITORS[editor], project, test_editors.SCENARIOS["broken-c"], E2E_APPROVE="1")
    seen = tee()
    assert seen["agent/approve"] and seen["approvalRequested"] and seen["approvalResolved"], seen


def test_the_example_keeps_to_the_protocol(world, tee, tmp_path):
    project = world.replay("broken-c").project("broken-c")
    world.environment["COFFERDAM"] = str(tmp_path / "bin" / "cofferdam")
    subprocess.run(
        [sys.executable, ROOT / "Protocol" / "examples" / "headless.py", project, "Fix it"], env=world.environment,
        capture_output=True, check=True, timeout=DEADLINE)
    seen = tee()
    assert seen["agent/start"] == seen["agent/apply"] == seen["agent/stop"] == 1 and seen["turnCompleted"] == 1, seen


class Proxy:
    """Between clients and the service: forwards text messages and keeps them, one log a connection."""

    def __init__(self, world):
        self.world, self.logs, self.path = world, [], str(world.folder / "proxy.sock")
        self.server = websockets.sync.server.unix_serve(self.serve, self.path, compression=None, max_size=None)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        world.environment.update(
            COFFERDAM_SERVICE_URL=f"unix:{self.path}",
            COFFERDAM_TOKEN_FILE=str(world.folder / "run" / "cofferdam" / "token"))

    def serve(self, client):
        headers = {"Authorization": client.request.headers["Authorization"]}
        log, lock = [], threading.Lock()
        self.logs.append(log)
        with websockets.sync.client.unix_connect(
                self.world.socket, "ws://localhost/v1/rpc", additional_headers=headers, compression=None,
                max_size=None) as service:
            def forward(source, sink, direction):
                try:
                    for text in source:
                        with lock:
                            log.append((direction, json.loads(text)))
                        sink.send(text)
                except websockets.exceptions.ConnectionClosed:
                    pass
                sink.close()
            back = threading.Thread(target=forward, args=(service, client, TO_CLIENT), daemon=True)
            back.start()
            forward(client, service, TO_SERVER)
            back.join()

    def seen(self) -> collections.Counter:
        total = collections.Counter()
        for log in self.logs:
            total += check(log, "service")
        return total


@pytest.fixture
def proxy(world):
    start_service(world.replay("broken-c"), world.folder)
    made = Proxy(world)
    yield made
    made.server.shutdown()
    for name in ("COFFERDAM_SERVICE_URL", "COFFERDAM_TOKEN_FILE"):
        del world.environment[name]


def test_the_command_line_keeps_to_the_protocol(world, proxy):
    project = world.project("broken-c")
    world.cofferdam("run", "--keep", "--apply", "never", "Fix it", cwd=project, check=0)
    for command in (["list"], ["diff"], ["apply"], ["attach", "--replay"], ["stop"]):
        world.cofferdam(*command, cwd=project, check=0)
    seen = proxy.seen()
    for method in ("initialize", "agent/start", "agent/list", "agent/attach", "agent/diff", "agent/applied", "agent/stop",
                   "resultApplied", "turnCompleted", "fileChanged"):
        assert seen[method], (method, seen)


def test_the_language_server_keeps_to_the_protocol_with_the_service(world, proxy):
    project = world.project("broken-c")
    world.environment["COFFERDAM"] = str(BIN / "cofferdam")
    subprocess.run(
        [sys.executable, ROOT / "Protocol" / "examples" / "headless.py", project, "Fix it"], env=world.environment,
        capture_output=True, check=True, timeout=DEADLINE)
    seen = proxy.seen()
    assert seen["agent/start"] == 1 and seen["agent/applied"] == 1 and seen["agent/attach"] == 1, seen


def test_a_client_by_hand_sees_what_the_protocol_says(world, tmp_path):
    world.environment["COFFERDAM_APPROVAL_SECONDS"] = "60"
    recording = recordings.asks_to_run(tmp_path / "r.json", ["touch", "made.txt"])
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text(POLICY)
    start_service(world, project)
    client = Service(world)
    client.initialize(approve=True)
    session = client.request("agent/start", {"prompt": "Make it", "workspaceFolder": str(project)})["result"]["sessionId"]
    client.request("agent/attach", {"sessionId": session, "afterSeq": 0})
    while True:
        message = client.receive()
        if message.get("method") == "agent/approve":
            client.log.append((TO_SERVER, {"jsonrpc": "2.0", "id": message["id"], "result": {"decision": "allowOnce"}}))
            client.socket.send(json.dumps(client.log[-1][1]))
        if message.get("method") == "agent/progress" and message["params"]["event"]["type"] == "turnCompleted":
            break
    for method, params in (
            ("agent/prompt", {"sessionId": "nonesuch", "text": "x"}), ("agent/diff", {"sessionId": session}),
            ("agent/egress", {"sessionId": session}), ("agent/egress", {"sessionId": session, "rules": ["https://a.org"]}),
            ("agent/cancel", {"sessionId": session}), ("agent/detach", {"sessionId": session}),
            ("agent/stop", {"sessionId": session}), ("agent/diff", {"sessionId": "nonesuch"})):
        client.request(method, params)
    client.socket.close()
    seen = check(client.log, "service")
    assert seen["agent/approve"] == 1 and seen["approvalResolved"] == 1 and seen["reply"] > 8, seen
