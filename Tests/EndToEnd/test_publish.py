"""Results go to real git servers, and their credentials nowhere else."""
import base64
import json
import pathlib
import secrets
import shutil
import subprocess
import threading

import pytest

from publish_servers import BACKEND, Servers
from obedient_model import obedient_model  # noqa: F401 (a fixture)

pytestmark = [
    pytest.mark.skipif(shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") is None, reason=f"{name} is missing")
    for name in ("nginx", "fcgiwrap", "sshd", "ssh", BACKEND)
]

CONFIGURATION = """
gitCredentials:
  team: {{user: bot, file: {folder}/password}}
remotes:
  - {{match: "{http}/*", credential: team, push: true}}
  - {{match: "{daemon}/tool.git", push: true}}
  - match: "{ssh}/tool.git"
    push: true
    ssh: {{key: {folder}/key, knownHosts: {folder}/known_hosts}}
  - match: "{ssh}/other.git"
    push: true
    ssh: {{key: {folder}/key, knownHosts: {folder}/wrong_hosts}}
publish:
  signingKey: {folder}/key
"""

# The secret must not be in the command itself: it would find itself.
SEARCH = ("printf %s {first} > /tmp/p; printf %s {second} >> /tmp/p; "
          "if grep -rsqaF -f /tmp/p /proc/[0-9]*/environ /proc/[0-9]*/cmdline /etc /home /root /run /var /srv .; "
          "then echo FOUND; else echo nothing; fi")


class Watch:
    """Looks for texts on the command lines of all processes while something runs."""

    def __init__(self, *texts: str):
        self.texts = [text.encode() for text in texts]
        self.found, self.looks, self.ends = [], 0, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.ends.is_set():
            self.looks += 1
            for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = path.read_bytes()
                except OSError:
                    continue
                self.found += [line for text in self.texts if text in line]

    def __enter__(self) -> "Watch":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.ends.set()
        self.thread.join()


@pytest.fixture
def servers(world):
    made = Servers(world.folder / "servers")
    yield made
    made.stop()


def test_results_are_pushed_to_real_servers(world, servers, obedient_model):  # noqa: F811
    secret = secrets.token_hex(24)
    project = world.folder / "project"
    (project / ".git").parent.mkdir()
    (project / "f").write_text("zero\n")
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"],
                      ["-c", "user.name=U", "-c", "user.email=u@example.com", "commit", "-qm", "Begin"]):
        servers.git("-C", project, *arguments)
    # Whatever the repository says is not for the service's git.
    hook = project / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {world.folder}/hook-ran\n")
    hook.chmod(0o755)
    bare = servers.add("tool.git", project)
    servers.add("other.git", project)
    addresses = {"http": servers.http("bot", secret), "daemon": servers.daemon(), "ssh": servers.ssh()}
    password = servers.folder / "password"
    password.touch(0o600)
    password.write_text(secret)
    (world.folder / "config" / "cofferdam").mkdir(exist_ok=True)
    (world.folder / "config" / "cofferdam" / "service.yaml").write_text(
        CONFIGURATION.format(folder=servers.folder, **addresses))

    search = SEARCH.format(first=secret[:20], second=secret[20:])
    world.cofferdam(
        "run", "--keep", "--apply", "never", f"Mend it:\nRUN echo one >> f; echo new > g\nRUN {search}", cwd=project)
    (listed,) = json.loads(world.cofferdam("list", "--json", cwd=project, check=0).stdout)["sessions"]
    session = listed["sessionId"]
    branch = f"cofferdam/{session}-mend-it"

    def publish(kind: str, *arguments, name="tool.git", check=0):
        return world.cofferdam(
            "publish", session, "--branch-only", "--remote", f"{addresses[kind]}/{name}", *arguments, cwd=project,
            check=check)

    refused = publish("http", check=None)
    assert refused.returncode != 0 and "not verified" in refused.stdout and "--yes" in refused.stderr
    basic = base64.b64encode(f"bot:{secret}".encode()).decode()
    with Watch(secret, basic) as watch:
        assert f"pushed {branch}" in publish("http", "--yes").stdout
    assert watch.found == [] and watch.looks > 0
    assert servers.git("-C", bare, "show", f"{branch}:f") == "zero\none"
    assert servers.git("-C", bare, "rev-parse", f"{branch}^") == servers.git("-C", bare, "rev-parse", "main")
    (servers.folder / "signers").write_text(f"* {(servers.folder / 'key.pub').read_text()}")
    servers.git("-C", bare, "-c", f"gpg.ssh.allowedSignersFile={servers.folder}/signers", "verify-commit", branch)

    # More work is a commit more, over another way to the same repository.
    first = servers.git("-C", bare, "rev-parse", branch)
    world.cofferdam("prompt", "--session", session, f"More:\nRUN echo two >> f\nRUN {search}", cwd=project)
    publish("http", "--yes")
    assert servers.git("-C", bare, "rev-parse", f"{branch}^") == first
    for kind in ("daemon", "ssh"):
        other = f"cofferdam/by-{kind}"
        publish(kind, "--yes", "--branch", other)
        assert servers.git("-C", bare, "show", f"{other}:f") == "zero\none\ntwo"

    # A host that is not the one that is known, a wrong password, a remote that nobody allowed.
    unknown = publish("ssh", "--yes", name="other.git", check=None)
    assert unknown.returncode != 0 and "host key" in unknown.stderr.lower(), unknown.stderr
    password.write_text("wrong-password")
    wrong = publish("http", "--yes", "--branch", "cofferdam/wrong", check=None)
    assert wrong.returncode != 0 and "authentication" in wrong.stderr.lower(), wrong.stderr
    assert publish("daemon", "--yes", name="other.git", check=None).returncode != 0
    branches = servers.git("-C", bare, "for-each-ref", "--format=%(refname:short)", "refs/heads")
    assert sorted(branches.split()) == sorted(["main", branch, "cofferdam/by-daemon", "cofferdam/by-ssh"])

    # From the remote and back to it, without a folder: the credential is for fetching too.
    password.write_text(secret)
    before = {one["sessionId"] for one in json.loads(world.cofferdam("list", "--json", cwd=project).stdout)["sessions"]}
    world.cofferdam(
        "run", "--keep", "--repository", f"{addresses['http']}/tool.git", "--ref", "main",
        f"Add it:\nRUN echo remote > r\nRUN {search}", cwd=project)
    sessions = json.loads(world.cofferdam("list", "--all", "--json", cwd=project).stdout)["sessions"]
    (remote,) = {one["sessionId"] for one in sessions} - before
    world.cofferdam("publish", remote, "--branch-only", "--yes", cwd=project, check=0)
    assert servers.git("-C", bare, "diff", "--name-only", "main", f"cofferdam/{remote}-add-it") == "r"

    # The secret was for the server only.
    replayed = world.cofferdam("attach", "--replay", "--json", session, cwd=project).stdout
    events = [json.loads(line)["event"] for line in replayed.splitlines()]
    answers = [event["text"] for event in events if event["type"] == "toolCallCompleted"]
    assert sum("nothing" in answer for answer in answers) == 2 and not any("FOUND" in answer for answer in answers)
    published = [event for event in events if event["type"] == "sessionPublished"]
    assert [event["branch"] for event in published] == [branch, branch, "cofferdam/by-daemon", "cofferdam/by-ssh"]
    for text in (secret, basic):
        assert text not in replayed and text not in world.log()
        kept = subprocess.run(["grep", "-rlaF", text, world.folder / "state"], capture_output=True, text=True)
        assert kept.stdout == ""
    assert not (world.folder / "hook-ran").exists()
