"""What the sessions of fake_lsp.py do; `fake` is that module."""
import base64


def tool(fake, session, id, title, pieces, code=0):
    fake.emit(session, "toolCallStarted", itemId=id, tool="run", title=title, arguments={"command": title})
    offset = 0
    for piece in pieces:
        key = "text" if isinstance(piece, str) else "base64"
        value = piece if isinstance(piece, str) else base64.b64encode(piece).decode()
        fake.emit(session, "outputDelta", itemId=id, stream="stdout", offset=offset, **{key: value})
        offset += len(piece)
    fake.emit(session, "toolCallCompleted", itemId=id, status="completed", text="done", command=fake.result(code))


def evidence(fake, passed=True, **fields):
    return {"name": "build", "command": ["make", "-k"], "required": True, "passed": passed,
            "result": fake.result(0 if passed else 2), "errors": 0, "warnings": 0, "startedAt": 1790000000000,
            "treeHash": "0123456789abcdef", **fields}


def published(line, first, last, message, **fields):
    return {"range": {"start": {"line": line, "character": first}, "end": {"line": line, "character": last}},
            "severity": 1, "source": "gcc", "message": message,
            "data": {"sessionId": "s1", "check": "build", "fingerprint": message}, **fields}


def publish(fake, name, diagnostics):
    fake.send({"method": "textDocument/publishDiagnostics", "params": {
        "uri": "file://" + fake.root + "/" + name, "diagnostics": diagnostics}})


def update(fake, session, new, fixed, remaining, diagnostics=()):
    fake.emit(session, "diagnosticsUpdated", check="build", total=new + remaining, new=new, fixed=fixed,
              remaining=remaining, diagnostics=list(diagnostics))


def judge(fake, session):
    """A check that finds things of every kind, and a gate that is not content."""
    publish(fake, "main.c", [
        published(1, 0, 6, "unused variable\nthe second line", severity=2, code="-Wunused", tags=[1],
                  codeDescription={"href": "https://example.org/unused"}, relatedInformation=[
                      {"message": "declared here", "location": {"uri": "file://" + fake.root + "/lib/far.c", "range": {
                          "start": {"line": 4, "character": 2}, "end": {"line": 4, "character": 3}}}}]),
        published(2, 6, 10, "stale: too few arguments", severity=4, data={
            "sessionId": "s1", "check": "build", "fingerprint": "f", "stale": True, "severity": 1})])
    publish(fake, "lib/far.c", [published(1, 0, 3, "it is deprecated", severity=1, tags=[2])])
    publish(fake, "other.c", [published(0, 0, 1, "of another session", data={"sessionId": "s9", "fingerprint": "x"})])
    update(fake, session, 1, 2, 3, [
        {"tool": "ld", "severity": "error", "message": "undefined reference to `f'", "path": "", "fingerprint": "l"},
        {"tool": "gcc", "severity": "error", "message": "it is deprecated", "path": "lib/far.c", "fingerprint": "g",
         "range": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 4}}])
    checks = [
        evidence(fake, tests={"passed": 41, "failed": 0, "skipped": 1}),
        evidence(fake, False, name="lint", command=["lint"], required=False, errors=2),
        evidence(fake, name="licence", command=["/bin/sh", "-c", "a && b"], origin="organisation", ranOn="fedcba9876543210",
                 fromCache=True)]
    for number, one in enumerate(checks):
        fake.emit(session, "checkStarted", itemId="k%d" % number, name=one["name"], command=one["command"])
        fake.emit(session, "checkCompleted", itemId="k%d" % number, evidence=one)
    session.update(state="idle", outcome="unverified", files=["main.c"])
    fake.emit(session, "turnCompleted", turnId="t1", outcome="unverified", reason="the change weakens the tests",
              evidence=checks, treeHash="0123456789abcdef", changedFiles=["main.c"], steps=3, durationMilliseconds=4200,
              gateFindings=[{"rule": "test-skipped", "path": "lib/far.c", "line": 3, "message": "test_sum is skipped now"},
                            {"rule": "no-place", "message": "a warning level is lower"}])


def stays(fake, session):
    """Diagnostics that are replaced; the turn goes on."""
    publish(fake, "main.c", [published(0, 4, 8, "first", data={}), published(1, 0, 6, "second", data={})])
    update(fake, session, 2, 0, 0)
    publish(fake, "main.c", [published(2, 0, 5, "third", data={})])
    update(fake, session, 1, 1, 0)


def clears(fake, session):
    publish(fake, "main.c", [])
    update(fake, session, 0, 1, 0)
    fake.end(session, "answered")


