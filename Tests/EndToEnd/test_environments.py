"""Environments through the real service: root file systems, setup steps, devcontainer.json."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile

import pytest

import images
import recordings
import test_ordinary_user
from conftest import BIN, wait_for
from test_ordinary_user import ordinary  # a fixture

BUSYBOX = pathlib.Path("/bin/busybox")


def repository(world, name="repository", **files) -> pathlib.Path:
    folder = world.folder / name
    folder.mkdir()
    for path, text in files.items():
        target = folder / path.replace("__", "/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True, env=world.environment)
    return folder


def put(folder, path, text):
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)


def service(world, text):
    put(world.folder / "config", "cofferdam/service.yaml", text)


def runs(world, *script, name="run"):
    """A model that runs a shell script and ends. A service has one model for as long as it runs."""
    world.stop_service()
    world.replay(recordings.asks_to_run(world.folder / "recordings" / f"{name}.json", ["/bin/sh", "-c", "\n".join(script)]))


def session(world, folder, *arguments) -> list:
    """The events of a session from its start to its end."""
    run = world.cofferdam("run", "--json", "--apply", "never", *arguments, "Go on", cwd=folder)
    events = [json.loads(line)["event"] for line in run.stdout.splitlines() if line.startswith("{")]
    assert events, run.stdout + run.stderr + world.log()
    return events


def of(events, kind) -> list:
    return [event for event in events if event["type"] == kind]


def output(events, prefix) -> str:
    return "".join(e.get("text", "") for e in of(events, "outputDelta") if e["itemId"].startswith(prefix))


def reason(events) -> str:
    return " ".join(e.get("reason", "") for e in of(events, "sessionStatus"))


# A set-up leaves marks outside the workspace's result: how often it ran is what a session sees of it.
SETUP = """
checks: []
setup:
  - date +%s%N > .stamp; mkdir -p node_modules/m; echo made > node_modules/m/index.js; echo home > ~/.tool; echo setting up
  - [sh, -c, 'cat .stamp >> steps.txt']
