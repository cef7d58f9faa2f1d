"""Malformed input at the two protocol boundaries: a clear error, no crash, and the next request works."""
import base64
import json
import os
import socket
import struct

import pytest

from conftest import wait_for
from raw_clients import PATIENCE, Service, Stdio, raw_exchange, read_until, start_service

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
NOT_INITIALIZED = -32002

AGENT_METHODS = [
    "agent/start", "agent/prompt", "agent/cancel", "agent/stop", "agent/list", "agent/attach", "agent/detach",
    "agent/approve", "agent/diff", "agent/apply", "agent/transcript", "agent/egress"]
LSP_REQUESTS = ["workspace/executeCommand", "textDocument/codeAction"]
NOTIFICATIONS = [
    "textDocument/didOpen", "textDocument/didChange", "textDocument/didSave", "textDocument/didClose",
    "workspace/didChangeWatchedFiles", "workspace/didChangeWorkspaceFolders", "workspace/didChangeConfiguration",
    "window/workDoneProgress/cancel", "$/setTrace", "$/cancelRequest"]
WRONG_PARAMS = [7, "text", [], [1, 2], {"sessionId": 7, "prompt": [], "textDocument": 1, "command": {}, "limit": "x"},
                {"sessionId": None, "prompt": None, "command": None, "textDocument": {"uri": 1}, "limit": -1}]


def wrong(params) -> int:
    """JSON-RPC 2.0, section 4: parameters that are no structure make no request."""
    return INVALID_PARAMS if isinstance(params, (dict, list)) else INVALID_REQUEST


@pytest.fixture
def stdio(world):
    made = Stdio(world.replay("broken-c"), world.folder)
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.close()


def alive(stdio):
    assert stdio.request("workspace/executeCommand", {"command": "nonesuch"})["error"]["code"] == INVALID_PARAMS


# stdio

@pytest.mark.parametrize("body, code", [
    (b"{", PARSE_ERROR), (b"", PARSE_ERROR), (b"nonsense", PARSE_ERROR), (b'{"jsonrpc":"2.0","id":1,', PARSE_ERROR),
    (b'{"a":"\xff\xfe"}', PARSE_ERROR), (b"\x00\x01\x02", PARSE_ERROR), (b"[" * 100_000, PARSE_ERROR),
    (b'{"a":' * 5000 + b"1" + b"}" * 5000, PARSE_ERROR), (b'{"jsonrpc":"2.0","id":1,"id":2}', PARSE_ERROR),
    (b'{"a":1} {"b":2}', PARSE_ERROR), (b'{"n":1e999999999999}', INVALID_REQUEST),
    (b"[]", INVALID_REQUEST), (b"7", INVALID_REQUEST), (b"null", INVALID_REQUEST), (b"{}", INVALID_REQUEST),
    (b'{"jsonrpc":"1.0","id":1,"method":"shutdown"}', INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","id":{},"method":"shutdown"}', INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","id":1,"method":7}', INVALID_REQUEST),
], ids=lambda value: value[:20].decode("latin-1") if isinstance(value, bytes) else "")
def test_stdio_messages_that_are_none(stdio, body, code):
    assert "capabilities" in stdio.initialize()["result"]
    stdio.frame(body)
    message = stdio.receive()
    assert message["error"]["code"] == code and message["error"]["message"], message
    alive(stdio)
    assert stdio.close() == 0


def test_stdio_answers_nobody_asked_for(stdio):
    stdio.initialize()
    for body in ({"id": 99, "result": {}}, {"id": None, "error": {"code": 1, "message": "x"}}, {"id": "x"}):
        stdio.send(**body)
    alive(stdio)


