#!/usr/bin/env python3
"""Another language server beside Cofferdam's: it finds the same three things in every file that is opened."""
import json
import sys


def send(message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    sys.stdout.buffer.flush()


def span(line, first, last):
    return {"start": {"line": line, "character": first}, "end": {"line": line, "character": last}}


def findings(uri):
    return [
        {"range": span(0, 4, 8), "severity": 1, "code": "E100", "source": "otherd", "message": "main is no function",
         "codeDescription": {"href": "https://example.org/E100"},
         "relatedInformation": [{"location": {"uri": uri, "range": span(2, 0, 5)}, "message": "called here"}]},
        {"range": span(1, 0, 6), "severity": 2, "code": 7, "source": "otherd", "message": "never read", "tags": [1]},
        {"range": span(2, 0, 5), "severity": 3, "message": "for your information", "tags": [2, 99]}]


while True:
    length = 0
    while (line := sys.stdin.buffer.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    if not length:
        break
    message = json.loads(sys.stdin.buffer.read(length))
    method, number = message.get("method"), message.get("id")
    if method == "initialize":
        send({"id": number, "result": {"capabilities": {"textDocumentSync": 1}}})
    elif method == "textDocument/didOpen":
        uri = message["params"]["textDocument"]["uri"]
        send({"method": "textDocument/publishDiagnostics", "params": {"uri": uri, "diagnostics": findings(uri)}})
    elif method == "exit":
        break
    elif number is not None:
        send({"id": number, "result": None})
