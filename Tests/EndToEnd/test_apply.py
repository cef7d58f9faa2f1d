"""A result comes back in parts, as links and modes, merged with what the user did, and can be taken back."""
import contextlib
import os
import subprocess

import pytest

import recordings
from conftest import BIN, DEADLINE
from lsp_editor import launch, neovim, visual_studio_code

NO_CHECKS = 'checks: [{name: there, command: ["true"]}]\n'
LINES = "".join(f"line {number}\n" for number in range(1, 31))
SCRIPT = r"""
sed -i -e '2s/.*/second/' -e '28s/.*/last but \x1b[2J two/' long.txt
ln -s long.txt link; ln -s ../../../etc/passwd out
chmod +x Makefile
printf 'one\r\n2\r\n' > crlf.txt
rm -r folder; echo file > folder
mkdir made; : > made/empty
mkdir -p .github/workflows; echo 'on: push' > .github/workflows/ci.yml
"""


@pytest.fixture
def project(world, tmp_path):
    """A project whose session has ended, with its result not applied."""
    recording = recordings.write(
        tmp_path / "r.json", recordings.turn([recordings.ANY], recordings.call("1", "shell", script=SCRIPT)),
        recordings.turn([recordings.result("1"), recordings.ANY], recordings.text("Done.")),
        *[recordings.turn([recordings.ANY], recordings.text("Done, really.")) for _ in range(2)])
    made = world.replay(recording).project("broken-c")
    (made / ".cofferdam.yaml").write_text(NO_CHECKS)
    (made / "long.txt").write_text(LINES)
    (made / "crlf.txt").write_bytes(b"one\r\ntwo\r\n")
    (made / "folder").mkdir()
    (made / "folder" / "old").write_text("old\n")
    ran = world.cofferdam("run", "--apply", "never", "--keep", "Change it", cwd=made)
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    return made


def interactive(world, project, answers, *arguments):
    done = subprocess.run(
        [BIN / "cofferdam", "apply", "--interactive", *arguments], cwd=project, env=world.environment, input=answers,
        capture_output=True, text=True, timeout=DEADLINE)
    return done.returncode, done.stdout, done.stderr


def test_the_command_line_looks_and_applies_by_hunk(world, project):
    names = world.cofferdam("diff", "--name-only", cwd=project, check=0).stdout.splitlines()
    assert sorted(names) == [
        ".github/workflows/ci.yml", "Makefile", "crlf.txt", "folder", "folder/old", "link", "long.txt", "made/empty",
        "out"]
    stat = world.cofferdam("diff", "--stat", cwd=project, check=0).stdout
    assert " long.txt " in stat and "4 ++--  (2 hunks)" in stat and "mode 100644 → 100755" in stat
    assert " 9 files changed, " in stat
    one = world.cofferdam("diff", "--path", "long.txt", "--color", "always", cwd=project, check=0).stdout
    assert "\x1b[32m+second\x1b[0m" in one and "last but ^[[2J two" in one and "crlf" not in one
    # What another program reads is the patch, byte by byte.
    patch = subprocess.run(
        [BIN / "cofferdam", "diff"], cwd=project, env=world.environment, check=True, stdout=subprocess.PIPE).stdout
    assert b"\x1b[2J" in patch and b"+2\r\n" in patch
    subprocess.run(["git", "apply", "--check"], input=patch, cwd=project, check=True, env=world.environment)

    world.cofferdam("apply", "--hunk", "long.txt:2", cwd=project, check=0)
    text = (project / "long.txt").read_text()
    assert "last but" in text and "second" not in text
    (project / "long.txt").write_text(text.replace("line 15", "mine"))
    rest = world.cofferdam("apply", cwd=project, check=6)
    assert "conflict out: a symbolic link that leads out of the folder" in rest.stderr
    assert "conflict .github/workflows/ci.yml: this file runs outside the sandbox" in rest.stderr
    text = (project / "long.txt").read_text()
    assert "second" in text and "mine" in text and "last but" in text
    assert os.readlink(project / "link") == "long.txt" and not (project / "out").is_symlink()
    assert (project / "Makefile").stat().st_mode & 0o100
    assert (project / "crlf.txt").read_bytes() == b"one\r\n2\r\n"
    assert (project / "folder").read_text() == "file\n" and (project / "made" / "empty").read_bytes() == b""

    first = world.cofferdam("undo", cwd=project, check=0).stdout
    assert "undone folder/old" in first and "1 earlier can be undone" in first
    assert (project / "folder" / "old").read_text() == "old\n" and not (project / "made").exists()
    assert not (project / "link").is_symlink() and not (project / "Makefile").stat().st_mode & 0o100
    assert (project / "long.txt").read_text() == text.replace("second", "line 2")
    world.cofferdam("undo", cwd=project, check=0)
    assert (project / "long.txt").read_text() == LINES.replace("line 15", "mine")
    assert "nothing was applied" in world.cofferdam("undo", cwd=project, check=64).stderr
    for path in (world.folder / "state" / "cofferdam" / "applied").rglob("*"):
        assert path.is_dir() or path.stat().st_mode & 0o077 == 0