def code_actions(params):
    """Fixes of lines 1 and 2; two of line 3, at the same place."""
    uri, kind = params["textDocument"]["uri"], params["context"].get("only", ["quickfix"])[0]

    def fix(line, text, title):
        place = {"line": line, "character": 0}
        edit = {"range": {"start": place, "end": place}, "newText": text}
        return {"title": title, "kind": "quickfix", "edit": {"changes": {uri: [edit]}}}

    fixes = [fix(0, "one ", "lint: Put one"), fix(1, "two ", "lint: Put two"), fix(2, "three ", "lint: Put three"),
             fix(2, "drei ", "lint: Put drei")]
    if kind == "quickfix":
        lines = range(params["range"]["start"]["line"], params["range"]["end"]["line"] + 1)
        asking = {"title": "Cofferdam: fix this", "kind": "quickfix", "command": {
            "title": "Cofferdam: fix this", "command": "cofferdam.fixDiagnostics", "arguments": [{"uri": uri}]}}
        return [one for one in fixes if one["edit"]["changes"][uri][0]["range"]["start"]["line"] in lines] + [asking]
    edits = [fixes[0]["edit"]["changes"][uri][0], fixes[1]["edit"]["changes"][uri][0]]
    return [{"title": "Cofferdam: apply all 2 fixes of the tools in this file", "kind": kind,
             "edit": {"documentChanges": [{"textDocument": {"uri": uri, "version": None}, "edits": edits}]}}]


def plain(fake, session):
    fake.emit(session, "environmentPreparing", environment="node", activity="setup")
    fake.emit(session, "setupStarted", itemId="s1", command=["npm", "ci"], step=1, steps=1)
    fake.emit(session, "outputDelta", itemId="s1", stream="stdout", offset=0, text="added 3 packages\n")
    fake.emit(session, "setupCompleted", itemId="s1", result=fake.result())
    fake.emit(session, "environmentPrepared", environment="node", setup="ran", steps=1, durationMilliseconds=5,
        notes=["the set-up changed files of the repository, which are as they were: lock.json"])
    fake.emit(session, "reasoningStarted", itemId="r1")
    fake.emit(session, "reasoningDelta", itemId="r1", text="Let me look.\nThe call lacks an argument.\nI add it.")
    fake.emit(session, "reasoningCompleted", itemId="r1", text="Let me look.\nThe call lacks an argument.\nI add it.")
    fake.emit(session, "messageStarted", itemId="m1")
    for word in ("I will ", "fix the call ", "in `main.c`"):
        fake.emit(session, "messageDelta", itemId="m1", text=word)
    fake.emit(session, "messageCompleted", itemId="m1", text="I will fix the call in `main.c`.")
    fake.emit(session, "egressRulesChanged", by="service", phase="agent", denied=["https://evil.example.org:443"], rules=[
        {"id": "rule-1", "rule": "https://pypi.org:443", "intercepted": False}])
    fake.emit(session, "egressDecided", verdict="deny", reason="no rule allows this host and port", scheme="https",
        host="other.example.org", port=443, bytesUp=0, bytesDown=0, phase="closed", count=3)
    fake.emit(session, "egressDecided", verdict="allow", reason="rule-1 allows it", scheme="https", host="pypi.org", port=443,
        bytesUp=9, bytesDown=9, phase="closed", ruleId="rule-1")
    tool(fake, session, "c1", "Run: make", ["cc main.c\n", "main.c:1:5: error: no\n"], 2)
    uri = "file://" + fake.root + "/main.c"
    fake.send({"method": "textDocument/publishDiagnostics", "params": {"uri": uri, "diagnostics": [
        {"range": {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 8}}, "severity": 1,
         "source": "gcc", "code": "E1", "message": "too few arguments"}]}})
    fake.emit(session, "diagnosticsUpdated", check="build", total=1, new=1, fixed=0, remaining=0, diagnostics=[
        {"tool": "gcc", "severity": "error", "message": "too few arguments", "path": "main.c", "fingerprint": "f",
         "range": {"startLine": 1, "startColumn": 5, "endLine": 1, "endColumn": 9}}])
    fake.emit(session, "fileChanged", itemId="c2", path="main.c", change="modified",
              patch="--- a/main.c\n+++ b/main.c\n@@ -1 +1 @@\n-int main;\n+int main(void);\n")
    fake.emit(session, "checkStarted", itemId="k1", name="build", command=["make", "-k"])
    fake.emit(session, "checkCompleted", itemId="k1", evidence=evidence(fake, warnings=1))
    fake.send({"method": "textDocument/publishDiagnostics", "params": {"uri": uri, "diagnostics": []}})
    fake.end(session, "verified", ["main.c"])


