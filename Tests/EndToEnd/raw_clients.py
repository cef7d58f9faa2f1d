"""Clients that can also say what no client should: bytes over stdio and over WebSocket."""
import contextlib
import itertools
import json
import os
import select
import socket
import subprocess
import time

import websockets.sync.client

from conftest import BIN

PATIENCE = 30  # seconds; a bound for what hangs


class Stdio:
    """`cofferdam lsp` by hand."""

    def __init__(self, world, folder):
        self.process = world.start(
            BIN / "cofferdam", "lsp", cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, bufsize=0)
        self.buffer = b""
        self.ids = itertools.count(1)

    def write(self, data: bytes):
        with contextlib.suppress(BrokenPipeError):  # what it no longer reads is part of some tests
            view = memoryview(data)
            while view:
                view = view[self.process.stdin.write(view):]

    def frame(self, body: bytes):
        self.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def send(self, **message):
        self.frame(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def receive(self) -> dict:
        """The next message; EOFError at the end of the output."""
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            self._more()
        length = int(self.buffer[:end].split(b":")[1])
        while len(self.buffer) < end + 4 + length:
            self._more()
        body, self.buffer = self.buffer[end + 4:end + 4 + length], self.buffer[end + 4 + length:]
        return json.loads(body)

    def _more(self):
        assert select.select([self.process.stdout], [], [], PATIENCE)[0], f"silence after {self.buffer[:500]}"
        part = os.read(self.process.stdout.fileno(), 1 << 16)
        if not part:
            raise EOFError
        self.buffer += part

    def answer(self, identity) -> dict:
        while True:
            message = self.receive()
            if "method" not in message and message.get("id") == identity:
                return message

    def request(self, method, params=None) -> dict:
        identity = next(self.ids)
        self.send(id=identity, method=method, params=params)
        return self.answer(identity)

    def initialize(self, folder=None, **options) -> dict:
        return self.request("initialize", {
            "processId": None, "rootUri": folder.as_uri() if folder else None, "capabilities": {},
            "initializationOptions": options})

    def close(self) -> int:
        self.process.stdin.close()
        code = self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()
        self.errors = self.process.stderr.read().decode(errors="replace")
        self.process.stderr.close()
        return code


class Service:
    """A WebSocket to the service that a test's programs share."""

    def __init__(self, world, **options):
        options.setdefault("additional_headers", {"Authorization": f"Bearer {world.token}"})
        self.socket = websockets.sync.client.unix_connect(
            world.socket, "ws://localhost/v1/rpc", compression=None, max_size=None, legacy=True, **options)
        self.ids = itertools.count(1)
        self.log = []

    def send(self, **message):
        self.log.append(("client→server", {"jsonrpc": "2.0", **message}))
        self.socket.send(json.dumps({"jsonrpc": "2.0", **message}))

    def receive(self) -> dict:
        message = json.loads(self.socket.recv(timeout=PATIENCE))
        self.log.append(("server→client", message))
        return message

    def request(self, method, params=None) -> dict:
        identity = next(self.ids)
        self.send(id=identity, method=method, params=params)
        while True:
            message = self.receive()
            if "method" not in message and message.get("id") == identity:
                return message

    def initialize(self, approve=False) -> dict:
        return self.request("initialize", {
            "protocolVersion": 1, "clientInfo": {"name": "test", "version": "1"}, "capabilities": {"approve": approve}})


def start_service(world, folder) -> None:
    """Any client starts it."""
    world.cofferdam("list", cwd=folder, check=0)


def raw_exchange(address, data: bytes, until=b"\r\n\r\n", half_close=False) -> bytes:
    """Sends bytes to a unix socket path or (host, port); what comes back until a mark or the end."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as peer:
        peer.settimeout(PATIENCE)
        peer.connect(address)
        with contextlib.suppress(OSError):
            peer.sendall(data)
            if half_close:
                peer.shutdown(socket.SHUT_WR)
        return read_until(peer, until)


def read_until(peer, mark) -> bytes:
    received, end = b"", time.monotonic() + PATIENCE
    while mark is None or mark not in received:
        assert time.monotonic() < end, received
        try:
            part = peer.recv(1 << 16)
        except ConnectionResetError:
            break
        if not part:
            break
        received += part
    return received
