"""Checks that a company describes itself: its tools' output, their reports, what they are for, and what nobody can take away."""
import json
import textwrap

import recordings
from recordings import ANY, call, result, says, text, turn

SERVICE = """\
checks:
  - name: licences
    command: [/bin/sh, -c, "! grep -L Licence src/*.txt | sed 's/$/: error: no licence/' | grep ."]
    paths: [src/]
  - {name: elsewhere, command: ["false"], repositories: ["git.example.com/team/*", /nowhere/**]}
"""

# The repository has a check of the organisation's name that always passes, and lists none of theirs.
REPOSITORY = r"""
checks:
  - {name: licences, command: ["true"]}
  - name: style
    command: [python3, tools/style.py]
    paths: [src/]
    parser: {errorformat: ['%t|%f|%l|%c|%m', '%-Gchecked %.%#']}
  - name: words
    command: [python3, tools/words.py]
    paths: ["*.txt"]
    parser:
      problemMatcher:
        owner: house-words
        pattern:
          - {regexp: '^In (\S+):$', file: 1}
          - {regexp: '^  line (\d+): (\w+): (.*) \[(\S+)\]$', line: 1, severity: 2, message: 3, code: 4, loop: true}
  - name: tests
    command: [python3, tools/tests.py, $COFFERDAM_REPORTS/unit.xml]
    reports: [out/*.sarif]
    when: end
"""

STYLE = """
    import glob, sys
    bad = 0
    for path in sorted(glob.glob("src/*.txt")):
        for number, line in enumerate(open(path), 1):
            if "\\t" in line:
                bad = 1
                print(f"E|{path}|{number}|{line.index(chr(9)) + 1}|a tab")
    print("checked everything, 1 | 2 | 3")
    sys.exit(bad)
"""

WORDS = """
    import glob, sys
    bad = 0
    for path in sorted(glob.glob("src/*.txt")):
        found = [n for n, line in enumerate(open(path), 1) if "teh" in line]
        if found:
            bad = 1
            print(f"In {path}:")
            for number in found:
                print(f"  line {number}: warning: “teh” is no word [W7]")
    sys.exit(bad)
"""

# Says little; its reports say all. One of them is written where the repository's tools look for it.
TESTS = """
    import json, os, sys
    text = open("src/b.txt").read()
    failed = "" if "done" in text else '<failure message="not done">src/b.txt:1</failure>'
    open(sys.argv[1], "w").write(
        f'<testsuite name="s"><testcase classname="B" name="ends">{failed}</testcase>'
        '<testcase classname="B" name="begins"/></testsuite>')
    assert os.environ["COFFERDAM_REPORTS"] == os.path.dirname(sys.argv[1])
    os.makedirs("out", exist_ok=True)
    result = {"ruleId": "D1", "level": "note", "message": {"text": "deep thought"}, "locations": [{"physicalLocation": {
        "artifactLocation": {"uri": "src/a.txt"}, "region": {"startLine": 1}}}]}
    json.dump({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "deep"}}, "results": [result]}]},
              open("out/deep.sarif", "w"))
    print("see the reports")
    sys.exit(1 if failed else 0)
"""


