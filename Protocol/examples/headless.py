#!/usr/bin/env python3
"""headless.py [--yes] FOLDER PROMPT: asks Cofferdam for a change without an editor; --yes allows what policy asks about.
Exit code: 0 verified and applied, or answered; 1 unverified, or an error; 3 cancelled; 4 limit; 5 failed; 6 not applied in full."""
import itertools, json, os, pathlib, subprocess, sys

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

def call(server, handle, method, params={}):
    """Sends a request and gives back its result; what arrives before it goes to `handle`."""
    send(server, id=next(ids), method=method, params=params)
    while "method" in (message := receive(server)):
        handle(message)
    return message["result"] if "result" in message else sys.exit(f"{method}: {message['error']['message']}")

def main(folder, prompt, yes):
    server = subprocess.Popen([os.environ.get("COFFERDAM", "cofferdam"), "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    end = {}

    def handle(message):
        if message["method"] == "agent/approve":
            print("may I?", message["params"]["approval"]["title"], flush=True)
            send(server, id=message["id"], result={"decision": "allowOnce" if yes else "reject"})
        elif message["method"] == "agent/progress":
            event = message["params"]["event"]
            if event["type"] in ("toolCallStarted", "checkStarted", "messageCompleted"):
                print(event.get("title") or event.get("name") or event.get("text"), flush=True)
            if event["type"] == "turnCompleted" or event.get("state") in ("stopped", "failed"):
                end.update(event)

    call(server, handle, "initialize", {
        "processId": os.getpid(), "rootUri": pathlib.Path(folder).resolve().as_uri(), "capabilities": {},
        "initializationOptions": {"progress": True, "approve": True, "apply": "never", "fileEdits": "disk"}})
    send(server, method="initialized", params={})
    session = {"sessionId": call(server, handle, "agent/start", {"prompt": prompt})["sessionId"]}
    while not end:
        handle(receive(server))
    outcome, conflicts = end.get("outcome", "failed"), []
    if outcome == "verified":
        conflicts = call(server, handle, "agent/apply", session)["conflicts"]
    print(outcome, end.get("reason", ""), *(f"not applied: {file['path']}, {file['reason']}" for file in conflicts), sep="\n")
    call(server, handle, "agent/stop", session)
    call(server, handle, "shutdown")
    send(server, method="exit")
    return 6 if conflicts else {"verified": 0, "answered": 0, "unverified": 1, "cancelled": 3, "limit": 4}.get(outcome, 5)

if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--yes"]
    sys.exit(main(*words, yes="--yes" in sys.argv) if len(words) == 2 else __doc__)
