"""Network namespaces with an allowed and a forbidden host, and one between them for the service; nothing of it is seen
from outside, and it goes when its processes end."""
import json
import os
import pathlib
import subprocess
import sys
import zipfile

import egress_registries

from conftest import wait_for

HERE = pathlib.Path(__file__).parent
ALLOWED, FORBIDDEN = "11.22.33.2", "11.22.44.2"  # public ones, so that the gateway takes them for what they look like
ALLOWED6, FORBIDDEN6 = "2a01:4f8:1::2", "2a01:4f8:2::2"
METADATA, PRIVATE, METADATA6 = "169.254.169.254", "10.99.0.1", "fd00:ec2::254"

NAMES = {
    **{f"{name}.allowed.test": [ALLOWED] for name in ("plain", "tls", "api", "echo", "limited", "setup")},
    "*.wild.test": [ALLOWED], "*.b.wild.test": [ALLOWED], "wild.test": [ALLOWED], "evilwild.test": [ALLOWED],
    "six.allowed.test": [ALLOWED6],
    "forbidden.test": [FORBIDDEN, FORBIDDEN6],
    "private.allowed.test": [PRIVATE],
    "metadata.allowed.test": [METADATA, METADATA6],
    "mapped.allowed.test": [f"::ffff:{PRIVATE}"],
    "loopback.allowed.test": ["127.0.0.1", "::1"],
    "mixed.allowed.test": [PRIVATE, ALLOWED, METADATA],
    # Public when it is looked at, private when it is used.
    "rebind.allowed.test": [[ALLOWED], [PRIVATE]],
    "rebound.allowed.test": [[PRIVATE], [ALLOWED]],
}


def call(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True, **options)


class Network:
    def __init__(self, control: pathlib.Path):
        self.control, self.processes = control, []
        control.mkdir()
        try:
            self.service, self.allowed, self.forbidden = (
                self.namespace("--mount", "--propagation", "private"), self.namespace(), self.namespace())
            self.link(self.allowed, "11.22.33", "2a01:4f8:1", "allowed")
            self.link(self.forbidden, "11.22.44", "2a01:4f8:2", "forbidden")
            for address in (f"{METADATA}/32", f"{PRIVATE}/32", f"{METADATA6}/128"):
                self.at(self.forbidden, "ip", "address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
            for address, way in ((METADATA, FORBIDDEN), (PRIVATE, FORBIDDEN), (METADATA6, FORBIDDEN6)):
                self.at(self.service, "ip", "route", "add", address, "via", way)
            (control / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:5 attempts:2\n")
            self.at(self.service, "mount", "--bind", control / "resolv.conf", os.path.realpath("/etc/resolv.conf"))
            self.certificates()
            self.content()
            (control / "names.json").write_text(json.dumps(NAMES))
            for role, place in (("allowed", self.allowed), ("forbidden", self.forbidden), ("names", self.service)):
                self.start(*self.inside(place), sys.executable, HERE / "egress_hosts.py", role, control)
            for role in ("allowed", "forbidden", "names"):
                wait_for((control / f"{role}.ready").exists, f"the host {role}")
        except BaseException:
            self.close()
            raise

    def start(self, *words) -> subprocess.Popen:
        # Nothing outlives the tests, however they end.
        command = ["setpriv", "--pdeathsig", "KILL", *words]
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def namespace(self, *options) -> int:
        holder = self.start("unshare", "--net", *options, "sleep", "infinity")
        own = os.readlink("/proc/self/ns/net")
        wait_for(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != own
                 and pathlib.Path(f"/proc/{holder.pid}/comm").read_text() == "sleep\n", "a network namespace")
        self.at(holder.pid, "ip", "link", "set", "lo", "up")
        return holder.pid

    @staticmethod
    def inside(pid: int) -> list:
        return ["nsenter", f"--net=/proc/{pid}/ns/net", f"--mount=/proc/{pid}/ns/mnt"]

    def at(self, pid: int, *words):
        return call(*self.inside(pid), *words)

    def link(self, pid: int, v4: str, v6: str, name: str):
        self.at(self.service, "ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", pid)
        for place, device, end in ((self.service, name, 1), (pid, "eth0", 2)):
            self.at(place, "ip", "address", "add", f"{v4}.{end}/24", "dev", device)
            self.at(place, "ip", "address", "add", f"{v6}::{end}/64", "dev", device, "nodad")
            self.at(place, "ip", "link", "set", device, "up")
        self.at(pid, "ip", "route", "add", "default", "via", f"{v4}.1")

    def certificates(self):
        folder = self.control
        call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/O=Test hosts", "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
        names = "DNS:tls.allowed.test,DNS:api.allowed.test,DNS:*.wild.test,DNS:*.b.wild.test"
        (folder / "extensions").write_text(f"subjectAltName={names}\n")
        call("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=hosts",
             "-keyout", folder / "host.key", "-out", folder / "host.csr")
        call("openssl", "x509", "-req", "-in", folder / "host.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
             "-CAcreateserial", "-days", "2", "-extfile", folder / "extensions", "-out", folder / "host.pem")
        (folder / "allowed.pem").write_text((folder / "host.key").read_text() + (folder / "host.pem").read_text())

    def content(self):
        """A repository that plain file serving is enough for, and an index with one package."""
        www, work = self.control / "www", self.control / "work"
        www.mkdir()
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        call("git", "init", "-q", "-b", "main", work, env=environment)
        (work / "readme").write_text("cloned through the gateway\n")
        call("git", "-C", work, "add", ".", env=environment)
        call("git", "-C", work, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "one", env=environment)
        call("git", "clone", "-q", "--bare", work, www / "repo.git", env=environment)
        call("git", "-C", www / "repo.git", "update-server-info", env=environment)
        (www / "large").write_bytes(b"x" * 20_000)
        package = www / "simple" / "demo-package"
        package.mkdir(parents=True)
        wheel = "demo_package-1.0-py3-none-any.whl"
        with zipfile.ZipFile(package / wheel, "w") as archive:
            archive.writestr("demo_package.py", "WORDS = 'installed through the gateway'\n")
            archive.writestr("demo_package-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo-package\nVersion: 1.0\n")
            archive.writestr("demo_package-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr("demo_package-1.0.dist-info/RECORD", "")
        (package / "index.html").write_text(f'<!DOCTYPE html><a href="{wheel}">{wheel}</a>')
        egress_registries.make(www)

    def close(self):
        # Servers first: a namespace goes with its last process.
        for process in reversed(self.processes):
            process.kill()
            process.wait()