def project_of(world):
    folder = world.folder / "project"
    for path, content in {
        ".cofferdam.yaml": REPOSITORY, "tools/style.py": STYLE, "tools/words.py": WORDS, "tools/tests.py": TESTS,
        "src/a.txt": "Licence\nteh end\n", "src/b.txt": "Licence\n\tnothing\n", "README": "about\n",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(textwrap.dedent(content) if path.startswith("tools") else content)
    (world.folder / "config" / "cofferdam").mkdir()
    (world.folder / "config" / "cofferdam" / "service.yaml").write_text(SERVICE)
    return folder


def session(world, project):
    done = world.cofferdam("run", "--json", "--apply", "never", "Go on", cwd=project)
    events = [json.loads(line)["event"] for line in done.stdout.splitlines() if line.startswith('{"sessionId"')]
    assert events, done.stdout + done.stderr + world.log()
    return events


def of(events, kind):
    return [event for event in events if event["type"] == kind]


def ran(events):
    """Names of the checks in the order in which they ended, up to each edit."""
    rounds = [[]]
    for event in events:
        if event["type"] == "fileChanged":
            rounds.append([])
        elif event["type"] == "checkCompleted":
            name = event["evidence"]["name"]
            rounds[-1].append(name + " (known)" if event["evidence"].get("fromCache") else name)
    return rounds


def found(events, check):
    return [[(one["path"], one.get("range", {}).get("startLine"), one["severity"], one.get("code"), one["message"], one["tool"])
             for one in event["diagnostics"]] for event in of(events, "diagnosticsUpdated") if event["check"] == check]


def test_a_companys_checks(world, tmp_path):
    project = project_of(world)
    world.replay(recordings.write(
        tmp_path / "first.json",
        turn([says("src/b.txt:2:1: error: a tab", "Check `style`", "Check `licences`")],
             call("1", "edit", path="README", old_text="about", new_text="about it")),
        turn([result("1"), says("src/a.txt:2", "“teh” is no word")],
             call("2", "edit", path="src/b.txt", old_text="\tnothing", new_text="nothing")),
        turn([result("2"), says("Fixed: 1", "Still there: 1")],
             call("3", "edit", path="src/a.txt", old_text="teh", new_text="the")),
        turn([result("3"), says("Check `words`", "exit code 0")], text("Done.")),
        turn([says("not done", "deep thought", "src/b.txt:1")],
             call("4", "edit", path="src/b.txt", old_text="Licence\n", new_text="")),
        turn([result("4"), says("src/b.txt: error: no licence")],
             call("5", "edit", path="src/b.txt", old_text="nothing", new_text="Licence, done")),
        turn([result("5"), ANY], text("Done."))))
    events = session(world, project)
    (end,) = of(events, "turnCompleted")
    assert end["outcome"] == "verified", end
    # What the service's file asks for is last, and runs after a failure too; what is for other repositories does not run.
    assert ran(events) == [
        ["licences (repository)", "style", "licences"],  # the untouched tree: style fails
        ["licences (repository)", "words"],  # README is nothing to those with paths, but words never ran before
        ["licences (repository)", "style", "words", "licences"],
        ["licences (repository)", "style", "words", "licences", "tests"],
        ["licences (repository)", "style", "words", "licences"],
        ["licences (repository)", "style", "words", "licences", "tests"],
    ]
    assert found(events, "style")[0] == [("src/b.txt", 2, "error", None, "a tab", "style")]
    assert found(events, "words")[0] == [("src/a.txt", 2, "warning", "W7", "“teh” is no word", "house-words")]
    tests = found(events, "tests")
    assert {one[4] for one in tests[0]} == {"B.ends: not done", "deep thought"}, tests
    evidence = {one["name"]: one for one in end["evidence"]}
    assert set(evidence) == {"licences (repository)", "style", "words", "tests", "licences"}
    assert all(one["passed"] and one["treeHash"] == end["treeHash"] for one in evidence.values())
    assert evidence["licences"]["origin"] == "organisation" and evidence["style"]["origin"] == "repository"
    assert evidence["tests"]["tests"]["passed"] == 2
    assert evidence["tests"]["command"][-1] == "$COFFERDAM_REPORTS/unit.xml"
    reasons = [event.get("reason") or "" for event in of(events, "sessionStatus")]
    assert any("the organisation has a check `licences`" in reason for reason in reasons), reasons
    # Reports are no part of the work.
    assert sorted(end["changedFiles"]) == ["README", "src/a.txt", "src/b.txt"]

    # Another session on the same tree has the baseline of the first, from disk, and verifies by itself.
    world.stop_service()
    world.replay(recordings.write(
        tmp_path / "second.json",
        turn([says("src/b.txt:2:1: error: a tab", "known from an earlier session on this tree")],
             call("1", "edit", path="src/b.txt", old_text="\tnothing", new_text="done")),
        turn([result("1"), ANY], call("2", "edit", path="src/a.txt", old_text="teh", new_text="the")),
        turn([result("2"), ANY], text("Done."))))
    events = session(world, project)
    assert ran(events)[0] == ["licences (repository) (known)", "style (known)", "licences (known)"]
    (end,) = of(events, "turnCompleted")
    assert end["outcome"] == "verified", end
    assert not any(one.get("fromCache") for one in end["evidence"])

    # A file that cannot be read as it is meant names its line, and nothing runs without its checks.
    (project / ".cofferdam.yaml").write_text("checks:\n- name: x\n  command: [x]\n  parser:\n    errorformat: ['%f:%(']\n")
    refused = world.cofferdam("run", "Go on", cwd=project)
    assert refused.returncode != 0 and ".cofferdam.yaml:5:19: checks[0].parser.errorformat[0]" in refused.stdout + refused.stderr
