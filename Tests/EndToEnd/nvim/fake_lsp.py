#!/usr/bin/env python3
"""A stand-in for `cofferdam lsp`, for the Neovim client's own specs only. The prompt's first word chooses what happens.

FAKE_STATE: directory; `sessions.json` outlives the process like the service does, `received.jsonl` is what came in.
"""
import json
import os
import sys
import threading
import time

import fake_sessions

STATE = os.environ["FAKE_STATE"]
FAKE = sys.modules[__name__]
OUT = threading.Lock()
sessions, waiting, answers, root = {}, {}, {}, ""
counter = 0


def send(message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    with OUT:
        sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        sys.stdout.buffer.flush()


def ask(method, params):
    global counter
    counter += 1
    answered = answers[counter] = threading.Event()
    send({"id": counter, "method": method, "params": params})
    answered.wait(20)


def save():
    with open(STATE + "/sessions.json.new", "w") as file:
        json.dump(sessions, file)
    os.replace(STATE + "/sessions.json.new", STATE + "/sessions.json")


def emit(session, type, save_first=False, **fields):
    item = {"sessionId": session["id"], "seq": len(session["events"]) + 1, "time": 1790000000000,
            "event": {"type": type, **fields}}
    session["events"].append(item)
    if save_first:
        save()
    send({"method": "agent/progress", "params": item})


def result(code=0):
    return {"status": "exited", "exitCode": code, "durationMilliseconds": 1200, "stdoutBytes": 1, "stderrBytes": 0}


def end(session, outcome, files=(), **fields):
    evidence = [fake_sessions.evidence(FAKE, passed=outcome == "verified")] if files else []
    session.update(state="idle", outcome=outcome, files=list(files))
    emit(session, "turnCompleted", turnId="t1", outcome=outcome,
         reason="every required check passed" if outcome == "verified" else "", evidence=evidence, treeHash="aa",
         changedFiles=list(files), steps=3, durationMilliseconds=4200, save_first=True, **fields)


def approval(session, id, **fields):
    request = {"approvalId": id, "toolCallId": "c1", "tool": "run", "title": "Run: make clean",
               "reason": "rule: clean", "command": "make clean", "arguments": {"command": "make clean", "env": {}},
               "expiresAt": int(time.time() * 1000) + 600000, **fields}
    session["pending"].append(request)
    session["state"] = "waiting"
    save()
    emit(session, "approvalRequested", approval=request)


def resolve(session, id, cause, **fields):
    session["pending"] = [one for one in session["pending"] if one["approvalId"] != id]
    resolution = {"approvalId": id, "cause": cause, **fields}
    emit(session, "approvalResolved", resolution=resolution)
    return resolution


def work(session, prompt):
    words = prompt.split()
    emit(session, "sessionStatus", state="running")
    emit(session, "turnStarted", turnId="t1", prompt=prompt, model="fake-1")
    save()
    if words[0] == "flood":
        line = ("x" * 99 + "\n") * 160
        pieces = [line] * (int(words[1]) * 1024 * 1024 // len(line))
        fake_sessions.tool(FAKE, session, "c1", "Run: yes", pieces + ["the very end\n"])
        end(session, "answered")
    elif words[0] == "approve":
        approval(session, "a1")
        if "two" in words:
            patch = "--- a/main.c\n+++ b/main.c\n@@ -1 +1 @@\n-a\n+b\n"
            approval(session, "a2", title="Edit: main.c", command=None, diff=patch)
    elif words[0] == "crash":
        os._exit(3)
    elif words[0] != "hang":
        getattr(fake_sessions, words[0], fake_sessions.plain)(FAKE, session)


def handle(method, params):
    if method == "textDocument/codeAction":
        return fake_sessions.code_actions(params)
    session = sessions.get((params or {}).get("sessionId"))
    if method == "agent/undo" and session is None and sessions:
        session = list(sessions.values())[-1]
    if method == "workspace/executeCommand":
        method, params = "agent/start", {"prompt": "plain fix"}
    if method == "agent/start":
        id = "s%d" % (len(sessions) + 1)
        session = sessions[id] = {"id": id, "title": params["prompt"], "state": "running", "outcome": None,
                                  "events": [], "pending": [], "files": []}
        save()
        threading.Timer(0, work, (session, params["prompt"])).start()
        return {"sessionId": id, "seq": 0}
    if method == "agent/list":
        return {"sessions": [summary(one) for one in reversed(list(sessions.values()))]}
    if session is None:
        raise KeyError("no session " + str((params or {}).get("sessionId")))
    if method == "agent/attach":
        after = params.get("afterSeq", 0)
        # As when the newest event was on its way to the editor before this request.
        for item in session["events"][after:][-1:] + session["events"][after:]:
            send({"method": "agent/progress", "params": item})
        return {"session": summary(session), "seq": len(session["events"])}
    if method == "agent/approve":
        if not any(one["approvalId"] == params["approvalId"] for one in session["pending"]):
            return {"accepted": False, "resolution": {"approvalId": params["approvalId"], "cause": "timedOut"}}
        resolution = resolve(session, params["approvalId"], "answered", decision=params["decision"], answeredBy="nvim",
                             **({"feedback": params["feedback"]} if "feedback" in params else {}))
        if not session["pending"]:
            end(session, "answered")
        return {"accepted": True, "resolution": resolution}
    if method == "agent/prompt" and params["text"] == "withdraw":
        for one in list(session["pending"]):
            resolve(session, one["approvalId"], "withdrawn")
    if method == "agent/prompt" and params["text"] == "clears":
        fake_sessions.clears(FAKE, session)
    if method == "agent/cancel":
        end(session, "cancelled")
    if method == "agent/fork":
        id = "s%d" % (len(sessions) + 1)
        fork = sessions[id] = {"id": id, "title": params.get("prompt", "fork"), "state": "idle", "outcome": None,
                               "events": [], "pending": [], "files": []}
        emit(fork, "sessionForked", step=params.get("step", 3), **{"from": session["id"]})
        save()
        return {"sessionId": id, "seq": 1}
    if method == "agent/restore":
        if params["step"] > 3:
            raise KeyError("the session has no step %d" % params["step"])
        emit(session, "sessionRestored", step=params["step"])
    if method == "agent/publish":
        if "refused" in params.get("title", ""):
            raise KeyError("`main` is no branch that may be pushed")
        if "approved" not in params:
            return {"needsApproval": ["path:.github/\x1b[2Jci.yml", "unverified"]}
        remote = "https://git.example.com/team/tool"
        emit(session, "sessionPublished", kind=params["kind"], remote=remote, branch="cofferdam/s1", client="nvim")
        save()
        return {"remote": remote, "branch": "cofferdam/s1", "notes": ["there is no label `agent`"]}
    if method == "agent/diff":
        patch = ("diff --git a/main.c b/main.c\n--- a/main.c\n+++ b/main.c\n@@ -1 +1 @@\n"
                 "-int main;\n+int main(void);\n")
        if "review" in session["title"]:
            return fake_sessions.review()
        return {"treeHash": "aa", "baseTreeHash": "bb", "patch": patch,
                "files": [{"path": p, "change": "modified", "binary": False, "patch": patch} for p in session["files"]]}
    if method == "agent/undo":
        with open(root + "/disk.txt", "w") as file:
            file.write("as it was\n")
        return {"sessionId": session["id"], "undone": ["disk.txt"], "conflicts": [], "left": 1}
    if method == "agent/apply" and "hunks" in params:
        return {"applied": [one["path"] for one in params["hunks"]], "conflicts": []}
    if method == "agent/apply":
        start = {"line": 0, "character": 0}
        ask("workspace/applyEdit", {"label": "cofferdam", "edit": {"changes": {"file://" + root + "/main.c": [
            {"range": {"start": start, "end": {"line": 0, "character": 9}}, "newText": "int main(void);"}]}}})
        with open(root + "/disk.txt", "w") as file:
            file.write("new on disk\n")
        conflicts = [{"path": "other.c", "reason": "changed here too"}] if "conflict" in session["title"] else []
        applied = {"applied": ["main.c", "disk.txt"], "conflicts": conflicts}
        emit(session, "resultApplied", treeHash="aa", client="nvim", **applied)
        return applied
    if method == "agent/transcript":
        return {"path": STATE + "/transcript.md"}
    return {"seq": len(session["events"])}


def summary(session):
    return {"sessionId": session["id"], "workspaceFolder": root, "title": session["title"], "state": session["state"],
            "outcome": session["outcome"], "model": "fake-1", "createdAt": 0, "updatedAt": int(time.time() * 1000),
            "seq": len(session["events"]), "pendingApprovals": session["pending"], "applied": False}


def serve(message):
    method, id, params = message.get("method"), message.get("id"), message.get("params")
    if method is None:
        return answers.pop(id).set() if id in answers else None
    if method == "initialize":
        return send({"id": id, "result": {"capabilities": {"textDocumentSync": 2, "codeActionProvider": True}}})
    if method == "exit":
        os._exit(0)
    if id is None:
        return
    try:
        send({"id": id, "result": None if method == "shutdown" else handle(method, params)})
    except Exception as error:
        send({"id": id, "error": {"code": -32602, "message": str(error)}})


if os.path.exists(STATE + "/sessions.json"):
    sessions = json.load(open(STATE + "/sessions.json"))
while True:
    length = 0
    while (line := sys.stdin.buffer.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    if not length:
        break
    message = json.loads(sys.stdin.buffer.read(length))
    with open(STATE + "/received.jsonl", "a") as file:
        file.write(json.dumps(message) + "\n")
    root = (message.get("params") or {}).get("rootPath", root) if message.get("method") == "initialize" else root
    # Beside the reader, for what waits for an answer of the editor.
    if message.get("method") == "agent/apply":
        threading.Thread(target=serve, args=(message,), daemon=True).start()
    else:
        serve(message)
