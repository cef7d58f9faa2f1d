"""What the measurements run against: a service of their own, workspaces, recordings, the zero-latency model."""
import contextlib
import json
import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from clients import DEADLINE, LanguageServer, WebSocket

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "EndToEnd"))
import recordings  # noqa: E402  (the end-to-end tests' writer of recorded conversations)


class Bench:
    """One run: where the programs are, and a folder for everything that they write."""

    def __init__(self, programs: pathlib.Path, large: bool):
        self.programs = programs
        self.large = large
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cofferdam-bench-"))
        self._count = 0

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_folder(self, name: str) -> pathlib.Path:
        self._count += 1
        folder = self.folder / f"{name}-{self._count}"
        folder.mkdir(mode=0o700)
        return folder

    def workspace(self, files: dict = {}) -> pathlib.Path:
        """A small folder without anything that would be detected as a check."""
        folder = self.new_folder("workspace")
        for name, text in {"notes.txt": "".join(f"line {number}\n" for number in range(1, 201)), **files}.items():
            (folder / name).write_text(text)
        return folder

    def recording(self, *turns: dict) -> dict:
        """A model that plays these turns."""
        path = recordings.write(self.new_folder("recording") / "turns.json", *turns)
        return {"provider": "replay", "file": str(path)}

    def environment(self, home: pathlib.Path) -> dict:
        environment = {
            key: value for key, value in os.environ.items()
            if not key.startswith(("COFFERDAM", "ANTHROPIC", "OPENAI", "XDG_", "GIT_"))}
        for name in ("run", "state", "config", "home"):
            (home / name).mkdir(mode=0o700, exist_ok=True)
        return {
            **environment, "XDG_RUNTIME_DIR": str(home / "run"), "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"), "HOME": str(home / "home"), "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "BENCH_KEY": "none"}

    @contextlib.contextmanager
    def service(self, models: dict, configuration: str = ""):
        """`configuration` is the text of its configuration file."""
        service = Service(self, models, configuration)
        try:
            yield service
        finally:
            service.close()


class Service:
    """A `cofferdamd` on a unix socket and a TCP port."""

    def __init__(self, bench: Bench, models: dict, configuration: str = ""):
        self._bench = bench
        home = bench.new_folder("service")
        self.environment = bench.environment(home)
        self.token = secrets.token_hex(32)
        tokens, models_file = home / "tokens", home / "models.yaml"
        tokens.write_text(self.token + "\n")
        tokens.chmod(0o600)
        models_file.write_text(json.dumps({"models": models}))  # JSON is YAML
        (home / "config" / "cofferdam").mkdir()
        (home / "config" / "cofferdam" / "service.yaml").write_text(configuration)
        self.socket = str(home / "service.sock")
        self.port = free_port()
        self.log = home / "log"
        read, write = os.pipe()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [bench.programs / "cofferdamd", "--socket", self.socket, "--listen", f"127.0.0.1:{self.port}",
                 "--token-file", tokens, "--state-directory", home / "state", "--models", models_file,
                 "--ready-fd", str(write), "--drain-grace", "0"],
                env=self.environment, pass_fds=[write], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        os.close(write)
        self.pid = self._process.pid
        with os.fdopen(read, "rb") as ready:
            if not ready.readline():
                self.close()
                raise RuntimeError(f"the service did not start: {self.log.read_text()}")
        self.environment.update(
            COFFERDAM_SERVICE_URL=f"unix:{self.socket}", COFFERDAM_TOKEN_FILE=str(tokens))

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @contextlib.contextmanager
    def web_socket(self, tcp: bool = False):
        client = WebSocket(("127.0.0.1", self.port) if tcp else self.socket, self.token)
        try:
            yield client
        finally:
            client.close()

    @contextlib.contextmanager
    def language_server(self, folder: pathlib.Path):
        client = LanguageServer(self._bench.programs / "cofferdam", self.environment, folder)
        try:
            yield client
        finally:
            client.close()


def start(client, folder: pathlib.Path, model: str) -> str:
    """Starts a session and follows it; the language server attaches by itself."""
    session = client.call("agent/start", {"prompt": "Go.", "workspaceFolder": str(folder), "model": model})["sessionId"]
    if isinstance(client, WebSocket):
        client.call("agent/attach", {"sessionId": session})
    return session


def stop(client, session: str) -> None:
    """Stops a session and waits for its end, so that it does not run into the next measurement."""
    client.call("agent/stop", {"sessionId": session})
    for _, params in client.events():
        event = params["event"]
        if params["sessionId"] == session and event["type"] == "sessionStatus" and event["state"] in ("stopped", "failed"):
            return


@contextlib.contextmanager
def model_server():
    """The zero-latency model's base URL."""
    process = subprocess.Popen([sys.executable, HERE / "model_server.py"], stdout=subprocess.PIPE)
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def gaps(server: str) -> list:
    with urllib.request.urlopen(f"{server}/gaps", timeout=DEADLINE) as reply:
        return json.load(reply)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def memory(pid: int, field: str = "VmRSS") -> float:
    """MiB of a process: VmRSS is what is resident now, VmHWM the most since `forget_peak`."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/{pid}/status has no {field}")


def forget_peak(pid: int) -> None:
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def descendants_memory(pid: int) -> float:
    """MiB of all processes below `pid`, shared pages counted in parts (PSS)."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    total, waiting = 0, [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            waiting.append(child)
            with contextlib.suppress(OSError):
                for line in pathlib.Path(f"/proc/{child}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
    return total / 1024


def settled(measure, seconds: float = 1.0) -> float:
    """A quantity after a pause: memory is given back some time after the work."""
    time.sleep(seconds)
    return measure()