@pytest.mark.parametrize("data", [
    b"\x00" * 5000, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"Content-Length: 99999999999999999999\r\n\r\n{}",
    b"Content-Length: 4000000000\r\n\r\n{}", b"Content-Length: -1\r\n\r\n{}", b"Content-Length: x\r\n\r\n",
    b"Content-Length: 2\r\n\r\n{}" b"x" * 100_000, b"Content-Length: 500\r\n\r\n{\"cut\":", b"Content-Le", b"\n\n\n\n",
    b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
], ids=lambda data: data[:24].decode("latin-1"))
def test_stdio_broken_frames_end_in_words_not_in_a_crash(stdio, data):
    stdio.initialize()
    stdio.write(data)
    code = stdio.close()
    assert code in (0, 1), f"{code}: {stdio.errors}"
    assert "Fatal error" not in stdio.errors and "Crash" not in stdio.errors


def test_stdio_before_initialize(stdio):
    for method in ["shutdown", *AGENT_METHODS, *LSP_REQUESTS, "nonesuch"]:
        assert stdio.request(method, {})["error"]["code"] == NOT_INITIALIZED, method
    for method in NOTIFICATIONS:
        stdio.send(method=method, params={})
    assert "result" in stdio.initialize()
    assert stdio.initialize()["error"]["code"] == INVALID_REQUEST
    alive(stdio)


@pytest.mark.parametrize("params", [7, [], {"capabilities": 7}, {"processId": "x"}, {"rootUri": 7},
                                    {"initializationOptions": {"apply": "sometimes"}}], ids=str)
def test_stdio_bad_initialize_can_be_tried_again(stdio, params):
    error = stdio.request("initialize", params)["error"]
    assert error["code"] == wrong(params) and ("$.params" in error["message"] or '"params"' in error["message"])
    assert "result" in stdio.initialize()


def test_stdio_wrong_parameters_name_the_place(stdio):
    stdio.initialize()
    for method in AGENT_METHODS + LSP_REQUESTS:
        for params in WRONG_PARAMS:
            answer = stdio.request(method, params)
            if method == "agent/list" and params == []:
                continue  # some editors write an empty object so
            assert answer["error"]["code"] == wrong(params), (method, params, answer)
            assert answer["error"]["message"], (method, params)
    for method in NOTIFICATIONS:
        for params in WRONG_PARAMS:
            stdio.send(method=method, params=params)
    alive(stdio)
    assert stdio.request("nonesuch/method", {})["error"]["code"] == METHOD_NOT_FOUND
    assert stdio.request("$/nonesuch", {})["error"]["code"] == METHOD_NOT_FOUND
    assert stdio.close() == 0


def test_stdio_documents_with_impossible_edits(stdio, world):
    stdio.initialize(world.folder)
    uri = (world.folder / "a.c").as_uri()
    stdio.send(method="textDocument/didOpen", params={
        "textDocument": {"uri": uri, "languageId": "c", "version": 1, "text": "a\r\nä𝄞\n"}})
    big = 2**31 - 1
    for start, end in [((big, big), (big, big)), ((5, 0), (0, 0)), ((1, 2), (1, 2)), ((-1, -1), (0, 0)), ((0, 9), (1, 9))]:
        stdio.send(method="textDocument/didChange", params={
            "textDocument": {"uri": uri, "version": 2}, "contentChanges": [{
                "range": {"start": {"line": start[0], "character": start[1]},
                          "end": {"line": end[0], "character": end[1]}}, "text": "x"}]})
    for uri in (uri, "file:///%00", "file://host/x", "untitled:1", "%", "", "file:///a/../../etc/passwd"):
        answer = stdio.request("textDocument/codeAction", {
            "textDocument": {"uri": uri}, "context": {"diagnostics": []},
            "range": {"start": {"line": big, "character": 0}, "end": {"line": 0, "character": big}}})
        assert answer.get("result") == [] or "error" in answer
    alive(stdio)


# WebSocket

@pytest.fixture
def service(world):
    start_service(world.replay("broken-c"), world.folder)
    pid = set(world.service_pids())
    yield world
    # A child that is about to become a sandbox looks like the service for a moment.
    assert pid & set(world.service_pids()), "the service has crashed\n" + world.log()
    client = Service(world)
    assert "result" in client.initialize()
    assert "result" in client.request("agent/list", {})
    client.socket.close()