"""
SHOW = "cat .stamp node_modules/m/index.js ~/.tool"


def test_setup_runs_once_for_all_sessions(world):
    folder = repository(world, **{".cofferdam.yaml": SETUP, "a.txt": "a\n", "package.json": "{}\n"})
    runs(world, SHOW, "echo changed >> a.txt")
    first = session(world, folder)
    assert [e["step"] for e in of(first, "setupStarted")] == [1, 2], reason(first)
    assert "setting up" in output(first, "setup")
    assert all(e["result"]["exitCode"] == 0 for e in of(first, "setupCompleted"))
    (prepared,) = of(first, "environmentPrepared")
    assert (prepared["environment"], prepared["setup"], prepared["steps"]) == ("host", "ran", 2)
    assert "made\nhome\n" in output(first, "tool")
    (end,) = of(first, "turnCompleted")
    assert end["changedFiles"] == ["a.txt"], "what the set-up made is no part of the result"

    second = session(world, folder)
    assert of(second, "setupStarted") == []
    assert of(second, "environmentPrepared")[0]["setup"] == "reused"
    assert output(second, "tool") == output(first, "tool"), "the very same files"

    (folder / "package.json").write_text('{"a": 1}\n')
    third = session(world, folder)
    assert of(third, "environmentPrepared")[0]["setup"] == "ran", "a manifest has changed"
    assert output(third, "tool") != output(first, "tool")

    (folder / "other.txt").write_text("not a manifest\n")
    fourth = session(world, folder)
    assert of(fourth, "environmentPrepared")[0]["setup"] == "reused"
    assert output(fourth, "tool") == output(third, "tool")


def test_where_the_kernel_mounts_no_overlay(world):
    world.environment["COFFERDAM_COPY_WORKSPACES"] = "1"
    folder = repository(world, **{".cofferdam.yaml": SETUP, "a.txt": "a\n", "gone": "g\n"})
    runs(world, SHOW, "echo changed >> a.txt; rm gone; echo more >> node_modules/m/index.js")
    first, second = session(world, folder), session(world, folder)
    assert [of(e, "environmentPrepared")[0]["setup"] for e in (first, second)] == ["ran", "reused"], reason(first)
    assert output(first, "tool") == output(second, "tool") and "made\nhome\n" in output(first, "tool")
    assert of(second, "turnCompleted")[0]["changedFiles"] == ["a.txt", "gone"]
    assert (folder / "a.txt").read_text() == "a\n"


def test_two_sessions_at_once_share_one_setup(world):
    # A toolchain is the one folder of the host that is seen as it changes: the set-up goes on once the other session
    # has said that it waits.
    tool = gate(world)
    folder = repository(world, **{
        ".cofferdam.yaml": f"checks: []\nsetup: ['until [ -e {tool}/go ]; do sleep 0.1; done; date +%s%N > .stamp']\n"})
    runs(world, "cat .stamp")
    logs = [world.folder / "first.jsonl", world.folder / "second.jsonl"]
    started = []

    def begin(path, kind):
        with path.open("w") as file:
            started.append(world.start(
                BIN / "cofferdam", "run", "--json", "--apply", "never", "Go on", cwd=folder, stdout=file,
                stdin=subprocess.DEVNULL))
        wait_for(lambda: kind in path.read_text(), f"{kind} in {path.name}", 120)

    begin(logs[0], '"setupStarted"')
    begin(logs[1], '"waiting"')
    (tool / "go").write_text("")
    for process in started:
        process.wait(timeout=240)
    first, second = [[json.loads(line)["event"] for line in path.read_text().splitlines()] for path in logs]
    assert of(first, "environmentPrepared")[0]["setup"] == "ran"
    assert of(second, "environmentPrepared")[0]["setup"] == "waited" and of(second, "setupStarted") == []
    assert output(first, "tool") == output(second, "tool") != ""


def test_a_failed_setup_is_shown_and_not_kept(world):
    folder = repository(world, **{
        ".cofferdam.yaml": "checks: []\nsetup:\n  - echo first\n  - echo to stderr >&2; exit 7\n  - echo never\n", "a": "a"})
    runs(world, "true")
    for _ in range(2):
        events = session(world, folder)
        assert [e["result"]["exitCode"] for e in of(events, "setupCompleted")] == [0, 7]
        assert of(events, "sessionStatus")[-1]["state"] == "failed"
        assert "exit code 7" in reason(events) and "to stderr" in reason(events)
        assert of(events, "environmentPrepared") == [] and of(events, "turnStarted") == []
    layers = world.folder / "state" / "cofferdam" / "environments" / "layers"
    assert list(layers.iterdir()) == []
    (folder / ".cofferdam.yaml").write_text("checks: []\nsetup: [echo first]\n")
    assert of(session(world, folder), "environmentPrepared")[0]["setup"] == "ran"


def test_what_setup_changes_of_the_sources_is_set_aside(world):
    folder = repository(world, **{
        ".cofferdam.yaml": "checks: []\nsetup:\n  - echo new > lock.json; rm b; echo x > made\n", "lock.json": "old\n",
        "b": "b\n"})
    runs(world, "cat lock.json b made")
    events = session(world, folder)
    assert output(events, "tool") == "old\nb\nx\n"
    (note,) = of(events, "environmentPrepared")[0]["notes"]
    assert "b, lock.json" in note
    assert of(events, "turnCompleted")[0]["changedFiles"] == []


@pytest.mark.skipif(not BUSYBOX.exists(), reason="busybox-static is not installed")
class TestRoots:
    @pytest.fixture
    def root(self, world):
        return images.busybox_root(world.folder / "busybox")

    def show(self, world, folder):
        runs(world, "cat /etc/motd; ls /usr 2>&1 | head -3; echo $GREETING; command -v git || echo no git; echo x > new")
        return session(world, folder)

    def test_directory_tarball_and_image(self, world, root):
        archive = world.folder / "root.tar.gz"
        with tarfile.open(archive, "w:gz") as file:
            file.add(root, ".")
        layout = images.layout(world.folder / "image", [images.layer(root)], env=["GREETING=from the image"])
        service(world, f"""
environments:
  default: image
  named:
    image: {{oci: "{layout}"}}
    tar: {{tarball: "{archive}"}}
    dir: {{root: "{root}"}}
    closed: {{root: "{root}", repositories: false}}
""")
        folder = repository(world, **{"a": "a", ".cofferdam.yaml": "checks: []\n"})
        for name in ("image", "tar", "dir"):
            put(folder, ".cofferdam.yaml", f"checks: []\nsandbox: {{environment: {name}}}\n")
            events = self.show(world, folder)
            text = output(events, "tool")
            assert "busybox image" in text and "no git" in text, text + reason(events)
            assert ("from the image" in text) == (name == "image")
            assert of(events, "turnCompleted")[0]["changedFiles"] == ["new"]
            assert (of(events, "environmentPreparing") != []) == (name != "dir")
        put(folder, ".cofferdam.yaml", "checks: []\n")
        again = self.show(world, folder)
        assert of(again, "environmentPrepared")[0]["environment"] == "image"
        assert of(again, "environmentPreparing") == [], "unpacked once"
        put(folder, ".cofferdam.yaml", "checks: []\nsandbox: {environment: closed}\n")
        refused = session(world, folder)
        assert of(refused, "sessionStatus")[-1]["state"] == "failed"
        assert "no environment “closed”" in reason(refused) and "host, image, tar, dir" in reason(refused)

    def test_devcontainer(self, world, root):
        service(world, f"""
