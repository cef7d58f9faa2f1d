"""`cofferdam lsp` in front of editors that know nothing of Cofferdam: LSP 3.17 alone (pytest-lsp)."""
import contextlib
import json
import os
import select
import subprocess

import pytest
from lsprotocol import types

import recordings
from conftest import BIN, DEADLINE, FIXTURES
from lsp_editor import Editor, eglot_1_9, launch, neovim, uri_of, visual_studio_code

pytestmark = pytest.mark.filterwarnings("error::pytest_lsp.LspSpecificationWarning")

PROMPT = "Fix the program until the test passes"
FIXED = "return (double)sum / count;"
NO_CHECKS = 'checks: [{name: there, command: ["true"]}]\n'
ASKS = NO_CHECKS + 'policy: {ask: ["run"]}\n'


@contextlib.asynccontextmanager
async def editor(world, project, capabilities=None, options=None):
    made = await launch(world, project)
    try:
        await made.begin(project, capabilities or neovim("0.10"), options)
        yield made
        assert made.error is None, made.error
        if made._server.returncode is None:
            assert await made.end() == 0
    finally:
        if made._server.returncode is None:
            made._server.kill()
        await made.stop()


def pristine(project):
    """Whether every file is as it was handed out."""
    return subprocess.run(["diff", "-r", "-x", ".cofferdam.yaml", FIXTURES / project.name, project]).returncode == 0


def sleeping(path):
    return recordings.write(
        path, recordings.turn([recordings.ANY], recordings.call("1", "run", command=["sleep", "1000"])),
        recordings.turn([recordings.result("1", error=True)], recordings.text("It was interrupted.")))


async def works(made: Editor):
    """Until a command runs in the sandbox."""
    return await made.until(
        lambda: [r for reports in made.progress_reports.values() for r in reports if "sleep" in (r.message or "")],
        "the command to begin")


# The whole scenario

@pytest.mark.parametrize("client", ["neovim 0.7", "neovim 0.10", "neovim 0.11", "eglot 1.9", "code"])
async def test_c_program_is_fixed(world, client):
    capabilities = {
        "neovim 0.7": lambda: neovim("0.7"), "neovim 0.10": lambda: neovim("0.10"),
        "neovim 0.11": lambda: neovim("0.11"), "eglot 1.9": eglot_1_9, "code": visual_studio_code}[client]()
    project = world.replay("broken-c").project("broken-c")
    stats, main = project / "stats.c", project / "main.c"
    async with editor(world, project, capabilities) as made:
        made.open(stats)
        started = await made.command("start", prompt=PROMPT, uri=uri_of(stats))
        await made.until(lambda: made.said("verified: every required check passed"), "the end of the turn")

        seen = made.diagnostics_seen()
        undeclared = [d for name, d in seen if name == "stats.c" and "‘total’ undeclared" in d.message]
        assert undeclared and undeclared[0].source == "gcc"
        assert undeclared[0].severity == types.DiagnosticSeverity.Error
        assert undeclared[0].range.start == types.Position(7, 11), "where the word is in the buffer"
        assert [d for name, d in seen if name == "main.c" and "expected" in d.message and d.source == "gcc"]
        assert not any(made.diagnostics.values()), "what is fixed is cleared"
        assert pristine(project), "nothing is written before the user applies"

        if capabilities.window.work_done_progress:
            await made.until(made.ended, "the progress to end")
            (token,) = made.progress_reports
            kinds = made.progress_kinds(token)
            assert kinds[0] == "begin" and kinds[-1] == "end" and set(kinds[1:-1]) == {"report"}
            assert made.methods().count("window/workDoneProgress/create") == 1
            assert "verified" in made.progress_reports[token][-1].message
            assert made.progress_reports[token][0].cancellable
        else:
            assert not made.progress_reports and made.said("started: Fix the program")

        shows = capabilities.window.show_document and capabilities.window.show_document.support
        if shows:
            transcript = made.shown_documents[0]
            assert not transcript.external and not transcript.take_focus
            path = transcript.uri.removeprefix("file://")
        else:
            assert not made.shown_documents
            path = made.said("transcript: ")[0].split("transcript: ")[1]
        words = open(path).read()
        assert PROMPT in words and "‘total’ undeclared" in words and "every required check passed" in words

        result = await made.command("apply")
        assert result == {"applied": ["main.c", "stats.c"], "conflicts": []}
        assert FIXED in made.text(stats) and "atoi(argv[i + 1]);" in made.text(main)
        assert "return total" in stats.read_text(), "an editor's buffer is its user's to save"
        assert made.said("applied 2 files: main.c, stats.c")
        made.save_all()
        listed = await made.command("list")
        assert [s["sessionId"] for s in listed["sessions"]] == [started["sessionId"]]
    subprocess.run(["make", "-s", "test"], cwd=project, check=True, capture_output=True)


