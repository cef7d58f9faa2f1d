"""Kills of every process around sessions that change files: no finished step is lost.

A step is finished once its `stepCommitted` is in the log. Whatever was killed meanwhile, each of them must afterwards be a
commit with just the files of that step, in the service's repository of the session and in the user's own; both pass git's own
check, and of the user's repository nothing else may have changed.
"""
import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import threading
import time

import scenarios
from conftest import wait_for
from raw_clients import Stdio
from recordings import ANY, call, result, text, turn
from resume import Follower, kill_service, sandbox_record

STEPS = 6
AUTHOR = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def git(folder, *arguments, check=True) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout if check else done


def processes(world, program: str) -> list:
    """Processes of a program in this world."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "comm").read_text().strip() == program[:15]:
                    if str(world.folder).encode() in (entry / "environ").read_bytes():
                        found.append(int(entry.name))
    return found


class Editor:
    """A language server that follows a session; what it prints is read and forgotten."""

    def __init__(self, world, project, session):
        self.client = Stdio(world, project)
        self.client.request("initialize", {
            "processId": None, "capabilities": {}, "rootUri": project.as_uri(),
            "workspaceFolders": [{"uri": project.as_uri(), "name": "project"}]})
        self.client.send(method="initialized", params={})
        self.client.send(id="attach", method="agent/attach", params={"sessionId": session, "afterSeq": 0})
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with contextlib.suppress(EOFError, AssertionError, OSError, ValueError):
            while True:
                self.client.receive()

    def kill(self):
        self.client.process.kill()
        self.client.process.wait()
        self.reader.join(timeout=30)
        for pipe in (self.client.process.stdin, self.client.process.stdout, self.client.process.stderr):
            with contextlib.suppress(OSError):
                pipe.close()


class Campaign:
    def __init__(self, world, row, project, kills):
        self.world, self.row, self.project, self.kills = world, row, project, kills
        self.generator = random.Random()
        self.count = {"service": 0, "sandbox": 0, "editor": 0, "cofferdam-git": 0}
        self.sessions = self.commits = 0
        self.before = self.state()

    def state(self) -> tuple:
        """Of the user's repository, everything but what is ours."""
        references = [line for line in git(self.project, "for-each-ref").splitlines() if "refs/cofferdam" not in line]
        return (references, git(self.project, "status", "--porcelain"), git(self.project, "stash", "list"),
                git(self.project, "ls-files", "--stage"), (self.project / ".git" / "HEAD").read_text())

    def fault(self, problem):
        self.row.lost += 1
        self.row.remarks += f" {problem};"

    def session(self):
        follower = Follower(self.world, self.project, "--apply", "never", "--keep", "Work\nCofferdam-Step: 99")
        editor = None
        seen = 0
        while follower.process.poll() is None and sum(self.count.values()) < self.kills:
            with contextlib.suppress(AssertionError):  # it has ended
                follower.wait(lambda f: len(f.events) > seen, "event")
            if not follower.events or follower.process.poll() is not None:
                continue
            if editor is None:
                with contextlib.suppress(EOFError, AssertionError):
                    editor = Editor(self.world, self.project, follower.session)
            seen = len(follower.events)
            kind = self.generator.choices(list(self.count), (8, 1, 5, 6))[0]
            # The helper is there only while commits come.
            if kind != "cofferdam-git":
                time.sleep(self.generator.uniform(0, 0.4))
            with contextlib.suppress(AssertionError, ProcessLookupError, FileNotFoundError, KeyError):
                if getattr(self, "kill_" + kind.replace("-", "_"))(follower, editor):
                    self.count[kind] += 1
                    self.row.runs += 1
                    if kind == "editor":
                        editor = None
        scenarios.finish(self.row, follower)
        if editor:
            editor.kill()
        self.sessions += 1
        self.check(follower)

    def kill_service(self, _follower, _editor):
        kill_service(self.world)
        return True

    def kill_sandbox(self, follower, _editor):
        record = sandbox_record(self.world, follower.session)
        os.kill(record["supervisor"]["pid"] if "supervisor" in record else record["init"]["pid"], signal.SIGKILL)
        return True

    def kill_editor(self, _follower, editor):
        if editor:
            editor.kill()
        return editor is not None

    def kill_cofferdam_git(self, follower, _editor):
        end = time.monotonic() + 1
        while time.monotonic() < end and follower.process.poll() is None:
            for pid in processes(self.world, "cofferdam-git"):
                os.kill(pid, signal.SIGKILL)
                return True
        return False

    def check(self, follower):
        """With what the log says at last, which may be more than the follower saw of a session that failed."""
        session = follower.session
        # A client that comes late brings what is missing.
        shown = self.world.cofferdam("attach", "--replay", "--json", session, cwd=self.project, check=0)
        if shown.stderr:
            self.fault(shown.stderr.strip()[-200:])
        events = [json.loads(line)["event"] for line in shown.stdout.splitlines()]
        made = [event for event in events if event["type"] == "stepCommitted"]
        told = follower.of("stepCommitted")
        if made[:len(told)] != told:
            self.fault(f"{len(told)} commits were told, {len(made)} are in the log")
        for event in events:
            if event["type"] == "commitFailed":
                self.fault(event["reason"])
        taken = [event["step"] for event in events if event["type"] == "snapshotTaken" and event["changedFiles"]]
        if not set(taken) - {event["step"] for event in made} <= {0}:
            self.fault(f"steps {taken} were taken, of {[event['step'] for event in made]} there are commits")
        if len({event["step"] for event in made}) != len(made) or len(made) > STEPS:
            self.row.doubled += 1
            self.row.remarks += f" {made};"
        repository = self.world.folder / "state" / "cofferdam" / "sessions" / f"{session}.git"
        head = git(self.project, "rev-parse", "HEAD").strip()
        parent = head
        for number, event in enumerate(made, 1):
            commit = event["commit"]
            self.commits += 1
            if event["parent"] != parent:
                self.fault(f"{commit} follows {event['parent']} rather than {parent}")
            parent = commit
            git(repository, "cat-file", "-e", commit)
            trailers = git(self.project, "log", "-1", "--format=%(trailers:key=Cofferdam-Step,valueonly)", commit)
            if trailers.strip() != str(event["step"]):
                self.fault(f"{commit} says of itself {trailers!r}")
            names = git(self.project, "ls-tree", "--name-only", commit).split()
            wanted = sorted(["data", ".cofferdam.yaml"] + [f"file{i}" for i in range(1, number + 1)])
            if sorted(names) != wanted:
                self.fault(f"{commit} holds {names}")
            compared = git(self.project, "show", f"{commit}:file{number}", check=False).stdout.encode()
            scenarios.compare(self.row, compared, f"contents {number}\n".encode(), f"file{number}")
        if made:
            for folder in (repository, self.project):
                tip = git(folder, "rev-parse", f"refs/cofferdam/{session}").strip()
                if tip != parent:
                    self.fault(f"{folder} is at {tip} rather than {parent}")
        checked = git(self.project, "fsck", "--strict", "--full", "--no-dangling", check=False)
        if checked.returncode or checked.stdout:
            self.fault(f"fsck: {checked.stdout} {checked.stderr}"[:300])
        own = subprocess.run(
            ["git", "--git-dir", str(repository), "fsck", "--strict", "--full", "--no-dangling"],
            env={**os.environ, "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.project / ".git" / "objects")},
            capture_output=True, text=True, check=False)
        if own.returncode or own.stdout.strip():
            self.fault(f"fsck of the session's: {own.stdout} {own.stderr}"[:300])
        if self.state() != self.before:
            self.fault("the user's repository has changed")
        self.world.cofferdam("stop", session, cwd=self.project)


def run(world, row, quick):
    turns, expected = [], [ANY]
    for number in range(1, STEPS + 1):
        turns.append(turn(
            expected, call(f"w{number}", "write", path=f"file{number}", content=f"contents {number}\n"),
            call(f"r{number}", "run", command=["sleep", "0.2"])))
        expected = [result(f"w{number}", "Created"), result(f"r{number}", "exit code 0")]
    turns.append(turn(expected, text("Done.")))
    project = scenarios.prepare(world, *turns)
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, *AUTHOR, "commit", "-qm", "Begin")
    campaign = Campaign(world, row, project, 10 if quick else 200)
    while row.runs < campaign.kills:
        campaign.session()
    wait_for(lambda: not processes(world, "cofferdam-git"), "the helper to end")
    row.remarks += f" {campaign.sessions} sessions, {campaign.commits} commits; killed: " + ", ".join(
        f"{kind} {count}" for kind, count in campaign.count.items())
