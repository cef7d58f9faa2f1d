"""A model (OpenAI Chat Completions) that does what its prompts say: each line `RUN command` or `READ path` is a call of
its own."""
import http.server
import json
import threading

import pytest


def answer(messages: list) -> dict:
    """What the model says next."""
    newest = max(index for index, message in enumerate(messages) if message["role"] == "user")
    text = messages[newest]["content"]
    if not isinstance(text, str):
        text = "\n".join(part.get("text", "") for part in text)
    commands = [line for line in text.splitlines() if line.startswith(("RUN ", "READ "))]
    done = sum(message["role"] == "assistant" for message in messages[newest:])
    if done >= len(commands):
        return {"content": "Done."}
    verb, _, rest = commands[done].partition(" ")
    arguments = {"path": rest} if verb == "READ" else {"command": ["/bin/sh", "-c", rest]}
    return {"tool_calls": [{"index": 0, "id": f"call_{len(messages)}", "type": "function",
                            "function": {"name": verb.lower(), "arguments": json.dumps(arguments)}}]}


class ObedientModel:
    def __init__(self):
        self.requests = []
        # Given a request, says why the endpoint refuses it; nothing when it does not.
        self.objection = lambda request: None
        model = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.requests.append(request["messages"])
                if objection := model.objection(request):
                    body = json.dumps({"error": {"type": "invalid_request_error", "message": objection}}).encode()
                    self.send_response(400)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                    return
                delta = answer(request["messages"])
                reason = "tool_calls" if "tool_calls" in delta else "stop"
                chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
                          {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}]
                body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode() + b"data: [DONE]\n\n"
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def use(self, world) -> "ObedientModel":
        world.environment.update({
            "COFFERDAM_MODEL": "openai:test", "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.server.server_address[1]}/v1"})
        return self

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def obedient_model(world):
    made = ObedientModel().use(world)
    yield made
    made.close()
