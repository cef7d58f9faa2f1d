"""`cofferdam run` on a real terminal: live, in colour, answered by typing."""
import re
import signal

import pexpect
import pytest

import recordings
from conftest import BIN

POLICY = 'checks: [{name: there, command: ["true"]}]\npolicy: {ask: ["run"]}\n'
WAIT = 30  # seconds; a bound for what hangs


@pytest.fixture
def terminal(world):
    made = []

    def start(*arguments, cwd, **variables):
        child = pexpect.spawn(
            str(BIN / "cofferdam"), list(arguments), cwd=str(cwd), env={**world.environment, "TERM": "xterm-256color", **variables},
            encoding="utf-8", timeout=WAIT, dimensions=(40, 100))
        made.append(child)
        return child
    yield start
    for child in made:
        child.close(force=True)


def end(child) -> int:
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus


def asking(world, tmp_path, *then):
    project = world.replay(recordings.asks_to_run(tmp_path / "r.json", ["touch", "made.txt"], *then)).project("broken-c")
    (project / ".cofferdam.yaml").write_text(POLICY)
    return project


def test_progress_is_live_and_coloured(world, terminal):
    project = world.replay("broken-c").project("broken-c")
    child = terminal("run", "Fix it", cwd=project)
    child.expect("starting")
    child.expect("‘total’ undeclared")
    child.expect_exact("\x1b[31m")
    child.expect("✗ check make failed")
    child.expect("✓ check make passed")
    child.expect(r"0 new, \d fixed, 0 remaining")
    child.expect("verified: every required check passed")
    child.expect(r"✓ make · exit code 0 · .* · \d\d:\d\d:\d\d · tree [0-9a-f]{8}")
    child.expect("applied stats.c")
    assert end(child) == 0


def test_no_colour_on_request(world, terminal):
    project = world.replay("broken-c").project("broken-c")
    child = terminal("run", "Fix it", cwd=project, NO_COLOR="1")
    child.expect("verified")
    seen = child.before
    assert end(child) == 0 and "\x1b[3" not in seen + child.before


@pytest.mark.parametrize("typed, made", [("y", True), ("yes", True), ("s", True), ("n", False)])
def test_approval_by_typing(world, terminal, tmp_path, typed, made):
    stops = recordings.turn([recordings.result("1", "rejected", error=True)], recordings.text("I stop."))
    project = asking(world, tmp_path, *([] if made else [stops]))
    child = terminal("run", "Make it", cwd=project)
    child.expect("waits for approval|Approval needed")
    child.expect_exact("touch made.txt")
    child.expect("Allow")
    child.sendline(typed)
    child.expect("verified" if made else "answered")
    assert end(child) == 0
    assert (project / "made.txt").exists() == made


def test_words_typed_instead_are_the_feedback(world, terminal, tmp_path):
    stops = recordings.turn([recordings.result("1", "use make instead", error=True)], recordings.text("I stop."))
    project = asking(world, tmp_path, stops)
    child = terminal("run", "Make it", cwd=project)
    child.expect("Allow")
    child.sendline("")
    child.expect("Allow")
    child.sendline("use make instead")
    child.expect("answered")
    assert end(child) == 0 and not (project / "made.txt").exists()


def test_someone_else_answers_first(world, terminal, tmp_path):
    project = asking(world, tmp_path)
    child = terminal("run", "Make it", cwd=project)
    child.expect("Allow")
    world.cofferdam("approve", cwd=project, check=0)
    child.expect("verified")
    assert end(child) == 0 and (project / "made.txt").exists()


def test_interrupt_at_the_prompt_cancels(world, terminal, tmp_path):
    project = asking(world, tmp_path)
    child = terminal("run", "Make it", cwd=project)
    child.expect("Allow")
    child.sendintr()
    child.expect("cancelling the turn")
    child.expect("cancelled")
    assert end(child) == 3
    assert not (project / "made.txt").exists()


def test_a_closed_terminal_leaves_the_session_to_others(world, terminal, tmp_path):
    project = asking(world, tmp_path)
    child = terminal("run", "Make it", cwd=project)
    child.expect("Allow")
    child.kill(signal.SIGHUP)
    child.close(force=True)
    world.cofferdam("approve", cwd=project, check=0)
    shown = world.cofferdam("attach", cwd=project, check=0).stdout
    assert re.search("verified: every required check passed", shown)
