#!/usr/bin/env python3
"""A model that takes no time: OpenAI Chat Completions, streaming, keep-alive; prints its port and serves until killed.

The model `calls-N` reads a line of notes.txt N times, one call an answer, then ends. Every answer leaves in one write. The
server takes the time from then to the first byte of the request that follows: `GET /gaps` gives these times as
[[answer, nanoseconds], …], and forgets them. They mean something only while one session runs at a time.
"""
import asyncio
import json
import time

gaps = []
last_answer = None  # (its number in the session, when it was sent)


def answer(request: dict) -> tuple:
    """(number of the answer, or None when it is the last; the answer as server-sent events)"""
    calls = int(request["model"].rpartition("-")[2])
    number = 1 + sum(message["role"] == "assistant" for message in request["messages"])
    if number > calls:
        delta, reason = {"role": "assistant", "content": "Read."}, "stop"
    else:
        # Every call is another one: a loop of equal calls would be ended.
        arguments = json.dumps({"path": "notes.txt", "offset": number, "limit": 1})
        call = {"index": 0, "id": f"call_{number}", "type": "function", "function": {"name": "read", "arguments": arguments}}
        delta, reason = {"role": "assistant", "tool_calls": [call]}, "tool_calls"
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": request["model"]}
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
        {**head, "choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}},
    ]
    events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode()
    return number if number <= calls else None, events + b"data: [DONE]\n\n"


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
        number, events = answer(json.loads(body))
        # Before the write: the service may run before this process goes on.
        sent = time.perf_counter_ns()
        self.respond("text/event-stream", events)
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