async def test_fix_with_agent_by_a_code_action_on_a_diagnostic(world):
    project = world.replay("broken-c").project("broken-c")
    stats = project / "stats.c"
    async with editor(world, project) as made:
        made.open(stats)
        place = types.Range(types.Position(7, 11), types.Position(7, 16))
        diagnostic = types.Diagnostic(
            range=place, severity=types.DiagnosticSeverity.Error, source="clangd",
            message="use of undeclared identifier 'total'")
        actions = await made.actions(stats, (7, 11), diagnostics=[diagnostic])
        fix = next(action for action in actions if action["title"] == "Cofferdam: fix this")
        assert fix["kind"] == "quickfix" and fix["diagnostics"][0]["message"] == diagnostic.message
        started = await made.choose(actions, "Cofferdam: fix this")
        await made.until(lambda: made.said("verified:"), "the end of the turn")
        titles = [action["title"] for action in await made.actions(stats)]
        assert len(titles) == len(set(titles)) and any(t.startswith("Cofferdam: apply result of") for t in titles)
        await made.choose(await made.actions(stats), "Cofferdam: apply result of")
        assert FIXED in made.text(stats)
        titles = [action["title"] for action in await made.actions(stats)]
        assert not any(title.startswith("Cofferdam: apply") for title in titles), "applied already"
        log = json.dumps(world.cofferdam("attach", started["sessionId"], "--json", "--replay", cwd=project).stdout)
    assert "use of undeclared identifier" in log, "the session knows what was pointed at"


async def test_the_first_line_of_a_problem_and_of_a_reason_is_what_counts(world, tmp_path):
    world.replay(recordings.write(
        tmp_path / "r.json", recordings.turn([{"type": "text", "contains": ["nonesuch"]}], recordings.text("Hello."))))
    project = world.project("broken-c")
    (project / ".cofferdam.yaml").write_text("checks: []\n")
    async with editor(world, project, eglot_1_9()) as made:
        made.open(project / "stats.c")
        diagnostic = types.Diagnostic(
            range=types.Range(types.Position(7, 11), types.Position(7, 16)), message="the problem\nstats.h:1: a note")
        actions = await made.actions(project / "stats.c", (7, 11), diagnostics=[diagnostic])
        await made.choose(actions, "Cofferdam: fix this")
        (words,) = await made.until(lambda: made.said("failed: "), "the failure")
        assert "failed: The conversation left its recording at turn 1" in words
        (listed,) = (await made.command("list"))["sessions"]
        assert listed["title"] == "Fix this problem in stats.c: the problem"


async def test_a_wish_in_a_comment(world, tmp_path):
    world.replay(recordings.write(
        tmp_path / "r.json",
        recordings.turn([{"type": "text", "contains": ["say hello", "stats.h"]}], recordings.text("Hello."))))
    project = world.project("broken-c")
    (project / ".cofferdam.yaml").write_text("checks: []\n")
    header = project / "stats.h"
    async with editor(world, project) as made:
        made.open(header, "/* agent: say hello */\n" + header.read_text())
        await made.choose(await made.actions(header), "Cofferdam: do “say hello”")
        await made.until(lambda: made.said("answered"), "the answer")


# Results

def all_kinds_of_change(path):
    def calls(*items):
        return recordings.turn([recordings.ANY], *items)
    return recordings.write(
        path,
        calls(
            recordings.call("1", "write", path="new.txt", content="ä new\nfile\n"),
            recordings.call("2", "write", path="deep/er/new.txt", content="deep\n"),
            recordings.call("3", "edit", path="stats.c", old_text="sum", new_text="sum /* é𝄞 */", replace_all=True),
            recordings.call("4", "run", command=["rm", "test.sh"]),
            recordings.call("5", "shell", script="printf 'a\\r\\nb\\0' > icon; chmod +x Makefile")),
        {"expect": {"newMessages": [{"role": "user", "content": [
            *[recordings.result(str(n)) for n in range(1, 6)], recordings.ANY]}]},
         "response": {"content": [recordings.text("Done.")], "stopReason": "endTurn"}},
        # The gate doubts a change that takes a test away.
        recordings.turn([{"type": "text", "contains": ["test-deleted", "test.sh"]}], recordings.text("As asked.")))


