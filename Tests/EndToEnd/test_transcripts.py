"""The transcripts of the queue, of the way out and of a snapshot that failed are what a real service says.

    COFFERDAM_RECORD=1 pytest test_transcripts.py    writes them anew
"""
import json
import os
import sys

import pytest

from conftest import ROOT, wait_for
from obedient_model import obedient_model  # noqa: F401, a fixture
from raw_clients import Stdio
from test_egress_local import port  # noqa: F401, a fixture

sys.path.insert(0, str(ROOT / "Protocol"))
import record  # noqa: E402

TRANSCRIPTS = ROOT / "Protocol" / "transcripts"
NAMES = {"port": "8080", "session": "s7k2mq9xw4hd"}
GROUPS = {
    "events-egress": ("egressRulesChanged", "egressDecided"),
    "events-queue": ("sessionStatus", "sessionQueued"),
    "events-snapshot-failed": ("snapshotFailed",),
}


class Editor(Stdio):
    """Keeps every message."""

    def __init__(self, world, folder):
        super().__init__(world, folder)
        self.lines = []

    def send(self, **message):
        self.lines.append({"direction": record.TO_SERVER, "message": {"jsonrpc": "2.0", **message}})
        super().send(**message)

    def receive(self):
        message = super().receive()
        self.lines.append({"direction": record.TO_CLIENT, "message": message})
        return message

    def call(self, method, **params):
        answer = self.request(method, params)
        assert "result" in answer, answer
        return answer["result"]

    def of(self, session, *types) -> list:
        """Events of one session, each with its line."""
        found = []
        for line in self.lines:
            params = line["message"].get("params") or {}
            if params.get("sessionId") == session and params.get("event", {}).get("type") in types:
                found.append(line)
        return found

    def until(self, session, kind, number=1, **wanted):
        def count():
            return sum(wanted.items() <= line["message"]["params"]["event"].items() for line in self.of(session, kind))
        while count() < number:
            self.receive()


@pytest.fixture
def recorded(world, obedient_model, port):  # noqa: F811
    """What a real run said, by transcript."""
    configuration = world.folder / "config" / "cofferdam"
    configuration.mkdir()
    (configuration / "service.yaml").write_text(
        "concurrency: {total: 1}\n"
        "egress:\n"
        "  rules:\n"
        f"    - {{rule: \"http://packages.example:{port}\", allowPrivate: true}}\n"
        f"    - {{id: files, rule: \"http://files.example:{port}/public GET,HEAD\", allowPrivate: true}}\n"
        "  hosts: {packages.example: [127.0.0.1], files.example: [127.0.0.1]}\n")
    folder = world.folder / "project"
    folder.mkdir()
    (folder / "readme").write_text("nothing\n")
    editor = Editor(world, folder)
    try:
        editor.initialize(folder, progress=True, apply="never")
        editor.send(method="initialized", params={})

        def start(*commands):
            prompt = "\n".join(["Please:", *(f"RUN {command}" for command in commands)])
            return editor.call("agent/start", prompt=prompt)["sessionId"]
        first = start(f"curl -sS http://packages.example:{port}/ http://telemetry.example/")
        editor.until(first, "turnCompleted")
        second = start("true")
        editor.until(second, "sessionQueued")
        third = start("true")
        editor.until(third, "sessionQueued", position=2)
        changed = editor.call("agent/egress", sessionId=first, denied=[f"http://files.example:{port}"])
        assert changed["denied"]
        editor.until(first, "egressRulesChanged", 2)
        editor.call("agent/stop", sessionId=first)
        editor.until(third, "sessionQueued", position=1)
        editor.until(second, "turnCompleted")
        # The folder of its steps goes away beneath it.
        found = []
        wait_for(lambda: found.extend(world.folder.rglob(f"*{second}*/snapshots")) or found, "the session's folder")
        state = str(found[0].parents[2])
        found[0].rename(found[0].with_name("moved"))
        found[0].write_text("a file is in the way\n")
        editor.call("agent/prompt", sessionId=second, text="Please:\nRUN echo changed > new")
        editor.until(second, "turnCompleted", 2)
        editor.call("agent/stop", sessionId=second)
        editor.until(third, "sessionStatus", state="idle")
        editor.call("agent/stop", sessionId=third)
        editor.until(third, "sessionStatus", state="stopped")
        sessions = {"events-egress": first, "events-queue": third, "events-snapshot-failed": second}
        made = {name: editor.of(sessions[name], *types) for name, types in GROUPS.items()}
        made["events-snapshot-failed"] = made["events-snapshot-failed"][:1]
        made["agent-egress"] = record.exchange(editor.lines, record.TO_SERVER, "agent/egress")
        return {name: normalised(lines, port, state, first, second, third) for name, lines in made.items()}
    finally:
        editor.close()


def normalised(lines, number, state, *sessions) -> list:
    text = json.dumps(lines, ensure_ascii=False).replace(state, "/home/user/.local/state/cofferdam")
    for session in sessions:
        text = text.replace(session, NAMES["session"])
    text = text.replace(f":{number}", f":{NAMES['port']}").replace(f'"port": {number}', f'"port": {NAMES["port"]}')
    same = {key: record.SAME_TIME for key in record.TIMES} | {"id": 12} | record.SAME_IN_EVERY_RECORDING
    # What programs of other versions send is of other lengths.
    same |= {"bytesUp": 96, "bytesDown": 182}
    return record.replaced(
        json.loads(text), lambda key, value: same.get(key, value) if isinstance(value, int) and value else value)


def without_sequence(lines) -> list:
    """Positions in the log depend on how output was cut."""
    return record.replaced(lines, lambda key, value: 1 if key == "seq" else value)


def test_they_are_what_the_service_says(recorded):
    for name, lines in recorded.items():
        assert lines, name
        path = TRANSCRIPTS / f"{name}.jsonl"
        if os.environ.get("COFFERDAM_RECORD"):
            path.write_text("".join(
                json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines))
        kept = [json.loads(line) for line in path.read_text().splitlines()]
        assert without_sequence(lines) == without_sequence(kept), f"{name}: record it anew"
