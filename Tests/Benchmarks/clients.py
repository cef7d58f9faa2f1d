"""The two clients of the measurements: a bare WebSocket and an editor's end of the language server.

Both stamp a message with the wall clock at the moment when the read that completed it returned, before it is parsed.
"""
import base64
import collections
import itertools
import json
import os
import pathlib
import secrets
import socket
import struct
import subprocess
import time

#: A bound for what hangs, not a measure.
DEADLINE = 120


class JSONRPCClient:
    """Requests and notifications over what the subclass sends and receives."""

    def __init__(self):
        self._ids = itertools.count(1)
        self._queue = collections.deque()
        self._replies = {}

    def _write(self, body: bytes) -> None:
        raise NotImplementedError

    def _read(self) -> tuple:
        """(arrival in ns since 1970, message as bytes)"""
        raise NotImplementedError

    def send(self, method: str, params: dict) -> int:
        """Sends a request without waiting for the reply."""
        identity = next(self._ids)
        self._write(json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": params}).encode())
        return identity

    def notify(self, method: str, params: dict) -> None:
        self._write(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())

    def _message(self) -> tuple:
        arrival, body = self._read()
        return arrival, json.loads(body)

    def reply(self, identity: int) -> dict:
        """The result of a request; what else arrives meanwhile is kept for `events`."""
        while identity not in self._replies:
            arrival, message = self._message()
            if "method" in message:
                self._queue.append((arrival, message))
            else:
                self._replies[message["id"]] = message
        reply = self._replies.pop(identity)
        if "error" in reply:
            raise RuntimeError(reply["error"]["message"])
        return reply["result"]

    def call(self, method: str, params: dict) -> dict:
        return self.reply(self.send(method, params))

    def events(self):
        """Every agent/progress, as (arrival in ns, params)."""
        while True:
            arrival, message = self._queue.popleft() if self._queue else self._message()
            if message.get("method") == "agent/progress":
                yield arrival, message["params"]

    def until(self, session: str, kind: str):
        """Every event of the session up to the first of this kind, as (arrival in ns, params)."""
        for arrival, params in self.events():
            if params["sessionId"] != session:
                continue
            yield arrival, params
            event = params["event"]
            if event["type"] == kind:
                return
            if event["type"] == "sessionStatus" and event["state"] in ("stopped", "failed"):
                raise RuntimeError(f"the session ended: {event.get('reason')}")


class WebSocket(JSONRPCClient):
    """A raw socket: no library, no threads, a mask of zeros; so that the service is measured and not its client."""

    def __init__(self, address, token: str):
        super().__init__()
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.settimeout(DEADLINE)
        self._socket.connect(address)
        if family == socket.AF_INET:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self._socket.sendall((
            f"GET /v1/rpc HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n").encode())
        self._buffer = bytearray()
        self._arrival = 0
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._fill()
        if not self._buffer.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(f"the upgrade was refused: {bytes(self._buffer[:end]).decode()}")
        del self._buffer[:end + 4]
        self.call("initialize", {
            "protocolVersion": 1, "clientInfo": {"name": "benchmark", "version": "1"}, "capabilities": {}})

    def close(self) -> None:
        self._socket.close()

    def _write(self, body: bytes) -> None:
        self._frame(1, body)

    def _frame(self, opcode: int, body: bytes) -> None:
        size = len(body)
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size) if size < 126 else (
            struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size) if size < 65536
            else struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size))
        self._socket.sendall(head + bytes(4) + body)

    def _fill(self) -> None:
        part = self._socket.recv(1 << 18)
        self._arrival = time.time_ns()
        if not part:
            raise RuntimeError("the service closed the connection")
        self._buffer += part

    def _need(self, count: int) -> None:
        while len(self._buffer) < count:
            self._fill()

    def _read(self) -> tuple:
        while True:
            self._need(2)
            opcode, size, start = self._buffer[0] & 0x0F, self._buffer[1] & 0x7F, 2
            if size >= 126:
                start = 4 if size == 126 else 10
                self._need(start)
                size = int.from_bytes(self._buffer[2:start], "big")
            self._need(start + size)
            body = bytes(self._buffer[start:start + size])
            del self._buffer[:start + size]
            if opcode == 9:
                self._frame(10, body)
            elif opcode == 8:
                raise RuntimeError("the service closed the connection")
            elif opcode == 1:
                return self._arrival, body


class LanguageServer(JSONRPCClient):
    """`cofferdam lsp` on two pipes, as an editor starts it."""

    def __init__(self, program: pathlib.Path, environment: dict, folder: pathlib.Path):
        super().__init__()
        self._process = subprocess.Popen(
            [program, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
            env=environment, cwd=folder)
        self.pid = self._process.pid
        self._input = self._process.stdin.fileno()
        self._output = self._process.stdout.fileno()
        self._buffer = bytearray()
        self._arrival = 0
        self.call("initialize", initialize_parameters(folder))
        self.notify("initialized", {})

    def close(self) -> None:
        """Ends it as an editor does: by the end of its input."""
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _write(self, body: bytes) -> None:
        view = memoryview(frame(body))
        while view:
            view = view[os.write(self._input, view):]

    def _fill(self) -> None:
        part = os.read(self._output, 1 << 18)
        self._arrival = time.time_ns()
        if not part:
            raise RuntimeError("the language server has ended")
        self._buffer += part

    def _read(self) -> tuple:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._fill()
        head = bytes(self._buffer[:end])
        size = int(head[head.lower().index(b"content-length:") + 15:].split(b"\r\n")[0])
        while len(self._buffer) < end + 4 + size:
            self._fill()
        body = bytes(self._buffer[end + 4:end + 4 + size])
        del self._buffer[:end + 4 + size]
        return self._arrival, body


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def initialize_parameters(folder: pathlib.Path) -> dict:
    return {
        "processId": os.getpid(), "rootUri": folder.as_uri(), "capabilities": {},
        "initializationOptions": {"progress": True, "apply": "never", "showTranscript": "never"},
    }
