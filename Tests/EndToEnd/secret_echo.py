"""Endpoints that give back what they were told: every header of a request, in every encoding, in answers of every kind."""
import base64
import http.server
import json
import threading
import urllib.parse

from obedient_model import answer


def forms(secret: str) -> set:
    """How a secret looks in what programs write; of Base64 the part that is the same wherever it began."""
    data = secret.encode()
    found = {data, urllib.parse.quote(secret, safe="").encode(), urllib.parse.quote(secret, safe="").lower().encode(),
             json.dumps(secret)[1:-1].encode(), data.hex().encode(), data.hex().upper().encode()}
    for skipped in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(bytes(skipped) + data + b"\0\0\0")
            found.add(text[(8 * skipped + 5) // 6:8 * (skipped + len(data)) // 6])
    return found


def decoded(value: str) -> str:
    """What a header says in Base64; nothing when it does not."""
    try:
        return base64.b64decode(value).decode(errors="replace")
    except ValueError:
        return ""


def quoted(headers) -> str:
    values = [value for _, value in headers.items()]
    values += [value.split(" ", 1)[1] for value in values if value.lower().startswith(("bearer ", "basic "))]
    values += [decoded(value) for value in values]
    return "\n".join(
        f"{value} {urllib.parse.quote(value, safe='')} {base64.b64encode(value.encode()).decode()} {value.encode().hex()}"
        for value in values)


class Echo:
    """`/v1` is a model that does what it is told; the first part of any other path says how a request is refused."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.reply()

            def do_POST(self):
                self.reply(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def reply(self, body=b""):
                kind, said = self.path.split("/")[1], quoted(self.headers)
                location = None
                if kind == "v1" and body:
                    return self.obey(json.loads(body))
                if kind == "redirect":
                    location = f"http://127.0.0.1:9/{urllib.parse.quote(said)}"
                status = {"redirect": 302, "refused": 401, "bad": 400, "forbidden": 403}.get(kind, 200)
                if kind == "cut":
                    said = "data: {" + json.dumps(said)
                self.send(status, "text/plain", said.encode(), location)

            def obey(self, request):
                delta = answer(request["messages"])
                reason = "tool_calls" if "tool_calls" in delta else "stop"
                chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
                          {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}]
                body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode() + b"data: [DONE]\n\n"
                self.send(200, "text/event-stream", body)

            def send(self, status, kind, body, location=None):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                if location:
                    self.send_header("Location", location)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
