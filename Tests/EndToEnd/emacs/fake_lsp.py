#!/usr/bin/env python3
"""A scripted `cofferdam lsp` for the tests of the Emacs package.

It tells what it received (`test/received`), sends what a test wants sent (`test/notify`, `test/request`), and plays
the scenario that the first word of a prompt names.  Sessions survive "die" in the file FAKE_STATE.
"""
import itertools
import json
import os
import sys
import time
import urllib.parse

STATE = os.environ.get("FAKE_STATE")
PATCH = "--- a/main.c\n+++ b/main.c\n@@ -3 +3 @@\n-    return 0\n+    return 0;\n"
received, documents, waiting = [], {}, {}
sessions = {}                           # id -> {"root", "title", "events", "state"}
numbers = itertools.count(1)


def write(message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    sys.stdout.buffer.flush()


def notify(method, params):
    write({"method": method, "params": params})


def request(method, params, on_reply):
    number = next(numbers)
    waiting[number] = on_reply
    write({"id": number, "method": method, "params": params})


def emit(session, type, **fields):
    events = sessions[session]["events"]
    events.append({"sessionId": session, "seq": len(events) + 1, "time": int(time.time() * 1000),
                   "event": {"type": type, **fields}})
    sessions[session]["state"] = fields.get("state", sessions[session]["state"])
    notify("agent/progress", events[-1])


def result(code=0, milliseconds=420):
    return {"status": "exited", "exitCode": code, "durationMilliseconds": milliseconds,
            "stdoutBytes": 0, "stderrBytes": 0}


def tool(session, item, title, output, code=0, stream="stdout"):
    emit(session, "toolCallStarted", itemId=item, tool="run", title=title, arguments={"argv": title.split()})
    offset = 0
    for text in output:
        emit(session, "outputDelta", itemId=item, stream=stream, offset=offset, text=text)
        offset += len(text.encode())
    emit(session, "toolCallCompleted", itemId=item, status="completed", text="done", command=result(code))


def evidence(passed, **fields):
    return {"name": "build", "command": ["make", "-k"], "required": True, "passed": passed,
            "result": result(0 if passed else 2), "errors": 0, "warnings": 0, "startedAt": 1790000000000,
            "treeHash": "0123456789abcdef", **fields}


def end(session, outcome="verified", **fields):
    emit(session, "turnCompleted", **{
        "turnId": "t", "outcome": outcome, "reason": "every required check passed", "steps": 3,
        "evidence": [evidence(outcome == "verified")], "treeHash": "t1", "changedFiles": ["main.c"],
        "durationMilliseconds": 12345, **fields})
    emit(session, "sessionStatus", state="idle")


def published(line, first, last, message, **fields):
    return {"range": {"start": {"line": line, "character": first}, "end": {"line": line, "character": last}},
            "severity": 1, "source": "gcc", "message": message,
            "data": {"sessionId": "s1", "check": "build", "fingerprint": message}, **fields}


def judge(session, root):
    """A check that finds things of every kind, and a gate that is not content."""
    far = {"uri": f"file://{root}/lib/far.c", "range": published(4, 2, 3, "")["range"]}
    for name, items in {
            "main.c": [
                published(0, 0, 8, "unused", severity=2, code="-Wunused", tags=[1], codeDescription={"href": "https://x"},
                          relatedInformation=[{"message": "declared here", "location": far}]),
                published(2, 4, 10, "stale: expected ';'", severity=4, data={"sessionId": "s1", "stale": True, "severity": 1})],
            "lib/far.c": [published(1, 0, 3, "it is deprecated", tags=[2])],
            "other.c": [published(0, 0, 1, "of another session", data={"sessionId": "s9", "fingerprint": "x"})]}.items():
        notify("textDocument/publishDiagnostics", {"uri": f"file://{root}/{name}", "diagnostics": items})
    emit(session, "diagnosticsUpdated", check="build", total=4, new=1, fixed=2, remaining=3, diagnostics=[
        {"tool": "ld", "severity": "error", "message": "undefined reference to f", "path": "", "fingerprint": "l"}])
    checks = [evidence(True, tests={"passed": 41, "failed": 0, "skipped": 1}),
              evidence(False, name="lint", command=["lint"], required=False, errors=2),
              evidence(True, name="licence", command=["/bin/sh", "-c", "a && b"], origin="organisation",
                       ranOn="fedcba9876543210", fromCache=True)]
    emit(session, "checkStarted", itemId="k1", name="build", command=["make", "-k"])
    emit(session, "checkCompleted", itemId="k1", evidence=checks[0])
    end(session, "unverified", reason="the change weakens the tests", evidence=checks, gateFindings=[
        {"rule": "test-skipped", "path": "lib/far.c", "line": 3, "message": "test_sum is skipped now"},
        {"rule": "no-place", "message": "a warning level is lower"}])


def code_actions(params):
    """Fixes of lines 1 and 3; two of line 3, at the same place."""
    uri, only = params["textDocument"]["uri"], params["context"].get("only", [""])[0]

    def fix(line, text, title):
        place = {"line": line, "character": 0}
        edits = [{"range": {"start": place, "end": place}, "newText": text}]
        return {"title": title, "kind": "quickfix", "edit": {"changes": {uri: edits}}}

    fixes = [fix(0, "one ", "lint: Put one"), fix(2, "three ", "lint: Put three"), fix(2, "drei ", "lint: Put drei")]
    if only == "source.fixAll.cofferdam":
        edits = [edit for one in fixes[:2] for edit in one["edit"]["changes"][uri]]
        return [{"title": "Cofferdam: apply all 2 fixes of the tools in this file", "kind": only,
                 "edit": {"documentChanges": [{"textDocument": {"uri": uri, "version": None}, "edits": edits}]}}]
    lines = range(params["range"]["start"]["line"], params["range"]["end"]["line"] + 1)
    asking = {"title": "Cofferdam: fix this", "kind": "quickfix", "command": {
        "title": "", "command": "cofferdam.fixDiagnostics", "arguments": [{"uri": uri}]}}
    return [one for line, one in zip((0, 2, 2), fixes) if line in lines] + [asking]


def diagnostics(session, root, items):
    emit(session, "diagnosticsUpdated", check="build", total=len(items), new=len(items), fixed=0, remaining=0,
         diagnostics=[{
             "tool": "gcc", "severity": "error", "code": "-Wsyntax", "message": d, "path": "main.c",
             "range": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 6}, "fingerprint": "f"}
             for d in items])
    notify("textDocument/publishDiagnostics", {"uri": f"file://{root}/main.c", "diagnostics": [{
        "range": {"start": {"line": 2, "character": 4}, "end": {"line": 2, "character": 5}}, "severity": 1,
        "source": "gcc", "code": "-Wsyntax", "message": d} for d in items]})


