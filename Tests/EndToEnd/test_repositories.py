"""Sessions on a remote repository: fetched from a real server, with a credential that stays in the service."""
import json

import pytest

from git_servers import PASSWORD, USER, GitServers
from obedient_model import obedient_model  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    made = GitServers(tmp_path_factory.mktemp("g")).start()
    yield made
    made.stop()


class Remote:
    """A repository on the servers, with a checkout to commit from."""

    def __init__(self, world, servers, name):
        self.git, self.checkout = servers.git_command, world.folder / "checkout"
        self.path = servers.repository(name)
        self.address = f"{servers.description['http']}/{name}.git"
        self.git("init", "-q", "-b", "main", self.checkout)

    def commit(self, files: dict, branch="main") -> str:
        for name, text in files.items():
            (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
            (self.checkout / name).write_text(text)
        self.git("-C", self.checkout, "add", "-A")
        self.git("-C", self.checkout, "commit", "-q", "-m", "change")
        self.git("-C", self.checkout, "push", "-q", "-f", self.path, f"HEAD:{branch}")
        return self.git("-C", self.checkout, "rev-parse", "HEAD").strip()


@pytest.fixture
def remote(world, servers, obedient_model):  # noqa: F811
    secret = world.folder / "token"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    (world.folder / "config" / "cofferdam").mkdir()
    (world.folder / "config" / "cofferdam" / "service.yaml").write_text(f"""
remotes:
  - match: {servers.description['http']}/*
    credential: team
gitCredentials:
  team: {{user: {USER}, file: {secret}}}
""")
    return Remote(world, servers, world.folder.name)


def run(world, *arguments, prompt, check=0):
    done = world.cofferdam("run", *arguments, f"Please:\n{prompt}", cwd=world.folder)
    assert done.returncode == check, done.stdout + done.stderr + world.log()
    return done.stdout + done.stderr


def fetched(world, *arguments, prompt="RUN true") -> dict:
    lines = run(world, "--json", "--keep", *arguments, prompt=prompt).splitlines()
    events = [json.loads(line) for line in lines if "repositoryFetched" in line]
    assert len(events) == 1, lines
    return events[0]["event"]


def test_a_branch_is_worked_on_and_fetched_anew(world, remote):
    first = remote.commit({"a.txt": "one\n", "sub/.gitignore": "*.o\n", ".cofferdam.yaml": "environment: {WHO: ann}\n"})
    event = fetched(world, "--repository", remote.address)
    assert event["commit"] == first and event["ref"] == "refs/heads/main" and not event["cached"]
    second = remote.commit({"a.txt": "two\n"})
    assert fetched(world, "--repository", remote.address, "--ref", "main")["commit"] == second
    event = fetched(world, "--repository", remote.address, "--ref", first)
    assert event["commit"] == first and event["cached"] and "ref" not in event

    shown = run(world, "--keep", "--repository", remote.address, prompt="RUN cat a.txt; echo $WHO; pwd; env | grep -c canary\n"
                "RUN echo new > b.txt; echo x > sub/c.o", check=1)
    assert "two" in shown and "ann" in shown and f"/workspace/{world.folder.name}" in shown, shown
    assert f"{remote.address} refs/heads/main at {second[:12]}" in shown
    session = shown.split("session ")[1].split()[0]
    diff = world.cofferdam("diff", session, cwd=world.folder, check=0).stdout
    assert "+new" in diff and "c.o" not in diff
    refused = world.cofferdam("apply", session, cwd=world.folder)
    assert refused.returncode == 64 and "not on a folder" in refused.stderr
    assert remote.address in world.cofferdam("list", "--all", cwd=world.folder, check=0).stdout

    for file in (world.folder / "state").rglob("*"):
        if file.is_file():
            assert PASSWORD.encode() not in file.read_bytes(), file


@pytest.mark.parametrize("case", ["remote", "branch", "password", "address", "nothing"])
def test_what_cannot_be_fetched_is_said(world, remote, servers, case):
    remote.commit({"a.txt": "one\n"})
    address, ref, said = remote.address, "main", ""
    if case == "remote":
        address, said = f"{servers.description['other']}/x.git", "is not allowed"
    if case == "branch":
        ref, said = "none", "has no branch, tag or commit `none`"
    if case == "password":
        (world.folder / "token").write_text("wrong")
        said = "authentication failed"
    if case == "address":
        address, said = "--upload-pack=touch x", "a remote is `https://host/path`"
    if case == "nothing":
        address, said = f"{servers.description['http']}/none.git", "not found"
    done = world.cofferdam("run", "--repository=" + address, "--ref", ref, "Please", cwd=world.folder)
    told = done.stdout + done.stderr
    assert said in told and done.returncode != 0 and PASSWORD not in told, told
