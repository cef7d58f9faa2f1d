"""The C scenario as an ordinary user: no privilege is needed, and the user's files stay theirs."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from conftest import BIN, FIXTURES, World, wait_for

USER = 65533  # no account, no group, nothing of its own

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="not root: every other test runs as an ordinary user already"),
    pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is not installed"),
]


@pytest.fixture
def ordinary():
    """A world whose programs run as `USER`, with copies of everything that user may not reach."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cofferdam-user-"))
    folder.chmod(0o755)
    made = World(folder)
    (folder / "bin").mkdir()
    for name in ("cofferdam", "cofferdamd", "cofferdam-supervisor"):
        shutil.copy2(BIN / name, folder / "bin" / name)
    shutil.copy(FIXTURES / "recordings" / "broken-c.json", folder / "recording.json")
    made.replay(folder / "recording.json")
    made.project("broken-c")
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, USER, USER)
    yield made
    made.stop_service()
    shutil.rmtree(folder)


def cofferdam(world, *arguments, cwd) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all",
         world.folder / "bin" / "cofferdam", *arguments],
        cwd=cwd, env=world.environment, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)


def contents(folder) -> dict:
    return {path.name: (path.read_bytes(), path.stat().st_uid, path.stat().st_mode) for path in folder.iterdir()}


def test_fixed_verified_and_applied(ordinary):
    project = ordinary.folder / "broken-c"
    before = contents(project)
    run = cofferdam(ordinary, "run", "--keep", "--apply", "never", "Fix it", cwd=project)
    assert run.returncode == 0 and "verified" in run.stdout, run.stdout + run.stderr + ordinary.log()
    assert contents(project) == before, "the user's files are untouched until they apply"
    (session,) = json.loads(cofferdam(ordinary, "list", "--json", cwd=project).stdout)["sessions"]
    state = ordinary.folder / "state" / "cofferdam" / "sessions" / session["sessionId"]
    assert (state / "upper" / "stats.c").exists(), f"an overlay, not a copy: {sorted(state.rglob('*'))[:40]}"
    assert all(path.lstat().st_uid == USER for path in state.rglob("*"))
    applied = cofferdam(ordinary, "apply", cwd=project)
    assert applied.returncode == 0, applied.stderr
    after = contents(project)
    assert {name for name in after if after[name] != before.get(name)} == {"main.c", "stats.c"}
    assert all(uid == USER for _, uid, _ in after.values())
    subprocess.run(["make", "-s", "test"], cwd=project, check=True, capture_output=True)
    assert cofferdam(ordinary, "stop", cwd=project).returncode == 0
    wait_for(lambda: subprocess.run(["pgrep", "-u", str(USER), "bwrap"], capture_output=True).returncode == 1,
             "the sandbox to end")


def test_the_doctor_finds_nothing(ordinary):
    done = cofferdam(ordinary, "doctor", cwd=ordinary.folder)
    assert done.returncode == 0, done.stdout + done.stderr