def test_it_asks_piece_by_piece(world, project):
    code, out, err = interactive(world, project, "?\nn\ny\nq\n", "--path", "long.txt", "--path", "Makefile")
    assert code == 0, err
    assert "Apply the mode change 100644 → 100755 to Makefile [y,n,q,a,d,?]? " in out
    assert "(2/2) Apply this hunk to long.txt" in out
    assert "y - apply this" in out and "^[[2J" in out and "\x1b" not in out
    assert not (project / "Makefile").stat().st_mode & 0o100
    assert (project / "long.txt").read_text() == LINES.replace("line 2\n", "second\n")
    # The end of the input leaves the rest.
    code, out, _ = interactive(world, project, "", "--path", "long.txt")
    assert code == 0 and out.endswith("nothing is applied\n")
    # What runs elsewhere is applied once it was looked at.
    code, out, err = interactive(world, project, "y\n", "--path", ".github/workflows/ci.yml")
    assert "runs outside the sandbox" in out and (project / ".github/workflows/ci.yml").exists(), err
    bad = world.cofferdam("apply", "--hunk", "long.txt:3", cwd=project, check=64)
    assert "long.txt has 2 hunks" in bad.stderr


@contextlib.asynccontextmanager
async def editor(world, project, capabilities, options=None):
    made = await launch(world, project)
    try:
        await made.begin(project, capabilities, options)
        yield made
        assert made.error is None, made.error
        assert await made.end() == 0
    finally:
        if made._server.returncode is None:
            made._server.kill()
        await made.stop()


@pytest.mark.parametrize("client", ["buffers", "disk"])
async def test_editors_apply_by_hunk_and_undo_after_a_restart(world, project, client):
    capabilities = neovim("0.11") if client == "buffers" else visual_studio_code()
    options = {"fileEdits": "disk"} if client == "disk" else None
    path = project / "long.txt"
    async with editor(world, project, capabilities, options) as made:
        made.open(path)
        session = (await made.command("list"))["sessions"][0]["sessionId"]
        await made.command("attach", sessionId=session)
        diff = await made.request("agent/diff", {"sessionId": session, "paths": ["long.txt", "link"]})
        files = {file["path"]: file for file in diff["files"]}
        assert "hunks" not in files["link"]
        first, second = [hunk["id"] for hunk in files["long.txt"]["hunks"]]
        result = await made.command(
            "apply", sessionId=session, hunks=[{"path": "long.txt", "ids": [second]}], paths=["link"])
        assert result == {"applied": ["link", "long.txt"], "conflicts": []}
        assert os.readlink(project / "link") == "long.txt"
        if client == "disk":
            assert not made.edits and made.said("changed on disk, read again: 1 file: long.txt")
            made.buffers.clear()
            made.open(path)
        else:
            (edit,) = made.edits
            assert "last but" in made.text(path) and path.read_text() == LINES, "one way for a file, never both"
        made.replace(path, "line 15", "mine")
        result = await made.command("apply", sessionId=session, hunks=[{"path": "long.txt", "ids": [first]}])
        assert result == {"applied": ["long.txt"], "conflicts": []}
        made.save_all()
    text = path.read_text()
    assert all(word in text for word in ("second", "mine", "last but"))
    # Another editor, in which nothing is attached, and then the command line.
    async with editor(world, project, capabilities, options) as made:
        made.open(path)
        undone = await made.request("agent/undo", {})
        assert undone == {"sessionId": session, "undone": ["long.txt"], "conflicts": [], "left": 1}
        if client == "disk":
            made.buffers.clear()
        made.save_all()
    assert path.read_text() == text.replace("second", "line 2")
    out = world.cofferdam("undo", cwd=project, check=0).stdout
    assert "undone link" in out and "undone long.txt" in out
    assert path.read_text() == LINES.replace("line 15", "mine") and not (project / "link").is_symlink()