def upgrade(world, **headers) -> bytes:
    fields = {
        "Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Authorization": f"Bearer {world.token}",
        **{name.replace("_", "-"): value for name, value in headers.items()}}
    return ("GET /v1/rpc HTTP/1.1\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in fields.items() if value is not None) + "\r\n").encode()


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer
    return int(answer.split()[1])


@pytest.mark.parametrize("headers, expected", [
    ({}, 101), ({"Authorization": None}, 401), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": "Bearer "}, 401),
    ({"Authorization": "Basic eDp5"}, 401), ({"Origin": "http://localhost"}, 403), ({"Origin": "null"}, 403),
    ({"Upgrade": None}, 426), ({"Sec_WebSocket_Key": "short"}, 400), ({"Sec_WebSocket_Version": "8"}, 400),
    ({"X": "y" * 200_000}, 431),
], ids=lambda value: str(value)[:60])
def test_websocket_handshakes(service, headers, expected):
    assert status(raw_exchange(service.socket, upgrade(service, **headers))) == expected


def test_websocket_token_in_the_address_is_none(service):
    request = upgrade(service, Authorization=None).replace(
        b"/v1/rpc ", b"/v1/rpc?token=" + service.token.encode() + b" ")
    assert status(raw_exchange(service.socket, request)) == 401


@pytest.mark.parametrize("data", [
    b"\x00\xff\x00\xff" * 100, b"garbage\r\n\r\n", b"GET /v1/rpc\r\n\r\n", b"GET /v1/rpc HTTP/9.9\r\n\r\n", b"\r\n" * 1000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"POST /v1/rpc HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"G" * 300_000,
], ids=lambda data: data[:16].decode("latin-1"))
def test_websocket_port_and_what_is_no_http(service, data):
    answer = raw_exchange(service.socket, data, until=None, half_close=True)
    assert answer == b"" or 400 <= status(answer) < 500


def frame(opcode, payload=b"", mask=True, final=True, length=None, reserved=0) -> bytes:
    length = len(payload) if length is None else length
    first, flag = opcode | (0x80 if final else 0) | reserved, 0x80 if mask else 0
    if length < 126:
        head = struct.pack("!BB", first, flag | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", first, flag | 126, length)
    else:
        head = struct.pack("!BBQ", first, flag | 127, length)
    if not mask:
        return head + payload
    key = b"\x11\x22\x33\x44"
    return head + key + bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))


CASES = {
    "unmasked": (frame(1, b"{}", mask=False), 1002),
    "reserved bit": (frame(1, b"{}", reserved=0x40), 1002),
    "unknown opcode": (frame(3), 1002),
    "binary": (frame(2, b"{}"), 1003),
    "invalid UTF-8": (frame(1, b"\xff\xfe"), 1007),
    "UTF-8 cut at the end": (frame(1, b"\xe2\x82"), 1007),
    "surrogate": (frame(1, b"\xed\xa0\x80"), 1007),
    "oversize": (frame(1, length=1 << 40), 1009),
    "length with the top bit": (frame(1, length=1 << 63), (1002, 1009)),
    "continuation of nothing": (frame(0, b"{}"), 1002),
    "text within text": (frame(1, b"{", final=False) + frame(1, b"}"), 1002),
    "long ping": (frame(9, b"x" * 126), 1002),
    "fragmented ping": (frame(9, b"x", final=False), 1002),
    "close of one byte": (frame(8, b"\x03"), 1002),
    "close with a forbidden code": (frame(8, struct.pack("!H", 1005)), 1002),
    "close with bad UTF-8": (frame(8, struct.pack("!H", 1000) + b"\xff"), 1007),
}


@pytest.mark.parametrize("name", CASES)
def test_websocket_frames_that_break_the_rules(service, name):
    data, code = CASES[name]
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PATIENCE)
        peer.connect(service.socket)
        peer.sendall(upgrade(service))
        head, _, rest = read_until(peer, b"\r\n\r\n").partition(b"\r\n\r\n")
        assert status(head) == 101
        peer.sendall(data)
        rest += read_until(peer, None)
    assert rest[0] == 0x88, f"a close frame, not {rest!r}"
    closed = struct.unpack("!H", rest[2:4])[0]
    assert closed in (code if isinstance(code, tuple) else (code,)), (closed, rest[4:])


