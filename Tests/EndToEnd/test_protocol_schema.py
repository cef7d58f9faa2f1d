"""The twin agrees with ProtocolTraffic.swift: the transcripts pass, what is broken does not."""
import json

import pytest

from protocol_schema import PROTOCOL, TO_CLIENT, TO_SERVER, ProtocolViolation, validate

TRANSCRIPTS = sorted((PROTOCOL / "transcripts").glob("*.jsonl"))
LIST = {"jsonrpc": "2.0", "id": 1, "method": "agent/list", "params": {}}


def progress(**event):
    return {"jsonrpc": "2.0", "method": "agent/progress",
            "params": {"sessionId": "s", "seq": 1, "time": 1, "event": event}}


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcripts_are_valid(path):
    pending = {}
    connection = "service" if path.name.startswith("service-") else "editor"
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        validate(entry["message"], entry["direction"], pending, connection)
    assert pending == {}


def test_there_are_transcripts():
    assert len(TRANSCRIPTS) > 20


@pytest.mark.parametrize("direction, message", [
    (TO_SERVER, {"id": 1, "method": "agent/list", "params": {}}),
    (TO_SERVER, {**LIST, "params": {"limit": 0}}),
    (TO_SERVER, {**LIST, "params": []}),
    (TO_SERVER, {**LIST, "method": "agent/lists"}),
    (TO_SERVER, {"jsonrpc": "2.0", "method": "agent/list", "params": {}}),
    (TO_SERVER, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"initializationOptions": {"aply": 1}}}),
    (TO_SERVER, progress(type="messageStarted", itemId="m")),
    (TO_CLIENT, progress(type="messageBegan", itemId="m")),
    (TO_CLIENT, progress(type="messageStarted")),
    (TO_CLIENT, {"jsonrpc": "2.0", "id": 1, "result": {}}),
    (TO_CLIENT, []),
])
def test_broken_messages_are_refused(direction, message):
    with pytest.raises(ProtocolViolation):
        validate(message, direction, {})


@pytest.mark.parametrize("reply", [
    {"result": {}}, {}, {"result": {"sessions": []}, "error": {"code": -32602, "message": ""}},
    {"error": {"code": -1, "message": ""}}, {"error": {"code": -32602}},
])
def test_broken_replies_are_refused(reply):
    pending = {}
    validate(LIST, TO_SERVER, pending)
    with pytest.raises(ProtocolViolation):
        validate({"jsonrpc": "2.0", "id": 1, **reply}, TO_CLIENT, pending)


def test_replies_are_matched_by_sender():
    pending = {}
    validate(LIST, TO_SERVER, pending)
    validate({"jsonrpc": "2.0", "id": 1, "method": "window/workDoneProgress/create", "params": {"token": "t"}}, TO_CLIENT, pending)
    validate({"jsonrpc": "2.0", "id": 1, "result": None}, TO_SERVER, pending)
    validate({"jsonrpc": "2.0", "id": 1, "result": {"sessions": []}}, TO_CLIENT, pending)
    assert pending == {}
