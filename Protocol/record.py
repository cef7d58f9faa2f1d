#!/usr/bin/env python3
"""Records transcripts/*.jsonl from a real run of `cofferdam lsp`, with the code of examples/headless.py.

    COFFERDAM_MODEL=replay:Tests/EndToEnd/fixtures/recordings/broken-c.json \\
        Protocol/record.py --ask edit Tests/EndToEnd/fixtures/broken-c "Fix the program until the test passes"

FOLDER is copied first, so it stays as it is. $COFFERDAM is the program; the model is the service's. --ask makes policy
ask about a tool, so that there are approvals. What the run did not bring about (a retry of the model, say) keeps the
transcript that it has, and is named at the end. Session names, paths, times and measurements are replaced: recordings
differ in how output was cut into events, and in what changed in the program. Those of the queue, of the way out and of a
snapshot that failed are recorded and held by Tests/EndToEnd/test_transcripts.py.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "examples"))
import headless  # noqa: E402

TO_SERVER, TO_CLIENT = "client→server", "server→client"
# One request with its reply each: file, sender, method.
EXCHANGES = [
    ("initialize", TO_SERVER, "initialize"),
    ("agent-start", TO_SERVER, "agent/start"),
    ("agent-prompt", TO_SERVER, "agent/prompt"),
    ("agent-cancel", TO_SERVER, "agent/cancel"),
    ("agent-stop", TO_SERVER, "agent/stop"),
    ("agent-list", TO_SERVER, "agent/list"),
    ("agent-attach", TO_SERVER, "agent/attach"),
    ("agent-detach", TO_SERVER, "agent/detach"),
    ("agent-approve", TO_SERVER, "agent/approve"),
    ("agent-approve-ask", TO_CLIENT, "agent/approve"),
    ("agent-fork", TO_SERVER, "agent/fork"),
    ("agent-restore", TO_SERVER, "agent/restore"),
    ("agent-diff", TO_SERVER, "agent/diff"),
    ("agent-apply", TO_SERVER, "agent/apply"),
    ("agent-undo", TO_SERVER, "agent/undo"),
    ("agent-transcript", TO_SERVER, "agent/transcript"),
]
# Events that belong together.
GROUPS = {
    "events-session": ["sessionStatus"],
    "events-queue": ["sessionQueued"],
    "events-turn": ["turnStarted", "promptReceived", "turnCompleted"],
    "events-message": ["messageStarted", "messageDelta", "messageCompleted", "usageUpdated"],
    "events-reasoning": ["reasoningStarted", "reasoningDelta", "reasoningCompleted"],
    "events-retry": ["modelRetried"],
    "events-switch": ["modelSwitched"],
    "events-tool": ["toolCallStarted", "outputDelta", "fileChanged", "toolCallCompleted"],
    "events-check": ["checkStarted", "diagnosticsUpdated", "checkCompleted"],
    "events-approval": ["approvalRequested", "approvalResolved"],
    "events-result": ["resultApplied"],
    "events-snapshot": ["snapshotTaken", "sessionRestored", "sessionForked"],
    "events-snapshot-failed": ["snapshotFailed"],
    "events-resume": ["sessionResumed", "commandEnded"],
    "events-environment": ["environmentPreparing", "setupStarted", "setupCompleted", "environmentPrepared"],
    "events-gap": ["gap"],
}
# A reader wants to see each kind a few times, not every line of a long run.
MOST_OF_A_TYPE = 3
SAME_IN_EVERY_RECORDING = {"durationMilliseconds": 250, "cpuMilliseconds": 200, "peakKiB": 20480, "processId": 4242}
TIMES = ("time", "createdAt", "updatedAt")
SAME_TIME = 1790000000000


class Run:
    """One run of the language server, every message kept."""

    def __init__(self, folder, cofferdam):
        self.folder, self.lines, self.events, self.approvals, self.seq = folder, [], [], [], 0
        self.session = None
        self.plain_send, self.plain_receive = headless.send, headless.receive
        headless.send, headless.receive = self.send, self.receive
        self.server = subprocess.Popen([cofferdam, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, server, **message):
        self.lines.append({"direction": TO_SERVER, "message": {"jsonrpc": "2.0", **message}})
        self.plain_send(server, **message)

    def receive(self, server):
        message = self.plain_receive(server)
        self.lines.append({"direction": TO_CLIENT, "message": message})
        return message

    def handle(self, message):
        if message["method"] == "agent/approve":
            self.approvals.append(message["params"]["approval"]["approvalId"])
            headless.send(self.server, id=message["id"], result={"decision": "allowOnce"})
        elif message["method"] == "agent/progress":
            self.events.append(message["params"]["event"])
            if message["params"]["sessionId"] == self.session:
                self.seq = message["params"]["seq"]

    def call(self, method, params={}):
        return headless.call(self.server, self.handle, method, params)

    def until(self, is_end):
        seen = 0
        while not any(is_end(event) for event in self.events[seen:]):
            seen = len(self.events)
            self.handle(headless.receive(self.server))

    def everything(self, prompt):
        """Every method once, in an order that a user could have chosen."""
        self.call("initialize", {
            "processId": os.getpid(), "rootUri": self.folder.as_uri(), "capabilities": {},
            "initializationOptions": {"progress": True, "approve": True, "apply": "never", "fileEdits": "disk"}})
        headless.send(self.server, method="initialized", params={})
        session = {"sessionId": self.call("agent/start", {"prompt": prompt})["sessionId"]}
        self.session = session["sessionId"]
        self.until(lambda event: event["type"] == "turnCompleted")
        if self.approvals:
            # Answered long ago: the reply says by whom.
            self.call("agent/approve", {**session, "approvalId": self.approvals[0], "decision": "reject"})
        self.call("agent/diff", {**session, "includeContents": True})
        self.call("agent/transcript", session)
        self.call("agent/apply", session)
        self.call("agent/undo", session)
        self.until(lambda event: event["type"] == "resultApplied")
        turns = sum(event["type"] == "turnCompleted" for event in self.events)
        self.call("agent/prompt", {**session, "text": "Explain the change in one sentence.", "delivery": "queue"})
        self.call("agent/cancel", session)
        self.until(lambda _: sum(event["type"] == "turnCompleted" for event in self.events) > turns)
        fork = {"sessionId": self.call("agent/fork", {**session, "step": 1})["sessionId"]}
        self.until(lambda event: event["type"] == "sessionForked")
        self.until(lambda event: event.get("state") == "idle")
        self.call("agent/stop", fork)
        self.until(lambda event: event.get("state") == "stopped")
        self.call("agent/restore", {**session, "step": 1})
        self.call("agent/detach", session)
        self.call("agent/attach", {**session, "afterSeq": max(0, self.seq - 5)})
        self.call("agent/list", {"workspaceFolder": str(self.folder), "limit": 10})
        self.call("agent/stop", session)
        self.until(lambda event: event.get("state") == "stopped")
        self.call("shutdown")
        headless.send(self.server, method="exit")
        self.server.wait()
        return session["sessionId"], fork["sessionId"]


def normalised(run, session, fork):
    """The lines without what differs from run to run."""
    text = json.dumps(run.lines, ensure_ascii=False)
    text = text.replace(session, "s7k2mq9xw4hd").replace(fork, "sq3v8n5t1c7k").replace(str(run.folder), "/home/user/project")
    state = re.search(r'"path": "(/[^"]*)/transcripts/', text)
    if state:
        text = text.replace(state[1], "/home/user/.local/state/cofferdam")
    lines = json.loads(text)

    def change(key, value):
        if key == "expiresAt":
            return SAME_TIME + 900_000
        return SAME_TIME if key in TIMES else SAME_IN_EVERY_RECORDING.get(key, value)

    return replaced(lines, change)


def replaced(value, change):
    if isinstance(value, dict):
        return {key: change(key, replaced(member, change)) for key, member in value.items()}
    return [replaced(element, change) for element in value] if isinstance(value, list) else value


def exchange(lines, sender, method):
    """The first request of a method with its reply; nothing when there is none, or it failed."""
    for index, line in enumerate(lines):
        if line["direction"] == sender and line["message"].get("method") == method:
            for reply in lines[index + 1:]:
                message = reply["message"]
                if reply["direction"] != sender and message.get("id") == line["message"]["id"] and "method" not in message:
                    return [line, reply] if "result" in message else []
    return []


def group(lines, types):
    """The first events of these types; nothing when one does not occur."""
    counts = dict.fromkeys(types, 0)
    chosen = []
    for line in lines:
        kind = line["message"].get("params", {}).get("event", {}).get("type")
        if kind in counts and counts[kind] < MOST_OF_A_TYPE:
            counts[kind] += 1
            chosen.append(line)
    return chosen if all(counts.values()) else []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("prompt")
    parser.add_argument("--ask", metavar="TOOL", help="policy for the copy: ask before every call of this tool")
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "transcripts")
    options = parser.parse_args()
    kept = ["agent-egress", "cancel-request", "events-egress", "service-initialize", "service-applied",
            "service-merge", "service-negotiate", "service-upload", "agent-steps", "agent-models", "service-objects", "service-pack", "service-recording",
            "events-commit", "events-repository",
            "agent-publish", "agent-usage", "events-budget", "events-gateway", "events-published", "events-publication"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary).resolve() / "project"
        shutil.copytree(options.folder, folder, symlinks=True)
        if options.ask:
            with open(folder / ".cofferdam.yaml", "a", encoding="utf-8") as configuration:
                configuration.write("policy: {ask: [%s]}\n" % json.dumps(options.ask))
        run = Run(folder, os.environ.get("COFFERDAM", "cofferdam"))
        lines = normalised(run, *run.everything(options.prompt))
    found = {name: exchange(lines, sender, method) for name, sender, method in EXCHANGES}
    found.update({name: group(lines, types) for name, types in GROUPS.items()})
    for name, chosen in found.items():
        if not chosen:
            kept.append(name)
            continue
        text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in chosen)
        (options.out / f"{name}.jsonl").write_text(text, encoding="utf-8")
    print(f"recorded {len(found) + 5 - len(kept)} transcripts; as they were: {', '.join(sorted(kept))}")


if __name__ == "__main__":
    main()