def play(session, prompt, root):
    emit(session, "sessionStatus", state="starting")
    emit(session, "turnStarted", turnId="t", prompt=prompt, model="replay")
    word = prompt.split()[0]
    if word == "die":
        json.dump(sessions, open(STATE, "w"))
        sys.exit(3)
    for kind, item, text in ("reasoning", "r1", "First look."), ("message", "m1", "I will build it first."):
        emit(session, kind + "Started", itemId=item)
        emit(session, kind + "Delta", itemId=item, text=text[:7])
        emit(session, kind + "Completed", itemId=item, text=text)
    if word == "judge":
        return judge(session, root)
    if word == "flood":
        tool(session, "c1", "Run: yes", (("x" * 99 + "\n") * 160 for _ in range(640)))
    elif word == "wild":
        tool(session, "c1", "Run: \33[31mred\u202e", ["\33[31mred\33[0m\7 \u202eevil\r\n", "\33", "[1mbold\n",
                                                    "0%\r50%\r100%\n", "y" * 5000 + "\n"], stream="stderr")
    else:
        emit(session, "environmentPreparing", environment="node", activity="waiting")
        emit(session, "setupStarted", itemId="s1", command=["npm", "ci"], step=1, steps=1)
        emit(session, "outputDelta", itemId="s1", stream="stdout", offset=0, text="added 3 packages\n")
        emit(session, "setupCompleted", itemId="s1", result=result())
        emit(session, "environmentPrepared", environment="node", setup="reused", steps=1, durationMilliseconds=5,
             notes=["the set-up changed lock.json"])
        emit(session, "egressRulesChanged", by="service", phase="agent", denied=["https://evil.example.org:443"], rules=[
             {"id": "rule-1", "rule": "https://pypi.org:443", "intercepted": False}])
        emit(session, "egressDecided", verdict="deny", reason="no rule allows this host and port", scheme="https",
             host="other.example.org", port=443, bytesUp=0, bytesDown=0, phase="closed", count=3)
        emit(session, "egressDecided", verdict="allow", reason="rule-1 allows it", scheme="https", host="pypi.org", port=443,
             bytesUp=9, bytesDown=9, phase="closed", ruleId="rule-1")
        tool(session, "c1", "Run: make", ["cc -c main.c\n", "main.c:3:5: error: expected ';'\n"], code=2)
        diagnostics(session, root, ["expected ';'"])
    if word == "approve":
        sessions[session]["approval"] = approval = {
            "approvalId": "a1", "toolCallId": "c9", "tool": "shell", "title": "Run: rm -rf build",
            "reason": "rule user: shell commands ask", "command": "rm -rf build && echo done",
            "arguments": {"command": "rm -rf build && echo done", "cwd": "."}, "expiresAt": 4102444800000}
        emit(session, "sessionStatus", state="waiting")
        return emit(session, "approvalRequested", approval=approval)
    emit(session, "snapshotTaken", step=1, parent=0, changedFiles=2, bytes=8192, consistent=False, removedSteps=[0])
    emit(session, "snapshotFailed", step=2, reason="no space left on device")
    emit(session, "fileChanged", itemId="c2", path="main.c", change="modified", patch=PATCH)
    diagnostics(session, root, [])
    emit(session, "checkStarted", itemId="k1", name="build", command=["make", "-k"])
    emit(session, "checkCompleted", itemId="k1", evidence=evidence(True))
    end(session)


