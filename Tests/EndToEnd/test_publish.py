"""From a session to a branch on a real server of git: over http, https and ssh, without a credential where it should not be."""
import base64
import json
import pathlib
import re
import subprocess
import threading

import pytest

import recordings
from git_servers import PASSWORD, USER, GitServers

CANARIES = (PASSWORD, base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())
# What a sandbox could look at: its environment, its processes, and every file that it can read.
SEARCH = r"""
echo made > made.txt
printf 'canary-9f8e%s' 7d6c5b > /tmp/planted
{ env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline; } 2>/dev/null | tr '\0' '\n' | grep -E 'canary-9f8e[7]d6c5b' | sed 's/^/FO''UND:/'
find / \( -path /proc -o -path /sys -o -path /usr -o -path /dev \) -prune -o -type f -size -64k -print0 2>/dev/null |
    xargs -0 grep -lE 'canary-9f8e[7]d6c5b' 2>/dev/null | sed 's/^/FO''UND:/'
rm /tmp/planted
echo sear''ched
"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    made = GitServers(tmp_path_factory.mktemp("g")).start()
    yield made
    made.stop()


class Case:
    """A project whose remote is on the servers, and a session that has changed it."""

    def __init__(self, world, servers, name, address, script=SEARCH, publish=None):
        self.world, self.servers, self.told = world, servers, servers.description
        self.remote = servers.repository(name)
        self.address = address.format(**self.told, name=name)
        self.project = world.folder / "project"
        (self.project / ".github" / "workflows").mkdir(parents=True)
        (self.project / "a.txt").write_text("a\n")
        (self.project / ".github" / "workflows" / "ci.yml").write_text("on: push\n")
        (self.project / ".cofferdam.yaml").write_text('checks: [{name: there, command: ["test", "-e", "made.txt"]}]\n')
        self.git("init", "-q", "-b", "main", ".")
        self.git("add", "-A")
        self.git("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit", "-q", "-m", "Begin")
        self.git("push", "-q", str(self.remote), "main")
        self.git("remote", "add", "origin", self.address)
        self.git("config", "user.name", "Ann")
        self.git("config", "user.email", "ann@example.com")
        self.configure(publish)
        world.replay(recordings.asks_to_run(world.folder / "recordings" / "r.json", ["/bin/sh", "-c", script]))

    def configure(self, publish=None, **changes):
        told = self.told | changes
        token = self.world.folder / "token"
        token.write_text(told["password"])
        token.chmod(0o600)
        rules = [
            {"match": f"{told['http']}/*", "credential": "bot", "push": True},
            {"match": f"{told['https']}/*", "credential": "bot", "push": True, "caFile": told["authorities"]},
            {"match": f"{told['ssh']}/*", "push": True, "ssh": {"key": told["key"], "knownHosts": told["knownHosts"]}},
        ]
        file = {"gitCredentials": {"bot": {"user": USER, "file": str(token)}}, "remotes": rules,
                "publish": publish or {}}
        path = self.world.folder / "config" / "cofferdam" / "service.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(file))

    def git(self, *arguments) -> str:
        return self.servers.git_command("-C", str(self.project), "-c", "safe.directory=*", *arguments)

    def on_remote(self, *arguments) -> str:
        return self.servers.git_command("--git-dir", str(self.remote), *arguments)

    def run(self) -> str:
        result = self.world.cofferdam("run", "--json", "--apply", "never", "Make it", cwd=self.project)
        assert result.returncode == 0, result.stdout + result.stderr + self.world.log()
        return result.stdout

    def publish(self, *arguments, check=0) -> str:
        result = self.world.cofferdam("publish", "--branch-only", *arguments, cwd=self.project)
        text = result.stdout + result.stderr
        assert (result.returncode == 0) == (check == 0), text + self.world.log()
        assert not any(canary in text for canary in CANARIES)
        return text

    def branches(self) -> list:
        return self.on_remote("for-each-ref", "--format=%(refname:short)").split()


class CommandLines:
    """What every process of this machine was started with, while it runs."""

    def __init__(self):
        self.seen, self.ends = set(), threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.ends.is_set():
            for entry in pathlib.Path("/proc").iterdir():
                if entry.name.isdigit():
                    try:
                        self.seen.add((entry / "cmdline").read_bytes())
                    except OSError:
                        pass

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()


def holds_canary(folder) -> list:
    """Files below a folder that hold a credential."""
    found = subprocess.run(
        ["grep", "-rlaE", "|".join(CANARIES), str(folder)], capture_output=True, text=True).stdout.split()
    return [path for path in found if not path.endswith("/token")]


def test_a_branch_goes_out_and_no_credential_is_seen(world, servers, tmp_path):
    key = tmp_path / "signing"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    case = Case(world, servers, "canary", "{http}/{name}.git", publish={"signingKey": str(key)})
    events = case.run()
    # The search finds what was planted for it, and nothing else.
    assert "searched" in events
    assert set(re.findall(r"FOUND:([^\\\"\s]*)", events)) == {"/tmp/planted"}
    with CommandLines() as lines:
        said = case.publish()
    branches = [name for name in case.branches() if name != "main"]
    assert len(branches) == 1 and branches[0].startswith("cofferdam/") and branches[0] in said
    assert any(b"receive-pack" in line or b"push" in line for line in lines.seen), "it was looked at too seldom"
    assert not any(canary.encode() in line for canary in CANARIES for line in lines.seen)
    # On the remote: what the session changed, on what was there, signed, by the user.
    assert case.on_remote("show", f"{branches[0]}:made.txt") == "made\n"
    assert case.on_remote("rev-list", "--count", branches[0]).strip() == "2"
    assert case.on_remote("log", "-1", "--format=%an <%ae>", branches[0]).strip() == "Ann <ann@example.com>"
    signer = case.on_remote("log", "-1", "--format=%ce", branches[0]).strip()
    (tmp_path / "signers").write_text(f"{signer} {(tmp_path / 'signing.pub').read_text()}")
    case.on_remote("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={tmp_path}/signers", "verify-commit",
                   branches[0])
    # It was used, and only there.
    log = (servers.folder / "access.log").read_text()
    assert CANARIES[1] in log
    assert not any(line.startswith(str(servers.other)) and CANARIES[1] in line for line in log.splitlines())
    # Nothing new: the same answer. Then neither the service's folders nor the user's hold it.
    case.publish()
    assert case.on_remote("rev-list", "--count", branches[0]).strip() == "2"
    world.stop_service()
    assert not holds_canary(world.folder)
    assert not any(canary in events for canary in CANARIES)
    assert not any(canary in world.log() for canary in CANARIES)


@pytest.mark.parametrize("way", ["https", "ssh"])
def test_other_ways(world, servers, way):
    case = Case(world, servers, f"way-{way}", "{" + way + "}/{name}.git", script="echo made > made.txt")
    case.run()
    case.publish("--branch", "cofferdam/mine")
    assert case.branches() == ["cofferdam/mine", "main"]
    # And fetched back by the user's own git.
    case.git("fetch", "-q", str(case.remote), "cofferdam/mine")
    assert case.git("show", "FETCH_HEAD:made.txt") == "made\n"


def test_what_must_not_go_out_does_not(world, servers, tmp_path):
    script = "echo made > made.txt; echo 'on: [push, pull_request]' > .github/workflows/ci.yml"
    case = Case(world, servers, "refused", "{http}/{name}.git", script=script)
    case.run()
    said = case.publish(check=1)
    assert ".github/workflows/ci.yml" in said and case.branches() == ["main"]
    for branch in ("main", "-x", "cofferdam/../main", "other"):
        case.publish("--yes", f"--branch={branch}", check=1)
    case.publish("--yes", "--remote", f"{case.told['other']}/refused.git", check=1)
    assert case.branches() == ["main"]
    # The bundle and the patches need nobody's leave to be pushed, but the same approval.
    case.publish("--yes")
    assert len(case.branches()) == 2


@pytest.mark.parametrize("fault", ["password", "host"])
def test_a_refused_credential_and_an_unknown_host_are_told(world, servers, tmp_path, fault):
    case = Case(world, servers, f"fault-{fault}", {"password": "{http}", "host": "{ssh}"}[fault] + "/{name}.git",
                script="echo made > made.txt")
    (tmp_path / "nobody").write_text("")
    case.configure(**{"password": {"password": "wrong-4711"}, "host": {"knownHosts": str(tmp_path / "nobody")}}[fault])
    case.run()
    said = case.publish(check=1)
    assert {"password": "does not take the credential", "host": "Host key verification failed"}[fault] in said
    assert "wrong-4711" not in said + world.log() and case.branches() == ["main"]


def test_a_bundle_and_patches(world, servers, tmp_path):
    case = Case(world, servers, "files", "{http}/{name}.git", script="echo made > made.txt")
    case.run()
    for option, file in (("--bundle", "work.bundle"), ("--patches", "work.mbox")):
        result = world.cofferdam("publish", option, str(tmp_path / file), cwd=case.project, check=0)
        assert file in result.stdout
    case.git("fetch", "-q", str(tmp_path / "work.bundle"), "refs/heads/*:refs/remotes/bundle/*")
    name = case.git("for-each-ref", "--format=%(refname)", "refs/remotes/bundle").strip()
    assert case.git("show", f"{name}:made.txt") == "made\n"
    case.git("am", "-q", str(tmp_path / "work.mbox"))
    assert (case.project / "made.txt").read_text() == "made\n"
    assert case.git("rev-parse", "HEAD^{tree}") == case.git("rev-parse", f"{name}^{{tree}}")
    assert case.branches() == ["main"]


def test_a_session_on_a_remote_repository(world, servers):
    case = Case(world, servers, "headless", "{http}/{name}.git", script="echo made > made.txt; cat a.txt")
    result = world.cofferdam("run", "--json", "--repository", case.address, "Make it", cwd=world.folder)
    assert result.returncode == 0, result.stdout + result.stderr + world.log()
    session = json.loads(result.stdout.splitlines()[-1]).get("sessionId") or json.loads(
        result.stdout.splitlines()[0])["sessionId"]
    said = case.publish(session)
    assert len(case.branches()) == 2, said
    assert not holds_canary(world.folder / "state")
