#!/usr/bin/env python3
"""Asks Cofferdam for a change without an editor: headless.py [--yes] FOLDER PROMPT [COMMAND …]

Exit code: 0 verified and applied, or answered; 1 not verified; 5 failed; 6 not applied in full.
"""
import argparse
import json
import os
import subprocess
import sys


class Client:
    """A JSON-RPC connection to `cofferdam lsp`: LSP framing on its standard input and output."""

    def __init__(self, command, answer, notified):
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.answer, self.notified, self.last_id = answer, notified, 0

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.server.stdin.flush()

    def receive(self):
        length = 0
        while header := self.server.stdout.readline().strip():
            name, _, value = header.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        if not length:
            raise EOFError("cofferdam lsp has ended")
        return json.loads(self.server.stdout.read(length))

    def step(self):
        """Takes one message: a request is answered, a notification handed on, a response returned."""
        message = self.receive()
        if "method" not in message:
            return message
        if "id" in message:
            self.send({"id": message["id"], **self.answer(message["method"], message["params"])})
        else:
            self.notified(message["method"], message["params"])
        return {}

    def call(self, method, params):
        self.last_id += 1
        self.send({"id": self.last_id, "method": method, "params": params})
        while (response := self.step()).get("id") != self.last_id:
            pass
        if "error" in response:
            raise RuntimeError("%s: %s" % (method, response["error"]["message"]))
        return response["result"]

    def initialize(self, folder):
        options = {"progress": True, "approve": True, "apply": "never", "fileEdits": "disk", "showTranscript": "never"}
        result = self.call("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": {},
                                          "workspaceFolders": [{"uri": "file://" + folder, "name": folder}],
                                          "initializationOptions": options})
        self.send({"method": "initialized", "params": {}})
        return result

    def shut_down(self):
        self.call("shutdown", None)
        self.send({"method": "exit"})
        self.server.wait()


def main():
    parser = argparse.ArgumentParser(description="Ask Cofferdam for a change without an editor.")
    parser.add_argument("--yes", action="store_true", help="allow every action that policy asks about")
    parser.add_argument("folder")
    parser.add_argument("prompt")
    parser.add_argument("command", nargs="*", default=["cofferdam", "lsp"], help="the language server")
    options = parser.parse_args()
