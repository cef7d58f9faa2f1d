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
    fake.emit(session, "checkCompleted", itemId="k1", evidence={
        "name": "build", "passed": True, "result": fake.result(), "errors": 0, "warnings": 1, "required": True})
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
    fake.emit(session, "checkCompleted", itemId="k1", evidence={
        "name": "make", "passed": False, "result": fake.result(2), "errors": 1, "warnings": 0, "required": True})
    fake.emit(session, "checkStarted", itemId="k2", name="lint", command=["lint"])
    fake.emit(session, "diagnosticsUpdated", check="lint", total=0, new=0, fixed=0, remaining=0, diagnostics=[])
    fake.emit(session, "checkCompleted", itemId="k2", evidence={
        "name": "lint", "passed": True, "result": fake.result(), "errors": 0, "warnings": 0, "required": True})
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