@pytest.mark.parametrize("client", ["neovim 0.7", "neovim 0.11", "eglot 1.9", "code", "no applyEdit", "disk"])
async def test_every_kind_of_change_arrives(world, tmp_path, client):
    capabilities = {
        "neovim 0.7": lambda: neovim("0.7"), "neovim 0.11": lambda: neovim("0.11"), "eglot 1.9": eglot_1_9,
        "code": visual_studio_code, "no applyEdit": types.ClientCapabilities, "disk": visual_studio_code}[client]()
    project = world.replay(all_kinds_of_change(tmp_path / "r.json")).project("broken-c")
    (project / ".cofferdam.yaml").write_text(NO_CHECKS)
    (project / "icon").write_bytes(b"\0\xff")
    options = {"fileEdits": "disk"} if client == "disk" else None
    async with editor(world, project, capabilities, options) as made:
        made.open(project / "stats.c")
        await made.command("start", prompt="Change it")
        await made.until(lambda: made.said("unverified:"), "the end of the turn")
        result = await made.command("apply")
        assert result == {
            "applied": ["Makefile", "deep/er/new.txt", "icon", "new.txt", "stats.c", "test.sh"], "conflicts": []}
        if client in ("no applyEdit", "disk"):
            assert not made.edits
            made.buffers.clear()
        else:
            (params,) = made.edits
            assert params.label
        made.save_all()
    assert (project / "new.txt").read_text() == "ä new\nfile\n"
    assert (project / "deep/er/new.txt").read_text() == "deep\n"
    assert (project / "stats.c").read_text().count("sum /* é𝄞 */") == 2
    assert not (project / "test.sh").exists()
    assert (project / "icon").read_bytes() == b"a\r\nb\0"
    assert (project / "Makefile").stat().st_mode & 0o100


async def test_a_refused_edit_is_told_and_can_be_applied_again(world):
    project = world.replay("broken-c").project("broken-c")
    stats = project / "stats.c"
    async with editor(world, project, eglot_1_9()) as made:
        made.open(stats)
        started = await made.command("start", prompt=PROMPT)
        await made.until(lambda: made.said("verified:"), "the end of the turn")
        made.refuse_edits = "the user said no"
        result = await made.command("apply")
        assert result["applied"] == [] and [c["path"] for c in result["conflicts"]] == ["main.c", "stats.c"]
        assert all("the user said no" in conflict["reason"] for conflict in result["conflicts"])
        assert made.said("not applied: ")
        assert pristine(project), "what the editor refuses is not written behind its back"
        made.refuse_edits = None
        again = await made.command("apply", sessionId=started["sessionId"])
        assert again == {"applied": ["main.c", "stats.c"], "conflicts": []}
        assert FIXED in made.text(stats)


async def test_a_buffer_edited_meanwhile_is_merged(world):
    project = world.replay("broken-c").project("broken-c")
    stats, main = project / "stats.c", project / "main.c"
    async with editor(world, project) as made:
        made.open(stats)
        made.open(main)
        await made.command("start", prompt=PROMPT)
        await made.until(lambda: made.said("verified:"), "the end of the turn")
        made.replace(stats, "int best", "/* mine */ int best")
        mine = made.text(stats)
        result = await made.command("apply")
        assert result == {"applied": ["main.c", "stats.c"], "conflicts": []}
        assert made.text(stats) == mine.replace("return total", "return (double)sum")
        assert "return total" in stats.read_text()
        assert "atoi(argv[i + 1]);" in made.text(main)


async def test_lines_that_both_changed_stand_in_the_buffer(world):
    project = world.replay("broken-c").project("broken-c")
    stats = project / "stats.c"
    async with editor(world, project) as made:
        made.open(stats)
        await made.command("start", prompt=PROMPT)
        await made.until(lambda: made.said("verified:"), "the end of the turn")
        made.replace(stats, "return total", "return sum")
        result = await made.command("apply")
        assert result["applied"] == ["main.c", "stats.c"]
        assert [c["path"] for c in result["conflicts"]] == ["stats.c"]
        assert made.said("stats.c: you and the session changed the same lines")
        marked = made.text(stats)
        assert "<<<<<<< yours\n    return sum / count;\n=======\n" in marked
        refused = await made.command("apply")
        assert "conflict markers" in refused["conflicts"][0]["reason"] and made.text(stats) == marked
        # Once the user has chosen, the same result has nothing more to say.
        made.replace(stats, marked[marked.index("<<<<<<<"):marked.index("=======\n") + 8], "")
        made.replace(stats, made.text(stats)[made.text(stats).index(">>>>>>>"):].split("\n")[0] + "\n", "")
        assert await made.command("apply") == {"applied": ["main.c", "stats.c"], "conflicts": []}


