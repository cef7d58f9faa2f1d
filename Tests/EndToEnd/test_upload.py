"""A service whose machine does not have the folder: the workspace goes up, and the result comes back."""
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest

import recordings
from conftest import BIN, FIXTURES, wait_for
from lsp_editor import neovim
from test_language_server import editor
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
        self.world, self.hidden, self.port = world, hidden, free_port()
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

    def restart(self, world):
        """Anew, with what the world has configured meanwhile."""
        self.stop()
        self.__init__(world, self.hidden)

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
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "core.autocrlf=false", "-c", "gc.auto=0",
         *arguments],
        cwd=folder, check=True, capture_output=True, text=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}).stdout.strip()


def private(folder) -> dict:
    """What must not change in a repository: all but objects."""
    root = folder / ".git"
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*")
        if path.is_file() and path.relative_to(root).parts[0] != "objects"
        and "cofferdam" not in str(path.relative_to(root))}


def started(world, project, *options, **limits) -> str:
    run = world.cofferdam("run", "--keep", "--apply", "never", *options, "Fix it", cwd=project, **limits)
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


async def test_unsaved_buffers_go_up_from_an_editor(world, elsewhere, tmp_path):
    service, projects = elsewhere
    project = projects / "broken-c"
    shutil.copytree(FIXTURES / "broken-c", project)
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "one")
    stats = project / "stats.c"
    text = stats.read_text()
    script = "sed -i 's/return only_in_the_buffer/return sum/' stats.c && echo new > made.txt"
    recording = recordings.write(
        tmp_path / "r.json",
        recordings.turn([{"type": "text", "contains": ["only_in_the_buffer", "stats.c"]}],
                        recordings.call("1", "run", command=["/bin/sh", "-c", script])),
        recordings.turn([recordings.result("1"), recordings.ANY], recordings.text("Done.")),
        *[recordings.turn([recordings.ANY], recordings.text("Done.")) for _ in range(6)])
    service.restart(world.replay(recording))
    async with editor(world, project, neovim("0.11")) as made:
        made.open(stats, text.replace("return total", "return only_in_the_buffer"))
        await made.command("start", prompt="Look")
        await made.until(lambda: made.said("verified"), "the end of the turn")
        await made.command("apply")
        # Into the buffer, which stays unsaved, and onto the disk where there is none.
        assert "return sum / count" in made.text(stats) and stats.read_text() == text
        assert (project / "made.txt").read_text() == "new\n"


@contextlib.contextmanager
def small_disk(folder, size):
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("full", ["service", "repository", "client"])
def test_a_full_disk_is_told_and_nothing_is_lost(world, elsewhere, full):
    service, projects = elsewhere
    service.stop()
    place = {"service": world.folder / "remote", "repository": projects / "broken-c",
             "client": world.folder / "state"}[full]
    with small_disk(place, "24m" if full == "repository" else "120m"):
        service.restart(world)
        project = projects / "broken-c"
        shutil.copytree(FIXTURES / "broken-c", project, dirs_exist_ok=True)
        if full != "client":  # There the objects of a folder without git are kept.
            git(project, "init", "-q")
            git(project, "add", "-A")
            git(project, "commit", "-qm", "one")
        large = project / "large.bin"
        large.write_bytes(random.Random(1).randbytes(14_000_000))
        filler = place / "filler"
        if full != "repository":
            filler.write_bytes(bytes(112_000_000))
        before = private(project) if full != "client" else {}
        run = world.cofferdam("run", "--keep", "--apply", "never", "Fix it", cwd=project)
        said = run.stdout + run.stderr
        assert run.returncode not in (0, 1) and ("No space left on device" in said or "disk is full" in said), said
        assert large.stat().st_size == 14_000_000 and (full == "client" or private(project) == before)
        # With room again it works, at once.
        filler.unlink(missing_ok=True)
        if full == "repository":
            large.unlink()
        started(world, project)
        world.cofferdam("apply", newest(world, project), cwd=project, check=0)
        assert subprocess.run(["make", "-s", "test"], cwd=project, capture_output=True).returncode == 0
        service.stop()


LONG = pytest.mark.skipif(os.environ.get("COFFERDAM_LONG_TESTS") != "1", reason="takes minutes and gigabytes")


def many_files(project):
    for folder in range(1000):
        path = project / f"d{folder % 10}" / f"d{folder}"
        path.mkdir(parents=True)
        for number in range(100):
            (path / f"f{number}.c").write_text(f"int f{folder}_{number};\n")


def large_files(project):
    block = random.Random(2).randbytes(1 << 20)
    for number in range(3):
        with (project / f"large{number}.bin").open("wb") as file:
            for index in range(660):
                file.write(index.to_bytes(4, "big") + block[4 + number:])


class Memory(threading.Thread):
    """The most that each program of ours held in memory of its own (mapped files are the system's), in MiB, by name."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peaks, self.ends = {}, threading.Event()
        self.start()

    def run(self):
        while not self.ends.wait(0.02):
            for entry in pathlib.Path("/proc").iterdir():
                try:
                    if entry.name.isdigit() and (path := (entry / "exe").readlink()).parent == BIN.resolve():
                        peak = re.search(r"RssAnon:\s+(\d+) kB", (entry / "status").read_text())
                        self.peaks[path.name] = max(self.peaks.get(path.name, 0), int(peak[1]) // 1024)
                except (OSError, TypeError):
                    pass

    def stop(self) -> dict:
        self.ends.set()
        self.join()
        return self.peaks


@LONG
@pytest.mark.parametrize("fill", [many_files, large_files])
def test_large_workspaces(world, elsewhere, fill):
    service, projects = elsewhere
    project = projects / "broken-c"
    shutil.copytree(FIXTURES / "broken-c", project)
    fill(project)
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "one")
    before = private(project)
    memory = Memory()
    for note in ("first", "second"):
        (project / "NOTES").write_text(note)
        begun = time.monotonic()
        started(world, project, timeout=1800)
        print(f"{note}: {time.monotonic() - begun:.1f} s", flush=True)
    peaks = memory.stop()
    print(peaks)
    assert private(project) == before
    # Files are read and sent in pieces; the service has one of them at a time as a whole.
    assert peaks["cofferdam"] < 300 and peaks["cofferdam-git"] < 700 and peaks["cofferdamd"] < 1000, peaks
    world.cofferdam("apply", newest(world, project), cwd=project, check=0)
    changed = git(project, "status", "--porcelain", "-uall").splitlines()
    assert sorted(line.split()[-1] for line in changed) == ["NOTES", "main.c", "stats.c"], changed[:10]
