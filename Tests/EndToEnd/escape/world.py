"""The world outside the sandbox, for the attacks to reach: first process of namespaces of its own.

    world.py FOLDER CANARY

Networks with hosts that answer, files of the system that may be overwritten, sockets of daemons: all of it ends with this
process, and nothing of it is the machine's own. Ends when its standard input does.
"""
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import threading

ADDRESS, PUBLIC, METADATA, ADDRESS6 = "10.99.0.1", "1.1.1.1", "169.254.169.254", "fd99::1"
SITE = "1.0.0.1"  # has one host that the gateway allows, and another that it does not
NAMESERVER = 53
NAMES = {"allowed.test": SITE, "api.test": SITE, "forbidden.test": SITE, "metadata.test": METADATA, "loopback.test": "127.0.0.1"}
REBOUND: list = []


def network() -> None:
    for line in (
            "link set lo up", "link add uplink type veth peer name far", "link set uplink up", "link set far up",
            f"addr add {ADDRESS}/24 dev uplink", f"addr add {PUBLIC}/32 dev uplink",
            f"addr add {METADATA}/32 dev uplink", f"addr add {SITE}/32 dev uplink", f"-6 addr add {ADDRESS6}/64 dev uplink nodad",
            "route add default dev uplink", "route add 239.0.0.0/8 dev uplink"):
        subprocess.run(["ip", *line.split()], check=True)


def files(folder: pathlib.Path, canary: str) -> None:
    """Covers what an attack would change or read for good."""
    for path in ("/run", "/usr/games", "/etc/cron.d", "/var/spool/cron"):
        if os.path.isdir(path):
            subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "world", path], check=True)
    for name, text in {
            "passwd": pathlib.Path("/etc/passwd").read_text(), "shadow": f"root:{canary}:1::::::\n",
            "resolv.conf": f"nameserver {ADDRESS}\noptions timeout:1 attempts:1\n"}.items():
        copy = folder / f"etc-{name}"
        copy.write_text(text)
        copy.chmod(0o600 if name == "shadow" else 0o644)
        subprocess.run(["mount", "--bind", copy, os.path.realpath(f"/etc/{name}")], check=True)


def serve(kind, family, address, answer: bytes) -> None:
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind(address)
    if family == socket.AF_UNIX and isinstance(address, str) and not address.startswith("\0"):
        os.chmod(address, 0o666)

    def streams():
        listener.listen(64)
        while True:
            peer, _ = listener.accept()
            try:
                peer.settimeout(0.5)
                peer.sendall(answer)
                peer.shutdown(socket.SHUT_WR)
                # What was sent is read, or the answer would be lost with it.
                while peer.recv(4096):
                    pass
            except OSError:
                pass
            peer.close()

    def datagrams():
        while True:
            query, peer = listener.recvfrom(512)
            listener.sendto(name_answer(query) if address[1] == NAMESERVER else answer, peer)
    threading.Thread(target=streams if kind == socket.SOCK_STREAM else datagrams, daemon=True).start()


def site(port: int, answer: bytes, certificate: pathlib.Path) -> None:
    """Two hosts at one address, one of them open to those who ask for it by any means; the most credulous of servers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server((SITE, port), backlog=64)

    def serve_one(peer):
        names = []
        try:
            peer.settimeout(2)
            is_secure = port == 443 and peer.recv(1, socket.MSG_PEEK) == b"\x16"
            if is_secure:
                peer = context.wrap_socket(peer, server_side=True, do_handshake_on_connect=False)
                peer.context.sni_callback = lambda _, name, __: names.append(name)
                peer.do_handshake()
            received = b""
            try:
                while part := peer.recv(4096):
                    received += part
                    if b"connection: close\r\n" in received.lower():
                        break
            except TimeoutError:
                pass
            is_open = (port == 443 and not is_secure) or "forbidden.test" in names or re.search(
                rb"(?i)host:[^\r\n]*forbidden|/secret|^DELETE|to-private", received)
            body = answer if is_open else b"hello"
            head = b"302 Found\r\nLocation: http://10.99.0.1/" if b"to-private" in received else b"200 OK"
            if b"to-private" in received:
                body = b""
            peer.sendall(b"HTTP/1.1 " + head + b"\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            peer.close()
        except OSError:
            pass

    def accept():
        while True:
            threading.Thread(target=serve_one, args=(listener.accept()[0],), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()


def name_answer(query: bytes) -> bytes:
    """Names are at ADDRESS, but for those of the site and those that lead astray; there are no IPv6 addresses."""
    end = query.index(b"\0", 12) + 5
    is_v4 = query[end - 4:end - 2] == b"\0\1"
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode(errors="replace").lower())
        at += 1 + query[at]
    name = ".".join(labels)
    address = NAMES.get(name, ADDRESS)
    if name == "rebind.test" and is_v4:
        # Public when it is looked at, private when it is used.
        REBOUND.append(name)
        address = SITE if len(REBOUND) % 2 else ADDRESS
    head = query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_v4 else b"\0\0") + b"\0\0\0\0" + query[12:end]
    return head + (b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(address) if is_v4 else b"")


def services(folder: pathlib.Path, canary: str) -> None:
    banner = b"HTTP/1.0 200 OK\r\n\r\n" + canary.encode()
    for address in (ADDRESS, PUBLIC, METADATA, "127.0.0.1"):
        for port in (80, 443, 8080):
            serve(socket.SOCK_STREAM, socket.AF_INET, (address, port), banner)
    for port in (80, 443):
        site(port, banner.split(b"\r\n\r\n")[1], folder / "site.pem")
    serve(socket.SOCK_STREAM, socket.AF_INET, (SITE, 8080), banner)
    for address in (ADDRESS6, "::1"):
        serve(socket.SOCK_STREAM, socket.AF_INET6, (address, 8080), banner)
    for address in ("0.0.0.0", ADDRESS):
        serve(socket.SOCK_DGRAM, socket.AF_INET, (address, NAMESERVER if address == ADDRESS else 443), banner)
    serve(socket.SOCK_DGRAM, socket.AF_INET6, (ADDRESS6, 5353), banner)
    for name in ("docker.sock", "containerd/containerd.sock", "dbus/system_bus_socket", "podman/podman.sock"):
        path = f"/run/{name}"
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        serve(socket.SOCK_STREAM, socket.AF_UNIX, path, banner)
    for name in ("\0cofferdam-escape", "\0/tmp/.X11-unix/X99", str(folder / "agent.sock")):
        serve(socket.SOCK_STREAM, socket.AF_UNIX, name, banner)


def main() -> None:
    folder, canary = pathlib.Path(sys.argv[1]), sys.argv[2]
    os.umask(0o022)
    os.chdir("/")
    _, terminal = os.openpty()
    os.chmod(os.ttyname(terminal), 0o666)
    network()
    files(folder, canary)
    services(folder, canary)
    # Kept by the IPC namespace, not by a process.
    subprocess.run([folder / "probe", "offer", "/cofferdam-escape", "0xc0ffe", canary], check=True)
    socket.sethostname("world.test")

    def reap():
        while True:
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                threading.Event().wait(0.2)
    threading.Thread(target=reap, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