async def test_verified_results_apply_themselves_on_request(world):
    project = world.replay("broken-c").project("broken-c")
    async with editor(world, project, options={"apply": "verified"}) as made:
        made.open(project / "stats.c")
        await made.command("start", prompt=PROMPT)
        await made.until(lambda: made.edits, "the edit")
        assert FIXED in made.text(project / "stats.c")


async def test_the_sandbox_compiles_the_unsaved_buffer(world, tmp_path):
    world.replay(recordings.write(
        tmp_path / "r.json",
        recordings.turn([{"type": "text", "contains": ["only_in_the_buffer", "stats.c"]}], recordings.text("I see.")),
        *[recordings.turn([recordings.ANY], recordings.text("I see.")) for _ in range(3)]))
    project = world.project("broken-c")
    stats = project / "stats.c"
    async with editor(world, project, neovim("0.11")) as made:
        made.open(stats, "/* ä𝄞 */\n" + stats.read_text().replace("return total", "return only_in_the_buffer"))
        await made.command("start", prompt="Look")
        seen = await made.until(
            lambda: [d for _, d in made.diagnostics_seen() if "only_in_the_buffer" in d.message], "the diagnostic")
        assert seen[0].range.start == types.Position(8, 11), "in the buffer's lines, not the file's"
        assert not [d for _, d in made.diagnostics_seen() if "total" in d.message]
        await made.until(lambda: made.said("answered: nothing was changed"), "the end of the turn")
    assert pristine(project)


# Approvals and cancelling

@pytest.mark.parametrize("client", ["neovim 0.7", "eglot 1.9"])
@pytest.mark.parametrize("verb", ["approve", "reject"])
async def test_approval_by_code_action(world, tmp_path, client, verb):
    rejected = recordings.turn([recordings.result("1", "rejected", error=True)], recordings.text("I stop."))
    recording = recordings.asks_to_run(
        tmp_path / "r.json", ["touch", "made.txt"], *([rejected] if verb == "reject" else []))
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text(ASKS)
    stats = project / "stats.c"
    async with editor(world, project, neovim("0.7") if client == "neovim 0.7" else eglot_1_9()) as made:
        made.open(stats)
        await made.command("start", prompt="Make it")
        (asked,) = await made.until(lambda: made.said("waits for your approval"), "the question")
        assert "`touch made.txt`" in asked and "cofferdam.approve" in asked
        assert "window/showMessageRequest" not in made.methods(), "it blocks some editors"
        await made.choose(await made.actions(stats), f"Cofferdam: {verb} `touch made.txt`")
        await made.until(lambda: made.said("verified:" if verb == "approve" else "answered"), "the end of the turn")
        titles = [action["title"] for action in await made.actions(stats)]
        assert not any(title.startswith(f"Cofferdam: {verb} ") for title in titles)
        with pytest.raises(Exception, match="nothing waits for your approval"):
            await made.command("approve")


async def test_cancel_by_code_action(world, tmp_path):
    project = world.replay(sleeping(tmp_path / "r.json")).project("broken-c")
    async with editor(world, project) as made:
        made.open(project / "stats.c")
        await made.command("start", prompt="Wait")
        await works(made)
        await made.choose(await made.actions(project / "stats.c"), "Cofferdam: cancel “Wait”")
        await made.until(lambda: made.said("cancelled"), "the end of the turn")
        assert "cancelled" in made.ended()[0]


async def test_cancel_by_the_progress(world, tmp_path):
    project = world.replay(sleeping(tmp_path / "r.json")).project("broken-c")
    async with editor(world, project) as made:
        await made.command("start", prompt="Wait")
        await works(made)
        (token,) = made.progress_reports
        made.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token=token))
        await made.until(lambda: made.said("cancelled"), "the end of the turn")
        assert made.progress_kinds(token).count("end") == 1
        with pytest.raises(Exception, match="no session is at work"):
            await made.command("cancel")


async def test_commands_say_what_is_wrong(world):
    project = world.replay("broken-c").project("broken-c")
    async with editor(world, project) as made:
        for name, arguments, words in [
            ("nonesuch", {}, "unknown command"), ("start", {}, "prompt is missing"),
            ("start", {"prompt": " "}, "prompt is missing"), ("prompt", {"text": "x"}, "no session takes prompts"),
            ("apply", {}, "no session has a result"), ("stop", {}, "no session is alive"),
            ("showTranscript", {}, "there is no session"), ("attach", {"sessionId": "nonesuch"}, "nonesuch"),
            ("start", {"prompt": 7}, r"\$.params.arguments\[0\].prompt"),
            ("fixDiagnostics", {"uri": uri_of(project / "stats.c")}, "no diagnostics"),
        ]:
            with pytest.raises(Exception, match=words):
                await made.command(name, **arguments)
        assert not world.service_pids() or (await made.command("list"))["sessions"] == []


