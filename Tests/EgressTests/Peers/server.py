"""Hosts for the gateway's tests. Prints its ports as JSON, serves until standard input ends.

usage: server.py CERTIFICATE KEY [GIT_ROOT SECRET]
"""

import base64
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "peer"
    git_root = None
    secret = None
    seen_authorization = set()

    def log_message(self, *arguments):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while True:
                size = int(self.rfile.readline().strip(), 16)
                parts.append(self.rfile.read(size))
                self.rfile.readline()
                if size == 0:
                    return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def send(self, status, body, fields=()):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def chunks(self, pieces):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def answer(self):
        path = self.path.split("?")[0]
        if self.git_root and path.startswith("/git/"):
            return self.git(path)
        body = self.body()
        if path == "/echo":
            fields = [[name, value] for name, value in self.headers.items()]
            return self.send(
                200, json.dumps({"method": self.command, "path": self.path, "fields": fields, "body": len(body)}).encode()
            )
        if path.startswith("/bytes/"):
            return self.send(200, b"x" * int(path.split("/")[2]))
        if path.startswith("/chunked/"):
            count = int(path.split("/")[2])
            return self.chunks(b"y" * 1000 for _ in range(count // 1000))
        if path == "/until-close":
            self.close_connection = True
            self.send_response(200)
            self.end_headers()
            return self.wfile.write(b"z" * 100000)
        if path == "/close-quietly":
            self.close_connection = True
            return self.send(200, b"c" * 10)
        if path == "/close-openly":
            return self.send(200, b"c" * 10, [("Connection", "close")])
        if path == "/redirect":
            return self.send(302, b"", [("Location", self.headers.get("X-To", "http://127.0.0.1/"))])
        if path == "/proxy-authenticate":
            return self.send(407, b"give me your password")
        if path == "/split":
            return self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\nhello")
        if path == "/fields":
            return self.send(200, b"ok", [("Alt-Svc", 'h3=":443"'), ("Connection", "X-Private"), ("X-Private", "1")])
        return self.send(404, b"nothing here")

    def raw(self, data):
        self.close_connection = True
        self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_TRACE = answer

    def git(self, path):
        """git's own server program behind CGI, for whoever has the password."""
        body = self.body()
        authorization = self.headers.get("Authorization", "")
        self.seen_authorization.add(authorization)
        if authorization != "Basic " + base64.b64encode(b"robot:" + self.secret.encode()).decode():
            return self.send(401, b"who are you?", [("WWW-Authenticate", 'Basic realm="git"')])
        query = self.path.partition("?")[2]
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": self.git_root,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": path[len("/git"):],
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "CONTENT_LENGTH": str(len(body)),
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n") if line]
        status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200)
        self.send(status, content, [field for field in fields if field[0] != "Status"])


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


def echo(listener):
    """Sends back what it gets, then ends its own direction."""

    def serve(connection):
        with connection:
            while data := connection.recv(65536):
                connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def main():
    certificate, key = sys.argv[1:3]
    if len(sys.argv) > 3:
        Handler.git_root, Handler.secret = sys.argv[3:5]
    plain = Server(("127.0.0.1", 0), Handler)
    secure = Server(("127.0.0.1", 0), Handler)
    retrying = Server(("127.0.0.1", 0), Handler)
    for server in (secure, retrying):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        if server is retrying:
            # A group for which no client sends a key unasked: it is sent a HelloRetryRequest.
            context.set_ecdh_curve("secp384r1")
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    listener = socket.create_server(("127.0.0.1", 0))
    for server in (plain, secure, retrying):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=echo, args=(listener,), daemon=True).start()
    ports = {
        "http": plain.server_port,
        "https": secure.server_port,
        "retrying": retrying.server_port,
        "echo": listener.getsockname()[1],
    }
    print(json.dumps(ports), flush=True)
    sys.stdin.read()


main()
