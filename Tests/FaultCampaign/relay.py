"""Stands between a service and the supervisor of one of its sandboxes, and misbehaves when told to."""
import os
import pathlib
import select
import socket
import threading


class Relay:
    """Takes the place of a unix socket; the socket itself is moved aside."""

    def __init__(self, path: pathlib.Path):
        self.path, self.real = path, path.with_suffix(".real")
        self.connections, self.made, self.lock = [], 0, threading.Lock()
        self.is_open = True

    def __enter__(self):
        self.path.rename(self.real)
        self.server = socket.socket(socket.AF_UNIX)
        self.bind(self.server, self.path)
        self.server.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    @staticmethod
    def bind(server, path):
        # Paths of sockets are short.
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            server.bind(f"/proc/self/fd/{folder}/{path.name}")
        finally:
            os.close(folder)

    def _real(self):
        there = socket.socket(socket.AF_UNIX)
        folder = os.open(self.real.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            there.connect(f"/proc/self/fd/{folder}/{self.real.name}")
        finally:
            os.close(folder)
        return there

    def _accept(self):
        while self.is_open:
            try:
                here, _ = self.server.accept()
                there = self._real()
            except OSError:
                return
            pair = {"here": here, "there": there, "silent": threading.Event()}
            with self.lock:
                self.connections.append(pair)
                self.made += 1
            threading.Thread(target=self._carry, args=(pair,), daemon=True).start()

    def _carry(self, pair):
        here, there = pair["here"], pair["there"]
        try:
            while True:
                for ready in select.select([here, there], [], [], 0.5)[0]:
                    if pair["silent"].is_set():
                        # Both ends stay open and hear nothing. Only the peer's end shows.
                        if ready is here and not here.recv(1 << 16, socket.MSG_PEEK):
                            return
                        pair["silent"].wait(0.05)
                        continue
                    part = ready.recv(1 << 16)
                    if not part:
                        return
                    (there if ready is here else here).sendall(part)
        except OSError:
            pass
        finally:
            here.close()
            there.close()
            with self.lock:
                if pair in self.connections:
                    self.connections.remove(pair)

    def _shut(self, pair):
        for name in ("here", "there"):
            try:
                pair[name].shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        """Ends every connection."""
        with self.lock:
            pairs = list(self.connections)
        for pair in pairs:
            self._shut(pair)

    def silence(self):
        """The present connections carry nothing any more, and say nothing of it."""
        with self.lock:
            for pair in self.connections:
                pair["silent"].set()

    def __exit__(self, *_):
        self.is_open = False
        self.server.close()
        self.cut()
        try:
            self.real.rename(self.path)
        except OSError:
            pass
