"""Commits of steps, as they arrive in the user's own repository."""
import json
import os
import pathlib
import subprocess

import pytest

from conftest import wait_for
from obedient_model import obedient_model  # noqa: F401 (a fixture)
from raw_clients import Stdio
from test_snapshots import Session

ADA = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
       "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org"}


def start(world, project, *commands) -> Session:
    prompt = "\n".join(["Please:", *(f"RUN {command}" for command in commands)])
    before = {s["sessionId"] for s in sessions(world, project)}
    world.cofferdam("run", "--keep", "--apply", "never", prompt, cwd=project)
    (new,) = {s["sessionId"] for s in sessions(world, project)} - before
    return Session(world, project, new)


def sessions(world, project) -> list:
    return json.loads(world.cofferdam("list", "--json", cwd=project, check=0).stdout)["sessions"]


def git(folder, *arguments, check=True) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **ADA}, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout.strip()


@pytest.fixture
def project(world):
    """A repository with a change that is staged, one that is not, a stash, and hooks that would be seen."""
    folder = world.folder / "project"
    (folder / "deep").mkdir(parents=True)
    for name in ("f", "g", "deep/h"):
        (folder / name).write_text(f"{name}\n")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Ada")
    git(folder, "config", "user.email", "ada@example.org")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Begin")
    (folder / "g").write_text("stashed\n")
    git(folder, "stash")
    (folder / "g").write_text("staged\n")
    git(folder, "add", "g")
    (folder / "f").write_text("zero\n")
    for hook in ("reference-transaction", "post-commit", "post-checkout", "pre-auto-gc", "post-index-change"):
        path = folder / ".git" / "hooks" / hook
        path.write_text(f"#!/bin/sh\ntouch {world.folder}/hook-ran\n")
        path.chmod(0o755)
    return folder


def state(project) -> tuple:
    """All of a repository but what is ours, byte by byte."""
    files = {}
    for path in sorted((project / ".git").rglob("*")):
        name = str(path.relative_to(project / ".git"))
        if path.is_file() and not name.startswith(("objects/", "refs/cofferdam")):
            files[name] = (path.read_bytes(), path.stat().st_mtime_ns)
    return files, git(project, "--no-optional-locks", "status", "--porcelain")


def helpers(world) -> list:
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "comm").read_text().strip() == "cofferdam-git":
                if str(world.folder).encode() in (entry / "environ").read_bytes():
                    found.append(entry.name)
        except OSError:
            pass
    return found


def test_every_step_is_a_commit_in_the_users_repository(world, project, obedient_model):  # noqa: F811
    before = state(project)
    session = start(world, project, "echo one > f", "echo new > deep/new; chmod +x deep/new")
    reference = f"refs/cofferdam/{session.id}"
    first, second = [event for event in session.events("stepCommitted")]
    assert git(project, "rev-parse", reference) == second["commit"]
    assert state(project) == before
    assert not (world.folder / "hook-ran").exists()
    assert git(project, "fsck", "--strict", "--full", "--no-dangling") == ""
    base, head = first["parent"], git(project, "rev-parse", "HEAD")
    assert git(project, "rev-parse", f"{base}^") == head
    assert git(project, "diff", "--name-status", head, base).split() == ["M", "f", "M", "g"]
    assert git(project, "diff", "--stat", base) == ""
    assert git(project, "show", f"{base}:f", f"{base}:g") == "zero\nstaged"
    assert git(project, "show", f"{first['commit']}:f") == "one"
    assert git(project, "diff", "--raw", first["commit"], second["commit"]).split()[1:] == [
        "100755", "0000000", git(project, "rev-parse", "--short=7", f"{second['commit']}:deep/new"), "A", "deep/new"]
    assert git(project, "log", "-1", "--format=%an <%ae> %cn%n%(trailers:only)", reference).splitlines()[:3] == [
        "Ada <ada@example.org> Cofferdam", f"Cofferdam-Session: {session.id}", f"Cofferdam-Step: {second['step']}"]

    # A way back keeps what it leaves; a fork goes on from there.
    session.restore(first["step"])
    session.cofferdam("attach", "--replay", session.id)
    left = f"refs/cofferdam-steps/{session.id}/{second['step']}"
    assert git(project, "rev-parse", reference, left).split() == [first["commit"], second["commit"]]
    fork = session.fork("--step", str(second["step"]))
    fork.prompt("echo fork > f")
    (made,) = fork.events("stepCommitted")
    assert made["parent"] == second["commit"]
    own = f"refs/cofferdam/{fork.id}"
    assert git(project, "show", f"{own}:f", f"{own}:deep/new") == "fork\nnew"

    # Single steps are shown after the end too, and a client that comes late gets all.
    session.cofferdam("stop", session.id)
    wait_for(lambda: session.sessions()[session.id]["state"] == "stopped", "the session to end")
    patch = session.cofferdam("diff", session.id, "--step", str(second["step"])).stdout
    assert "deep/new" in patch and "one" not in patch
    both = session.cofferdam(
        "diff", session.id, "--from", "0", "--step", str(second["step"])).stdout
    assert "+one" in both and "deep/new" in both
    log = session.cofferdam("log", session.id).stdout
    assert first["commit"][:10] in log and log.splitlines()[-1].split()[1] == "start:"
    for name in (reference, left):
        git(project, "-c", "core.hooksPath=/dev/null", "update-ref", "-d", name)
    # What a helper that was killed leaves behind.
    (project / ".git" / "refs" / "cofferdam").mkdir(exist_ok=True)
    (project / ".git" / f"{reference}.lock").write_text("")
    session.cofferdam("attach", "--replay", session.id)
    assert git(project, "rev-parse", reference, left).split() == [first["commit"], second["commit"]]
    wait_for(lambda: not helpers(world), "the helper to end")


def test_a_folder_without_git_has_a_repository_apart(world, obedient_model):  # noqa: F811
    project = world.folder / "plain"
    (project / "deep").mkdir(parents=True)
    (project / "f").write_text("zero\n")
    (project / "deep" / "h").write_text("h\n")
    session = start(world, project, "echo one > f")
    (made,) = session.events("stepCommitted")
    assert not (project / ".git").exists()
    (repository,) = (world.folder / "state" / "cofferdam" / "repositories").iterdir()
    assert git(repository, "rev-parse", f"refs/cofferdam/{session.id}") == made["commit"]
    assert git(repository, "ls-tree", "-r", "--name-only", made["commit"]).split() == ["deep/h", "f"]
    assert git(repository, "show", f"{made['parent']}:f") == "zero"
    assert git(repository, "fsck", "--strict", "--full", "--no-dangling") == ""


def test_an_editor_receives_them_as_the_work_goes_on(world, project, obedient_model):  # noqa: F811
    editor = Stdio(world, project)
    try:
        editor.request("initialize", {
            "processId": None, "capabilities": {}, "rootUri": project.as_uri(),
            "workspaceFolders": [{"uri": project.as_uri(), "name": "project"}]})
        editor.send(method="initialized", params={})
        assert not helpers(world)
        answer = editor.request("agent/start", {"prompt": "Please:\nRUN echo one > f\nRUN echo two > g"})
        reference = f"refs/cofferdam/{answer['result']['sessionId']}"
        wait_for(lambda: git(project, "show", f"{reference}:g", check=False) == "two", "the commits to come")
        wait_for(lambda: not helpers(world), "the helper to end")
    finally:
        editor.process.kill()
        editor.process.wait()