def apply(session, identifier, root):
    uri, place = f"file://{root}/main.c", {"line": 2, "character": 12}
    document = {"uri": uri, "version": documents.get(uri, {}).get("version")}

    def replied(reply):
        conflicts = [] if reply["result"]["applied"] is True else [{"path": "main.c", "reason": str(reply)}]
        done = {"applied": [] if conflicts else ["main.c"], "conflicts": conflicts}
        emit(session, "resultApplied", treeHash="t1", client="emacs", **done)
        write({"id": identifier, "result": done})

    request("workspace/applyEdit", {"label": "Cofferdam", "edit": {"documentChanges": [
        {"textDocument": document, "edits": [{"range": {"start": place, "end": place}, "newText": ";"}]}]}}, replied)


def summary(name):
    session = sessions[name]
    return {"sessionId": name, "workspaceFolder": session["root"], "title": session["title"],
            "state": session["state"], "model": "replay", "createdAt": 0, "updatedAt": int(time.time() * 1000),
            "seq": len(session["events"]), "pendingApprovals": [], "applied": False}


def handle(method, params, identifier):
    session = params.get("sessionId")

    def answer(value):
        write({"id": identifier, "result": value})
    if session and session not in sessions:
        write({"id": identifier, "error": {"code": -32602, "message": f"no session {session}"}})
    elif method == "initialize":
        encodings = params["capabilities"].get("general", {}).get("positionEncodings", ["utf-16"])
        answer({"serverInfo": {"name": "cofferdam", "version": "fake"}, "capabilities": {
            "positionEncoding": os.environ.get("FAKE_ENCODING", encodings[0]), "textDocumentSync": 1,
            "experimental": {"cofferdam": {"protocolVersion": 1, "methods": ["agent/start"]}}}})
    elif method == "textDocument/codeAction":
        answer(code_actions(params))
    elif method in ("agent/start", "workspace/executeCommand"):
        name = f"s{len(sessions) + 1}"
        folder = urllib.parse.unquote(params.get("arguments", [{}])[0].get("uri", "")[7:]).rpartition("/")[0]
        root, prompt = params.get("workspaceFolder", folder), params.get("prompt", "fix by action")
        sessions[name] = {"root": root, "title": prompt, "events": [], "state": "starting"}
        answer({"sessionId": name, "seq": 0})
        play(name, prompt, root)
    elif method == "agent/fork":
        name = f"s{len(sessions) + 1}"
        sessions[name] = {**sessions[session], "title": params.get("prompt", "fork"), "events": [], "state": "idle"}
        emit(name, "sessionForked", step=params.get("step", 3), **{"from": session})
        answer({"sessionId": name, "seq": 1})
    elif method == "agent/restore":
        emit(session, "sessionRestored", step=params["step"])
        answer({"seq": len(sessions[session]["events"])})
    elif method == "agent/publish":
        if "approved" not in params:
            answer({"needsApproval": ["path:.github/\x1b[2Jci.yml", "unverified"]})
        else:
            remote = "https://git.example.com/team/tool"
            emit(session, "sessionPublished", kind=params["kind"], remote=remote, branch="cofferdam/s1", client="emacs")
            answer({"remote": remote, "branch": "cofferdam/s1"})
    elif method == "agent/approve":
        resolution = {**params, "cause": "answered", "answeredBy": "emacs"}
        accepted = sessions[session].pop("approval", None) is not None
        answer({"accepted": accepted, "resolution": resolution})
        if accepted:
            emit(session, "approvalResolved", resolution=resolution)
            emit(session, "sessionStatus", state="running")
            end(session, "verified" if params["decision"] != "reject" else "unverified")
    elif method == "agent/list":
        answer({"sessions": [summary(name) for name in reversed(sessions)]})
    elif method == "agent/attach":
        missed = sessions[session]["events"][params.get("afterSeq", 0):]
        # As when the newest event was on its way to the editor before this request.
        for event in missed[-1:]:
            notify("agent/progress", event)
        answer({"session": summary(session), "seq": len(sessions[session]["events"])})
        for event in missed:
            notify("agent/progress", event)
    elif method == "agent/diff" and "review" in sessions[session].get("title", ""):
        answer(review())
    elif method == "agent/undo":
        answer({"sessionId": session or next(reversed(sessions)), "undone": ["main.c"], "conflicts": [], "left": 1})
    elif method == "agent/apply" and ("hunks" in params or "paths" in params):
        answer({"applied": [one["path"] for one in params.get("hunks", [])] + params.get("paths", []),
                "conflicts": []})
    elif method == "agent/diff":
        answer({"treeHash": "t1", "baseTreeHash": "t0", "patch": "diff --git a/main.c b/main.c\n" + PATCH,
                "files": [{"path": "main.c", "change": "modified", "binary": False, "patch": PATCH}]})
    elif method == "agent/apply":
        apply(session, identifier, sessions[session]["root"])
    elif method == "test/received":
        answer([m for m in received if m["method"] == params["method"]])
    elif method == "test/notify":
        for message in params["messages"]:
            notify(message["method"], message["params"])
        answer({})
    elif method == "test/request":
        request(params["method"], params["params"], lambda reply: answer(reply))
    elif method == "exit":
        sys.exit(0)
    elif identifier is not None:
        answer({})