environments:
  named:
    box: {{root: "{root}", images: ["example.org/box:1"]}}
""")
        folder = repository(world, **{"a": "a", ".cofferdam.yaml": "checks: []\n"})
        put(folder, ".devcontainer/devcontainer.json", """
            // a devcontainer
            {
              "image": "example.org/box:1",
              "containerEnv": { "WHERE": "${containerWorkspaceFolder}", "SECRET": "[${localEnv:HOME}]", },
              "remoteUser": "dev",
              "workspaceFolder": "/workspaces/thing",
              "postCreateCommand": { "one": "echo $WHERE > one", "two": ["sh", "-c", "id -un > two"] },
              "forwardPorts": [80],
            }""")
        runs(world, "cat one two /workspaces/thing/a; echo $SECRET $USER; cat /etc/motd")
        events = session(world, folder)
        assert output(events, "tool") == "/workspaces/thing\ndev\na[] dev\nbusybox image\n", reason(events)
        (prepared,) = of(events, "environmentPrepared")
        assert (prepared["environment"], prepared["setup"], prepared["steps"]) == ("box", "ran", 1)
        notes = "\n".join(prepared["notes"])
        assert "forwardPorts" in notes and "${localEnv:HOME}" in notes
        assert str(world.folder) not in json.dumps([e for e in events if e["type"] == "outputDelta"])
        assert of(session(world, folder), "environmentPrepared")[0]["setup"] == "reused"

        # An image that nobody offers: the file is set aside, unless the repository insists.
        put(folder, ".devcontainer/devcontainer.json", '{"image": "example.org/other:1", "postCreateCommand": "exit 1"}')
        events = session(world, folder)
        (prepared,) = of(events, "environmentPrepared")
        assert (prepared["environment"], prepared["setup"]) == ("host", "none")
        assert "example.org/other:1" in prepared["notes"][0] and "host, box" in prepared["notes"][0]
        put(folder, ".cofferdam.yaml", "checks: []\nsandbox: {devcontainer: true}\n")
        events = session(world, folder)
        assert of(events, "sessionStatus")[-1]["state"] == "failed" and "example.org/other:1" in reason(events)
        put(folder, ".cofferdam.yaml", "checks: []\nsandbox: {environment: box, devcontainer: true}\nsetup: [echo mine > one]\n")
        runs(world, "cat one", name="mine")
        assert output(session(world, folder), "tool") == "mine\n", ".cofferdam.yaml wins"


@pytest.mark.skipif(not (BUSYBOX.exists() and shutil.which("umoci")), reason="busybox-static or umoci is not installed")
@pytest.mark.skipif(os.environ.get("COFFERDAM_LONG_TESTS") != "1", reason="long: make test-all")
def test_an_image_that_umoci_made(world):
    root = images.busybox_root(world.folder / "busybox")
    layout = images.by_umoci(world.folder / "image", root, "box")
    service(world, f'environments: {{default: box, named: {{box: {{oci: "{layout}:box"}}}}}}\n')
    folder = repository(world, **{"a": "a", ".cofferdam.yaml": "checks: []\n"})
    runs(world, "cat /etc/motd; ls /gone 2>&1; echo $FROM")
    events = session(world, folder)
    assert output(events, "tool").startswith("busybox image\nls: /gone"), reason(events)
    assert output(events, "tool").endswith("umoci\n")


def test_a_service_that_is_killed_during_a_setup(world):
    tool = gate(world)
    folder = repository(world, **{
        ".cofferdam.yaml": f"checks: []\nsetup: ['echo began; until [ -e {tool}/go ]; do sleep 0.1; done; echo done > made']\n"})
    runs(world, "cat made")
    path = world.folder / "first.jsonl"
    with path.open("w") as file:
        first = world.start(BIN / "cofferdam", "run", "--json", "--apply", "never", "Go on", cwd=folder, stdout=file,
                            stdin=subprocess.DEVNULL)
    wait_for(lambda: "began" in path.read_text(), "the set-up to begin", 120)
    setups = sandboxes(world)
    assert setups
    world.stop_service(signal.SIGKILL)
    (tool / "go").write_text("")
    listed = json.loads(world.cofferdam("list", "--json", cwd=folder, check=0).stdout)["sessions"]
    first.wait(timeout=240)
    attached = world.cofferdam("attach", "--json", listed[0]["sessionId"], cwd=folder)
    events = [json.loads(line)["event"] for line in attached.stdout.splitlines() if line.startswith("{")]
    assert "made anew" in of(events, "sessionResumed")[0]["reason"], attached.stderr + world.log()
    assert of(events, "environmentPrepared")[0]["setup"] == "ran"
    assert output(events, "tool") == "done\n"
    assert not set(setups) & set(sandboxes(world)), "the first set-up's sandbox is gone"


def test_a_session_that_is_stopped_during_its_setup(world):
    tool = gate(world)
    folder = repository(world, **{
        ".cofferdam.yaml": f"checks: []\nsetup: ['echo began; until [ -e {tool}/go ]; do sleep 0.1; done']\n"})
    runs(world, "true")
    path = world.folder / "first.jsonl"
    with path.open("w") as file:
        first = world.start(BIN / "cofferdam", "run", "--json", "--apply", "never", "Go on", cwd=folder, stdout=file,
                            stdin=subprocess.DEVNULL)
    wait_for(lambda: "began" in path.read_text(), "the set-up to begin", 120)
    assert sandboxes(world)
    (entry,) = json.loads(world.cofferdam("list", "--json", cwd=folder, check=0).stdout)["sessions"]
    world.cofferdam("stop", entry["sessionId"], cwd=folder, check=0)
    first.wait(timeout=240)
    events = [json.loads(line)["event"] for line in path.read_text().splitlines()]
    assert of(events, "sessionStatus")[-1]["state"] == "stopped"
    wait_for(lambda: not sandboxes(world), "the set-up's sandbox to end")
    (tool / "go").write_text("")
    assert of(session(world, folder), "environmentPrepared")[0]["setup"] == "ran", "nothing was kept"


def gate(world) -> pathlib.Path:
    """A folder of the host that sandboxes see as it changes: a toolchain."""
    tool = world.folder / "tool"
    (tool / "bin").mkdir(parents=True)
    (tool / "bin" / "node").write_text("#!/bin/sh\n")
    for path in (tool, tool / "bin", tool / "bin" / "node"):
        path.chmod(0o755)
    world.environment["PATH"] = f"{tool}/bin:" + world.environment["PATH"]
    return tool


def sandboxes(world) -> list:
    """Process ids of bubblewrap for setup steps of this test's sessions."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if command.startswith(b"bwrap\0") and str(world.folder).encode() in command:
            found.append(int(entry.name))
    return found


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="not root: the others run so already")
@pytest.mark.skipif(not BUSYBOX.exists(), reason="busybox-static is not installed")
def test_all_of_it_as_an_ordinary_user(ordinary):
    root = images.busybox_root(ordinary.folder / "busybox")
    layout = images.layout(ordinary.folder / "image", [images.layer(root)], env=["GREETING=hello"])
    service(ordinary, f'environments: {{default: box, named: {{box: {{oci: "{layout}"}}}}}}\n')
    folder = repository(ordinary, **{
        ".cofferdam.yaml": "checks: []\nsetup: ['mkdir made; echo $GREETING > made/f; echo home > ~/f']\n", "a": "a\n"})
    runs(ordinary, "cat made/f ~/f /etc/motd a; echo b > a; rm -r made; mkdir made; echo x > made/f")
    for path in [ordinary.folder, *ordinary.folder.rglob("*")]:
        os.chown(path, test_ordinary_user.USER, test_ordinary_user.USER, follow_symlinks=False)
    for setup in ("ran", "reused"):
        run = test_ordinary_user.cofferdam(ordinary, "run", "--json", "--apply", "never", "Go on", cwd=folder)
        events = [json.loads(line)["event"] for line in run.stdout.splitlines() if line.startswith("{")]
        assert events, run.stdout + run.stderr + ordinary.log()
        assert output(events, "tool") == "hello\nhome\nbusybox image\na\n", reason(events) + run.stderr
        assert of(events, "environmentPrepared")[0]["setup"] == setup
        assert of(events, "turnCompleted")[0]["changedFiles"] == ["a", "made/f"], "made/f is the agent's own now"
