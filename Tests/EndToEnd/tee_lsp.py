#!/usr/bin/env python3
"""Stands in for `cofferdam`: runs it, and writes every message of `cofferdam lsp` to TEE_LOG as a line of JSON."""
import json
import os
import subprocess
import sys
import threading

REAL = os.environ["TEE_COFFERDAM"]


def frames(source):
    """Raw frames: head and body."""
    while True:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = source.readline()
            if not line:
                return
            head += line
        length = next(int(part.split(b":")[1]) for part in head.split(b"\r\n") if part.lower().startswith(b"content-length"))
        yield head, source.read(length)


def copy(source, sink, direction, log, lock):
    try:
        for head, body in frames(source):
            with lock:
                log.write(json.dumps({"direction": direction, "message": json.loads(body)}) + "\n")
                log.flush()
            sink.write(head + body)
            sink.flush()
        sink.close()
    except (BrokenPipeError, ValueError):
        pass


def main():
    if not {"lsp", "--stdio"} & set(sys.argv[1:]):
        os.execv(REAL, [REAL, *sys.argv[1:]])
    server = subprocess.Popen([REAL, *sys.argv[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    log, lock = open(f"{os.environ['TEE_LOG']}.{os.getpid()}", "w"), threading.Lock()
    threading.Thread(
        target=copy, args=(sys.stdin.buffer, server.stdin, "client→server", log, lock), daemon=True).start()
    copy(server.stdout, sys.stdout.buffer, "server→client", log, lock)
    os._exit(server.wait())


if __name__ == "__main__":
    main()