def review():
    """Two hunks, a mode and a new file."""
    patch = ("diff --git a/main.c b/main.c\nold mode 100644\nnew mode 100755\n--- a/main.c\n+++ b/main.c\n"
             "@@ -1,2 +1,2 @@\n-int main;\n+int main(void);\n second line\n"
             "@@ -9,2 +9,3 @@ main\n third line\n+fourth \x1b[2J line\n+@@ -1 +1 @@\n fifth\n")
    hunk = {"header": "", "oldStart": 1, "oldLines": 2, "newStart": 1, "newLines": 2, "changes": []}
    new = "diff --git a/new.c b/new.c\nnew file mode 100644\n--- /dev/null\n+++ b/new.c\n@@ -0,0 +1 @@\n+new\n"
    files = [
        {"path": "main.c", "change": "modified", "binary": False, "oldMode": "100644", "newMode": "100755",
         "patch": patch, "hunks": [{**hunk, "id": "h1"}, {**hunk, "id": "h2"}]},
        {"path": "new.c", "change": "added", "binary": False, "patch": new, "hunks": [{**hunk, "id": "n1"}]},
    ]
    return {"treeHash": "t1", "baseTreeHash": "t0", "patch": patch + new, "files": files}


if STATE and os.path.exists(STATE):
    sessions.update(json.load(open(STATE)))
while True:
    header = sys.stdin.buffer.readline()
    if not header:
        sys.exit(0)
    sys.stdin.buffer.readline()
    incoming = json.loads(sys.stdin.buffer.read(int(header.split(b":")[1])))
    if "method" not in incoming:
        waiting.pop(incoming["id"])(incoming)
        continue
    received.append(incoming)
    document = (incoming.get("params") or {}).get("textDocument", {})
    if "version" in document:
        documents[document["uri"]] = document
    handle(incoming["method"], incoming.get("params") or {}, incoming.get("id"))
