"""A service whose machine does not have the folder: the workspace goes up, and the result comes back."""
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import threading

import pytest

from conftest import BIN, FIXTURES, wait_for
from test_service import TOKEN, free_port

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a namespace of mounts of its own needs root")


class Line:
    """A line between client and service that breaks now and then, at any byte."""

    def __init__(self, port: int, seed: int, breaks: int):
        self.target, self.dice, self.breaks, self.bytes = port, random.Random(seed), breaks, 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            service = socket.create_connection(("127.0.0.1", self.target))
            # The first bytes are the handshake.
            most = self.dice.randrange(3_000, 2_500_000) if self.breaks > 0 else None
            for source, sink, counts in ((client, service, True), (service, client, False)):
                threading.Thread(target=self.copy, args=(source, sink, most if counts else None), daemon=True).start()

    def copy(self, source, sink, most):
        passed = 0
        try:
            while data := source.recv(16384):
                if most is not None:
                    self.bytes += len(data)
                    if passed + len(data) > most:
                        self.breaks -= 1
                        sink.sendall(data[:most - passed])
                        break
                passed += len(data)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.server.close()


class Elsewhere:
    """A service that sees an empty folder where the projects are."""

    def __init__(self, world, hidden: pathlib.Path):
        self.world, self.port = world, free_port()
        tokens = world.folder / "tokens"
        tokens.write_text(f"alice:{TOKEN}\n")
        tokens.chmod(0o600)
        self.log = world.folder / "service.log"
        with self.log.open("ab") as log:
            self.process = world.start(
                "unshare", "-m", "--propagation", "private", "sh", "-c",
                'mount -t tmpfs none "$1" && shift && exec "$@"', "sh", hidden,
                BIN / "cofferdamd", "--listen", f"127.0.0.1:{self.port}", "--token-file", tokens,
                "--state-directory", world.folder / "remote", cwd=world.folder, stderr=log)
        world.environment["COFFERDAM_TOKEN_FILE"] = str(tokens)
        self.reach(self.port)
        wait_for(self.listens, "the service to listen")

    def reach(self, port: int):
        self.world.environment["COFFERDAM_SERVICE_URL"] = f"ws://127.0.0.1:{port}"

    def listens(self):
        assert self.process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=30)


@pytest.fixture
def elsewhere(world):
    projects = world.folder / "projects"
    projects.mkdir()
    world.replay("broken-c")
    service = Elsewhere(world, projects)
    yield service, projects
    service.stop()


def git(folder, *arguments) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "core.autocrlf=false", *arguments],
        cwd=folder, check=True, capture_output=True, text=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}).stdout.strip()


def private(folder) -> dict:
    """What must not change in a repository: all but objects."""
    root = folder / ".git"
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*")
        if path.is_file() and path.relative_to(root).parts[0] != "objects"
        and "cofferdam" not in str(path.relative_to(root))}


def started(world, project, *options) -> str:
    run = world.cofferdam("run", "--keep", "--apply", "never", *options, "Fix it", cwd=project)
    assert run.returncode == 0 and "verified" in run.stdout, run.stdout + run.stderr
    return run.stdout + run.stderr


def newest(world, project) -> str:
    return json.loads(world.cofferdam("list", "--json", cwd=project).stdout)["sessions"][0]["sessionId"]


def test_with_git_and_without(world, elsewhere):
    service, projects = elsewhere
    project = projects / "broken-c"
    shutil.copytree(FIXTURES / "broken-c", project)
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "one")
    (project / ".env").write_text("SECRET=1\n")
    (project / "blob.bin").write_bytes(random.Random(1).randbytes(6_000_000))
    before = private(project)
    line = Line(service.port, seed=4, breaks=5)
    service.reach(line.port)
    text = started(world, project)
    assert ".env holds environment variables" in text, text
    assert private(project) == before
    assert line.bytes > 6_000_000 and line.breaks < 5, (line.bytes, line.breaks)
    world.cofferdam("apply", newest(world, project), cwd=project, check=0)
    assert subprocess.run(["make", "-s", "test"], cwd=project, capture_output=True).returncode == 0
    assert (project / ".env").read_text() == "SECRET=1\n"
    # Only what changed goes up the second time.
    git(project, "checkout", "-q", "--", ".")
    git(project, "clean", "-fdxq", "-e", ".env", "-e", "blob.bin")
    first = line.bytes
    (project / "NOTES").write_text("new\n")
    started(world, project)
    assert line.bytes - first < 500_000, line.bytes - first
    line.close()
    service.reach(service.port)
    plain = projects / "plain"
    shutil.copytree(FIXTURES / "broken-c", plain)
    started(world, plain)
    assert not (plain / ".git").exists()
    assert list((world.folder / "state" / "cofferdam" / "repositories").iterdir())
    assert not list((world.folder / "state" / "cofferdam" / "packs").iterdir())
