#!/usr/bin/env python3
"""Asks Cofferdam for a change in a folder, without an editor: the whole protocol in a few calls (see ../README.md).

Exit code: 0 verified and applied, or answered; 1 not verified; 3 cancelled; 4 limit; 5 failed; 6 not applied in full.
"""
import argparse, itertools, json, os, pathlib, subprocess, sys

SHOWN = {"toolCallStarted": "title", "checkStarted": "name", "messageCompleted": "text", "turnCompleted": "reason"}
ids = itertools.count(1)


def send(server, **message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    server.stdin.flush()


def receive(server):
    length = 0
    while (line := server.stdout.readline()).strip():
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return json.loads(server.stdout.read(length)) if length else sys.exit("cofferdam lsp has ended")


def call(server, method, params, handle):
    """Sends a request and gives back its result; what arrives before it goes to `handle`."""
    send(server, id=next(ids), method=method, params=params)
    while "method" in (message := receive(server)):
        handle(message)
    return message["result"] if "result" in message else sys.exit(f"{method}: {message['error']['message']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--yes", action="store_true", help="allow every action that policy asks about")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("prompt")
    options = parser.parse_args()
    server = subprocess.Popen([os.environ.get("COFFERDAM", "cofferdam"), "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    ends = []

    def handle(message):
        params = message.get("params", {})
        if message["method"] == "agent/approve":
            print("asked to allow:", params["approval"]["title"], flush=True)
            send(server, id=message["id"], result={"decision": "allowOnce" if options.yes else "reject"})
        elif message["method"] == "agent/progress":
            event = params["event"]
            if event["type"] in SHOWN:
                print(f"{event['type']}: {event[SHOWN[event['type']]]}", flush=True)
            if event["type"] == "turnCompleted" or event.get("state") in ("stopped", "failed"):
                ends.append(event)

    root = options.folder.resolve().as_uri()
    settings = {"progress": True, "approve": True, "apply": "never", "fileEdits": "disk", "showTranscript": "never"}
    call(server, "initialize", {"processId": os.getpid(), "rootUri": root, "capabilities": {}, "initializationOptions": settings}, handle)
    send(server, method="initialized", params={})
    session = {"sessionId": call(server, "agent/start", {"prompt": options.prompt}, handle)["sessionId"]}
    while not ends:
        handle(receive(server))
    outcome = ends[0].get("outcome", "failed")
    if ends[0].get("reason") and "outcome" not in ends[0]:
        print("session ended:", ends[0]["reason"])
    conflicts = []
    if outcome == "verified":
        result = call(server, "agent/apply", session, handle)
        conflicts = result["conflicts"]
        print("applied:", *result["applied"], *(f"not {c['path']}: {c['reason']}" for c in conflicts))
    call(server, "agent/stop", session, handle)
    call(server, "shutdown", None, handle)
    send(server, method="exit")
    server.wait()
    print("outcome:", outcome)
    return 6 if conflicts else {"verified": 0, "answered": 0, "unverified": 1, "cancelled": 3, "limit": 4}.get(outcome, 5)


if __name__ == "__main__":
    sys.exit(main())
