"""Hosts and a name server for the tests of the network, run inside a network namespace of their own.

    egress_hosts.py allowed CONTROL     HTTP on 80 and 8080, HTTPS on 443, an echo on 7000; waits at barriers
    egress_hosts.py forbidden CONTROL   notes whoever comes, on any of its ports
    egress_hosts.py names CONTROL       DNS on 127.0.0.1

Everything that is asked for is a line of JSON in CONTROL/ROLE.log. CONTROL/ROLE.ready appears once it listens.
"""
import http.server
import ipaddress
import json
import pathlib
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time

ROLE, CONTROL = sys.argv[1], pathlib.Path(sys.argv[2])
LOG = open(CONTROL / f"{ROLE}.log", "a", buffering=1, encoding="utf-8")
PRIVATE = "10.99.0.1"


def note(**what):
    LOG.write(json.dumps(what) + "\n")


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        port = self.server.server_address[1]
        note(port=port, method=self.command, path=self.path, headers=dict(self.headers.items()), body=len(body))
        path = self.path.split("?")[0].removeprefix("/v1")
        if path.startswith("/barrier/"):
            name = path.rsplit("/", 1)[1]
            (CONTROL / f"reached-{name}").touch()
            end = time.monotonic() + 120
            while not (CONTROL / f"go-{name}").exists() and time.monotonic() < end:
                time.sleep(0.02)
            return self.answer(200, b"go")
        if path == "/to-private":
            return self.answer(302, Location=f"http://{PRIVATE}/")
        if path == "/to-forbidden":
            return self.answer(302, Location="https://forbidden.test/")
        if path == "/authorized":
            return self.answer(200, b"yes" if "Authorization" in self.headers else b"no")
        if path == "/size":
            return self.answer(200, str(len(body)).encode())
        if path == "/hello":
            return self.answer(200, b"hello from the allowed host")
        file = (CONTROL / "www" / path.lstrip("/")).resolve()
        if file.is_dir():
            file = file / "index.html"
        if (CONTROL / "www") in file.parents and file.is_file():
            return self.answer(200, file.read_bytes(), Content_Type="application/octet-stream" if file.suffix != ".html" else "text/html")
        return self.answer(404, b"nothing here")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = serve


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_):
        pass


class Encrypted(Server):
    def get_request(self):
        connection, address = self.socket.accept()
        connection.settimeout(20)
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address


def background(target, *arguments):
    threading.Thread(target=target, args=arguments, daemon=True).start()


def listen(port, kind=socket.SOCK_STREAM):
    made = socket.socket(socket.AF_INET6, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    made.bind(("::", port))
    if kind == socket.SOCK_STREAM:
        made.listen(64)
    return made


def allowed():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CONTROL / "allowed.pem")
    for port in (80, 8080, 443):
        server = (Encrypted if port == 443 else Server)(("::", port), Site)
        server.context = context
        background(server.serve_forever)
    echoes = listen(7000)

    def echo(connection):
        note(port=7000)
        while data := connection.recv(65536):
            connection.sendall(data)
        connection.close()

    def accept():
        while True:
            background(echo, echoes.accept()[0])

    background(accept)


def forbidden():
    def accept(listener, port):
        while True:
            connection, _ = listener.accept()
            note(port=port, protocol="tcp", address=connection.getsockname()[0])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret")
            connection.close()

    def receive(listener, port):
        while True:
            listener.recvfrom(2048)
            note(port=port, protocol="udp")

    for port in (22, 53, 80, 443, 8443):
        background(accept, listen(port), port)
    for port in (53, 443, 9999):
        background(receive, listen(port, socket.SOCK_DGRAM), port)


def names():
    """A question of type A or AAAA is answered from CONTROL/names.json: name → list of addresses, or a list of such lists
    of which the first is for the first question, and the last for all others."""
    table = json.loads((CONTROL / "names.json").read_text())
    asked = {}
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def serve():
        while True:
            query, client = server.recvfrom(2048)
            labels, position = [], 12
            while query[position]:
                labels.append(query[position + 1:position + 1 + query[position]].decode(errors="replace"))
                position += 1 + query[position]
            kind, = struct.unpack("!H", query[position + 1:position + 3])
            question = query[12:position + 5]
            name = ".".join(labels).lower()
            note(name=name, kind=kind)
            addresses = table.get(name) or table.get("*." + name.split(".", 1)[-1])
            if addresses and isinstance(addresses[0], list):
                count = asked.setdefault((name, kind), 0)
                asked[name, kind] = count + 1
                addresses = addresses[min(count, len(addresses) - 1)]
            version = {1: 4, 28: 6}.get(kind)
            found = [ipaddress.ip_address(text) for text in addresses or []]
            found = [address.packed for address in found if address.version == version]
            flags = 0x8180 if addresses else 0x8183
            answers = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(a)) + a for a in found)
            server.sendto(query[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0) + question + answers, client)

    background(serve)


{"allowed": allowed, "forbidden": forbidden, "names": names}[ROLE]()
(CONTROL / f"{ROLE}.ready").touch()
threading.Event().wait()
