#!/usr/bin/env python3
"""A model that takes no time: every vendor's API, streaming, keep-alive; prints its port and serves until killed.

The model `calls-N` reads a line of notes.txt N times, one call an answer, then ends; any other one reads a line in each
turn. Every answer leaves in one write. The
server takes the time from then to the first byte of the request that follows: `GET /gaps` gives these times as
[[answer, nanoseconds], …], and forgets them. They mean something only while one session runs at a time.
"""
import asyncio
import json
import re
import time

from model_apis import Conversation

gaps = []
last_answer = None  # (its number in the session, when it was sent)


def answer(path: str, request: dict) -> tuple:
    """(number of the answer, or None when it ends the turn; its media type; its bytes)"""
    conversation = Conversation(path, request)
    calls = re.search(r"calls-(\d+)", request.get("model", path))
    number = 1 + conversation.answers
    if number > int(calls[1]) if calls else conversation.follows_result:
        return None, *conversation.answer(number, None)
    # Every call is another one: a loop of equal calls would be ended.
    return number, *conversation.answer(number, {"path": "notes.txt", "offset": (number - 1) % 200 + 1, "limit": 1})


class Connection(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.buffer = b""

    def data_received(self, data):
        global last_answer
        if not self.buffer and last_answer is not None:
            number, sent = last_answer
            gaps.append([number, time.perf_counter_ns() - sent])
            last_answer = None
        self.buffer += data
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return
        if head.startswith(b"GET /gaps"):
            self.respond("application/json", json.dumps(gaps).encode())
            gaps.clear()
            return
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                      if line.startswith(b"content-length:"))
        if len(body) < length:
            return
        number, kind, events = answer(head.split(b" ", 2)[1].decode(), json.loads(body))
        # Before the write: the service may run before this process goes on.
        sent = time.perf_counter_ns()
        self.respond(kind, events)
        last_answer = None if number is None else (number, sent)

    def respond(self, kind, body):
        self.buffer = b""
        self.transport.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


async def main():
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