# Ends

async def test_a_killed_server_loses_nothing(world, tmp_path):
    project = world.replay(sleeping(tmp_path / "r.json")).project("broken-c")
    first = await launch(world, project)
    await first.begin(project, neovim("0.7"))
    first.open(project / "stats.c")
    session = (await first.command("start", prompt="Wait"))["sessionId"]
    await works(first)
    first._server.kill()
    await first.stop()
    async with editor(world, project, eglot_1_9(), {"progress": True}) as second:
        (listed,) = (await second.request("agent/list", {}))["sessions"]
        assert listed["sessionId"] == session and listed["state"] == "running"
        attached = await second.request("agent/attach", {"sessionId": session, "afterSeq": 0})
        assert attached["session"]["title"] == "Wait"
        await second.until(lambda: len(second.events()) >= attached["seq"], "the history")
        await second.request("agent/cancel", {"sessionId": session})
        await second.until(
            lambda: [e for e in second.events() if e["event"]["type"] == "turnCompleted"], "the end of the turn")
        seen = second.events(session)
        assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
        kinds = [event["event"]["type"] for event in seen]
        assert kinds[0] == "sessionStatus" and "turnStarted" in kinds and "toolCallStarted" in kinds
        # The session's state may follow the turn's end.
        ended = [event["event"] for event in seen if event["event"]["type"] == "turnCompleted"]
        assert [event["outcome"] for event in ended] == ["cancelled"]


def frame(**message) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def initialize(process_id=None, **options) -> bytes:
    return frame(id=0, method="initialize", params={
        "processId": process_id, "rootUri": None, "capabilities": {}, "initializationOptions": options or None})


@pytest.mark.parametrize("name, messages, code", [
    ("shutdown and exit", [initialize(), frame(id=1, method="shutdown"), frame(method="exit")], 0),
    ("exit alone", [initialize(), frame(method="exit")], 1),
    ("exit before initialize", [frame(method="exit")], 1),
    ("end of input", [initialize()], 0),
    ("end of input at once", [], 0),
    ("end of input after shutdown", [initialize(), frame(id=1, method="shutdown")], 0),
], ids=lambda value: value if isinstance(value, str) else "")
def test_exit_codes(world, name, messages, code):
    done = subprocess.run(
        [BIN / "cofferdam", "lsp"], input=b"".join(messages), env=world.environment, cwd=world.folder,
        capture_output=True, timeout=DEADLINE)
    assert done.returncode == code, done
    assert not world.service_pids(), "no service is needed for that"


def test_it_ends_with_its_editor(world):
    parent = subprocess.Popen(["sleep", "1000"])
    server = subprocess.Popen(
        [BIN / "cofferdam", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=world.environment)
    server.stdin.write(initialize(parent.pid))
    server.stdin.flush()
    assert server.stdout.readline().startswith(b"Content-Length")
    parent.kill()
    parent.wait()
    assert server.wait(timeout=30) == 1
    server.stdin.close()
    server.stdout.close()


def test_output_is_frames_and_nothing_else(world):
    project = world.replay("broken-c").project("broken-c")
    server = world.start(BIN / "cofferdam", "lsp", cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    server.stdin.write(frame(id=0, method="initialize", params={
        "processId": None, "rootUri": uri_of(project), "capabilities": {}}))
    server.stdin.write(frame(id=1, method="workspace/executeCommand", params={
        "command": "cofferdam.start", "arguments": [{"prompt": PROMPT}]}))
    server.stdin.flush()
    output = b""
    while b"every required check passed" not in output:
        assert select.select([server.stdout], [], [], 30)[0], output[-3000:]
        part = os.read(server.stdout.fileno(), 1 << 16)
        assert part, output
        output += part
    server.stdin.write(frame(id=2, method="shutdown") + frame(method="exit"))
    server.stdin.close()
    output += server.stdout.read()
    server.stdout.close()
    assert server.wait(timeout=30) == 0
    identities = []
    while output:
        head, separator, rest = output.partition(b"\r\n\r\n")
        assert separator and head.startswith(b"Content-Length: ") and b"\n" not in head, head
        length = int(head.removeprefix(b"Content-Length: "))
        message = json.loads(rest[:length])
        assert len(rest) >= length and message["jsonrpc"] == "2.0"
        if "method" not in message:
            identities.append(message["id"])
        output = rest[length:]
    assert identities == [0, 1, 2]
