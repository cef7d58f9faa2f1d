"""Diagnostics of the sandbox that stand in the editor while the user goes on typing."""
import pytest
from lsprotocol import types

import recordings
from lsp_editor import neovim, path_of, uri_of, visual_studio_code
from test_language_server import editor

MAIN = """\
#include <stdio.h>
struct s { int count; };
int main(void) {
    struct s v = {0};
    printf("😀漢 %d", v.cuont);
    return 0
}
"""
# The agent works with a command, of which no patch tells: the compiler's lines are not the user's.
AGENT = r"sed -i -e '1i /* one */\n/* two */' -e 's/struct s v = {0};/struct s v = {1}; int t = tt;/' main.c"
CHECKS = """\
checks:
- name: compile
  command: [gcc, -fsyntax-only, -fdiagnostics-parseable-fixits, main.c]
  required: false
- {name: lint, command: [luacheck, --formatter, plain, --codes, a.lua], required: false}
"""


@pytest.mark.parametrize("client", ["utf-8", "utf-16"])
async def test_they_follow_the_users_edits_until_the_session_ends(world, tmp_path, client):
    project = world.project("broken-c")
    for path in project.iterdir():
        path.unlink()
    main = project / "main.c"
    main.write_text(MAIN)
    (project / "a.lua").write_text("local unused = 1\n")
    (project / ".cofferdam.yaml").write_text(CHECKS)
    world.replay(recordings.write(
        tmp_path / "r.json", recordings.turn([recordings.ANY], recordings.call("1", "shell", script=AGENT)),
        recordings.turn([recordings.result("1"), recordings.ANY], recordings.text("Done."))))
    capabilities = neovim("0.11") if client == "utf-8" else visual_studio_code()
    async with editor(world, project, capabilities) as made:
        assert made.encoding == client
        made.open(main, "// mine\n" + MAIN)
        started = await made.command("start", prompt="Count on", uri=uri_of(main))
        await made.until(lambda: [d for d in made.standing(main) if "‘tt’" in d.message], "the agent's own fault")
        await made.until(lambda: made.said("unverified") or made.said("answered"), "the end of the turn")
        text = made.text(main)

        def shown(words):
            (one,) = [d for d in made.standing(main) if words in d.message]
            return one

        def marked(one):
            """The text under a diagnostic, and its line."""
            start, end = (made._offset(made.text(main), place) for place in (one.range.start, one.range.end))
            return made.text(main)[start:end], one.range.start.line

        def published():
            return [p for p in made.published if path_of(p.uri) == main]

        async def until_version(what):
            version = made.versions[uri_of(main)]
            await made.until(lambda: published()[-1].version == version, what)

        # The user's lines, not the sandbox's, in the client's units.
        assert marked(shown("‘cuont’")) == ("cuont", 5)
        assert shown("‘cuont’").severity == types.DiagnosticSeverity.Error
        assert "in the agent's version, line 7: struct s v = {1}; int t = tt;" in shown("‘tt’").message
        assert shown("‘tt’").range.start.line == 4
        (lint,) = made.standing(project / "a.lua")
        assert lint.source == "luacheck" and lint.code == "W211", "a file that is not open"
        assert list(lint.tags) == [types.DiagnosticTag.Unnecessary]

        # Typing elsewhere moves them; typing in the line makes them stale; undoing that makes them whole.
        made.replace(main, "// mine\n", "// mine\n// 😀\n")
        await until_version("the move")
        assert marked(shown("‘cuont’")) == ("cuont", 6)
        made.replace(main, "😀漢 %d", "😀漢: %d")
        await until_version("the stale mark")
        stale = shown("‘cuont’")
        assert stale.message.startswith("stale: ") and stale.severity == types.DiagnosticSeverity.Hint
        assert marked(stale) == ("cuont", 6), "and yet in its place"
        assert not any(
            action["title"].startswith("gcc: ") and "count" in action["title"]
            for action in await made.actions(main, (6, 4), (6, 40)))
        made.replace(main, "😀漢: %d", "😀漢 %d")
        await until_version("the mark to go")
        assert not shown("‘cuont’").message.startswith("stale")

        # The compiler's own fixes.
        place = shown("‘cuont’").range.start
        actions = await made.actions(main, (place.line, place.character))
        (fix,) = [action for action in actions if action["title"].startswith("gcc: ")]
        assert fix["kind"] == "quickfix" and fix["isPreferred"]
        (everything,) = [action for action in actions if action["kind"] == "source.fixAll.cofferdam"]
        assert everything["title"] == "Cofferdam: apply all 2 fixes of the tools in this file"
        made.take_edit(everything)
        assert made.text(main) == text.replace("// mine\n", "// mine\n// 😀\n").replace("cuont", "count").replace(
            "return 0\n", "return 0;\n")
        await until_version("the lines to be stale")
        assert shown("‘cuont’").message.startswith("stale: ")

        made.save(main)
        await made.command("stop", sessionId=started["sessionId"])
        await made.until(lambda: not any(made.diagnostics.values()), "the end of all diagnostics")