def terse(fake, session):
    """What could be said twice."""
    for id, path in (("c1", "a.c"), ("c2", "b.c")):
        fake.emit(session, "toolCallStarted", itemId=id, tool="read", title="Read: " + path, arguments={"path": path})
    for id in ("c2", "c1"):
        fake.emit(session, "toolCallCompleted", itemId=id, status="completed", text="1 int a;\n2 int b;")
    fake.emit(session, "checkStarted", itemId="k1", name="make", command=["make"])
    fake.emit(session, "outputDelta", itemId="k1", stream="stdout", offset=0, text="cc\nx\na.c:1: error: no\ny\nz\n")
    fake.emit(session, "diagnosticsUpdated", check="make", total=1, new=0, fixed=2, remaining=1, diagnostics=[
        {"tool": "gcc", "severity": "error", "message": "no", "path": "a.c", "fingerprint": "f"}])
    fake.emit(session, "checkCompleted", itemId="k1", evidence=evidence(fake, False, name="make", errors=1))
    fake.emit(session, "checkStarted", itemId="k2", name="lint", command=["lint"])
    fake.emit(session, "diagnosticsUpdated", check="lint", total=0, new=0, fixed=0, remaining=0, diagnostics=[])
    fake.emit(session, "checkCompleted", itemId="k2", evidence=evidence(fake, name="lint", command=["lint"]))
    fake.emit(session, "toolCallStarted", itemId="c3", tool="run", title="Run: rm", arguments={})
    fake.emit(session, "approvalRequested", approval={"approvalId": "a9", "toolCallId": "c3", "title": "Run: rm"})
    fake.resolve(session, "a9", "answered", decision="reject", answeredBy="cli", feedback="no")
    fake.emit(session, "toolCallCompleted", itemId="c3", status="denied", text="Not done: the user rejected it.")
    fake.emit(session, "toolCallStarted", itemId="c4", tool="shell", title="Shell: x", arguments={})
    fake.emit(session, "toolCallCompleted", itemId="c4", status="cancelled", text="Cancelled.")
    fake.end(session, "verified")


def nasty(fake, session):
    tool(fake, session, "c1", "Run: \x1b[31mnasty\x1b[0m\nx", [
        "\x1b[1;31mred\x1b", "[0m plain\r\n", "10%\r20%\r", "done\n", b"nul\0 bad\xff\xfe\n",
        "\x1b]0;title", "\x07after\n", "é" * 5000 + "\n", b"split \xc3", b"\xa9\n", "no newline at the end"])
    fake.end(session, "unverified")


def malformed(fake, session):
    for params in (None, 7, [], {"sessionId": 3}, {"sessionId": session["id"], "seq": "x", "event": {}},
                   {"sessionId": session["id"], "seq": 2, "event": {"type": "messageDelta", "itemId": 5}},
                   {"sessionId": session["id"], "seq": 2, "event": {"type": "outputDelta", "itemId": "q"}},
                   {"sessionId": session["id"], "seq": 2, "event": "turnCompleted"},
                   {"sessionId": session["id"], "seq": 2, "event": {"type": "approvalRequested", "approval": 1}}):
        fake.send({"method": "agent/progress", "params": params})
    fake.emit(session, "fromTheFuture", itemId="z", text=["?"])
    fake.emit(session, "turnCompleted", outcome="answered", changedFiles="no list", evidence={"a": 1}, steps="3")


def review():
    """Two hunks, a mode, a new file and one that runs elsewhere."""
    patch = ("diff --git a/main.c b/main.c\nold mode 100644\nnew mode 100755\n--- a/main.c\n+++ b/main.c\n"
             "@@ -1,2 +1,2 @@\n-int main;\n+int main(void);\n second line\n"
             "@@ -9,2 +9,3 @@ main\n third line\n+fourth \x1b[2J line\n+@@ -1 +1 @@\n")
    hunk = {"header": "", "oldStart": 1, "oldLines": 2, "newStart": 1, "newLines": 2, "changes": []}
    new = "diff --git a/new.c b/new.c\nnew file mode 100644\n--- /dev/null\n+++ b/new.c\n@@ -0,0 +1 @@\n+new\n"
    hook = new.replace("new.c", ".envrc")
    files = [
        {"path": "main.c", "change": "modified", "binary": False, "oldMode": "100644", "newMode": "100755",
         "patch": patch, "hunks": [{**hunk, "id": "h1"}, {**hunk, "id": "h2"}]},
        {"path": "new.c", "change": "added", "binary": False, "patch": new, "hunks": [{**hunk, "id": "n1"}]},
        {"path": ".envrc", "change": "added", "binary": False, "patch": hook, "hunks": [{**hunk, "id": "e1"}],
         "sensitive": True},
    ]
    return {"treeHash": "aa", "baseTreeHash": "bb", "patch": patch + new + hook, "files": files}