def test_websocket_messages_that_are_none(service):
    client = Service(service)
    for text, code in [
        ("{", PARSE_ERROR), ("", PARSE_ERROR), ("[" * 100_000, PARSE_ERROR), ("[]", INVALID_REQUEST),
        ("7", INVALID_REQUEST), ('{"jsonrpc":"2.0","id":1,"method":7}', INVALID_REQUEST),
        ('{"jsonrpc":"2.0","id":1,"method":"agent/list"}', NOT_INITIALIZED),
        ('{"jsonrpc":"2.0","id":1,"method":"nonesuch"}', NOT_INITIALIZED),
    ]:
        client.socket.send(text)
        assert client.receive()["error"]["code"] == code, text[:50]
    for params in (7, {}, {"protocolVersion": 99, "clientInfo": {"name": "x"}, "capabilities": {}}):
        assert client.request("initialize", params)["error"]["code"] == wrong(params)
    assert "result" in client.initialize()
    client.socket.close()


def test_websocket_wrong_parameters(service):
    client = Service(service)
    client.initialize()
    methods = [m for m in AGENT_METHODS if m not in ("agent/apply", "agent/transcript")] + ["agent/applied"]
    for method in methods:
        for params in WRONG_PARAMS:
            if method == "agent/list" and params == []:
                continue
            answer = client.request(method, params)
            assert answer["error"]["code"] == wrong(params), (method, params, answer)
    for method in methods:
        if method not in ("agent/start", "agent/list", "agent/detach"):
            answer = client.request(method, {
                "sessionId": "../../etc", "text": "x", "approvalId": "x", "decision": "allowOnce", "treeHash": "x",
                "applied": [], "conflicts": []})
            assert "error" in answer, (method, answer)
    for folder in ("relative", "/nonexistent", "/etc/passwd", ""):
        answer = client.request("agent/start", {"prompt": "x", "workspaceFolder": folder})
        assert "error" in answer and answer["error"]["message"], (folder, answer)
    assert client.request("agent/nonesuch", {})["error"]["code"] == METHOD_NOT_FOUND
    assert "result" in client.request("agent/list", {})
    client.socket.close()


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/x", "a/../../x", ".git/config", "a\0b", ""])
def test_overlays_stay_in_the_workspace(service, path):
    project = service.project("broken-c")
    client = Service(service)
    client.initialize()
    answer = client.request("agent/start", {
        "prompt": "x", "workspaceFolder": str(project), "documents": [{"path": path, "text": "x"}]})
    if "result" in answer:
        session = answer["result"]["sessionId"]

        def state():
            listed = client.request("agent/list", {})["result"]["sessions"]
            return next(s["state"] for s in listed if s["sessionId"] == session)
        ended = wait_for(lambda: state() not in ("starting", "running") and state(), "the session to settle")
        assert ended == ("idle" if path == ".git/config" else "failed")
    assert not (service.folder / "outside.txt").exists() and not (project / ".git").exists()
    client.socket.close()


def test_websocket_half_open_and_silent_peers(service):
    peers = []
    for data in (b"", b"GET /v1", upgrade(service)[:50], upgrade(service), upgrade(service) + b"\x81"):
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(service.socket)
        peer.sendall(data)
        peers.append(peer)
    assert "sessions" in json.loads(service.cofferdam("list", "--json", cwd=service.folder, check=0).stdout)
    for peer in peers:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()


def test_a_client_that_vanishes_within_a_request(service):
    project = service.project("broken-c")
    client = Service(service)
    client.initialize()
    client.send(id="x", method="agent/start", params={"prompt": "Fix it", "workspaceFolder": str(project)})
    client.socket.socket.shutdown(socket.SHUT_RDWR)
    started = wait_for(
        lambda: json.loads(service.cofferdam("list", "--json", cwd=project, check=0).stdout)["sessions"], "the session")
    assert len(started) == 1, "what was asked for is done, whoever is left to see it"
