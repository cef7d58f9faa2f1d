"""A session seen by one reader while its service is killed and started again: every event once, every byte once."""
import base64
import json
import os
import signal
import subprocess
import threading

from conftest import BIN, wait_for


class Follower:
    """`cofferdam run --json`, its events checked as they come: numbered without a hole, without a double."""

    def __init__(self, world, project, *arguments, command="run"):
        self.world, self.events, self.problems = world, [], []
        self.output = {}  # (item, stream) -> bytes
        self.news = threading.Condition()
        self.process = world.start(
            BIN / "cofferdam", command, "--json", *arguments, cwd=project, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.errors = ""
        self.error_reader = threading.Thread(target=self._read_errors, daemon=True)
        self.error_reader.start()

    def _read_errors(self):
        self.errors = self.process.stderr.read()

    def _read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            if "event" in message:
                self._take(message)
        with self.news:
            self.news.notify_all()

    def _take(self, message):
        event = message["event"]
        with self.news:
            expected = self.events[-1]["seq"] + 1 if self.events else 1
            if message["seq"] != expected:
                self.problems.append(f"event {message['seq']} came where {expected} was due")
            if event["type"] == "outputDelta":
                key = (event["itemId"], event["stream"])
                data = event["text"].encode() if "text" in event else base64.b64decode(event["base64"])
                have = self.output.setdefault(key, bytearray())
                if event["offset"] != len(have):
                    self.problems.append(f"{key}: offset {event['offset']} came where {len(have)} was due")
                have += data
            self.events.append(message)
            self.news.notify_all()

    @property
    def session(self) -> str:
        return self.events[0]["sessionId"]

    def wait(self, condition, what, seconds=60):
        with self.news:
            done = self.news.wait_for(lambda: condition(self) or self.process.poll() is not None, seconds)
            assert done and condition(self), f"no {what}: {self.events[-5:]} {self.errors}"

    def of(self, kind) -> list:
        return [message["event"] for message in self.events if message["event"]["type"] == kind]

    def wait_for_event(self, kind, count=1, seconds=60):
        self.wait(lambda f: len(f.of(kind)) >= count, f"{kind} ({count})", seconds)
        return self.of(kind)[count - 1]

    def wait_for_bytes(self, count, item="tool-1", seconds=60):
        self.wait(lambda f: len(f.output.get((item, "stdout"), b"")) >= count, f"{count} bytes", seconds)

    def finish(self, seconds=120) -> int:
        code = self.process.wait(timeout=seconds)
        self.reader.join(timeout=30)
        self.error_reader.join(timeout=30)
        assert not self.problems, self.problems
        return code

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def kill_service(world):
    """SIGKILL, without a word; its sandboxes live on."""
    pids = world.service_pids()
    assert pids, "there is no service"
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not set(pids) & set(world.service_pids()), "the service to be gone")


def sandbox_record(world, session) -> dict:
    path = world.folder / "state" / "cofferdam" / "sessions" / session / "sandbox.json"
    return json.loads(path.read_text())


def alive(pid) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rsplit(b")", 1)[1].split()[0] != b"Z"
    except OSError:
        return False
