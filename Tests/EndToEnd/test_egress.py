"""The network of a sandbox, proved with two hosts: one that is allowed, and one that nothing may ever reach.

The service runs in a network namespace from which every host can be reached. One session tries every way out and the
tests look at what came of it, at what the hosts saw, and at where the credential went.
"""
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import tempfile
import threading

import pytest

import egress_registries
import recordings
from conftest import BIN, FIXTURES, World, wait_for
from egress_network import ALLOWED, FORBIDDEN, FORBIDDEN6, METADATA, METADATA6, PRIVATE, Network

SECRET = "s3cr3t-token-that-only-the-host-may-see"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="not root: network namespaces with hosts in them need it"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="ip (iproute2) is not installed"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

SERVICE = """
egress:
  rules:
    - {{id: plain, rule: "http://plain.allowed.test"}}
    - {{id: tls, rule: "https://tls.allowed.test"}}
    - {{id: api, rule: "https://api.allowed.test/v1 GET,HEAD,POST", credential: token, caFile: {control}/ca.pem}}
    - {{id: wild, rule: "https://*.wild.test"}}
    - {{id: echo, rule: "tcp://echo.allowed.test:7000"}}
    - {{id: number, rule: "tcp://{allowed}:7000"}}
    - {{id: limited, rule: "http://limited.allowed.test", maximumBytes: 100000}}
    - http://six.allowed.test
    - http://private.allowed.test
    - http://metadata.allowed.test
    - http://mapped.allowed.test
    - http://loopback.allowed.test
    - http://mixed.allowed.test
    - http://rebind.allowed.test
    - http://rebound.allowed.test
    - https://beyond.allowed.test
  setup:
    - http://setup.allowed.test
  credentials:
    token: {{kind: bearer, file: {secret}}}
"""

REPOSITORY = """
policy:
  egress:
    allow:
      - http://plain.allowed.test
      - https://tls.allowed.test
      - https://api.allowed.test
      - https://*.wild.test
      - tcp://echo.allowed.test:7000
      - tcp://11.22.33.2:7000
      - http://*.allowed.test
      - https://forbidden.test    # a repository adds nothing
    deny: ["https://closed.wild.test"]
"""


class Session:
    """One session that tried everything; what is known of it afterwards."""

    def __init__(self, folder: pathlib.Path):
        self.world = World(folder)
        self.control = folder / "control"
        self.network = Network(self.control)
        self.secret_file = folder / "config" / "token"
        self.events, self.results, self.found = [], {}, {}

    def prepare(self):
        folder = self.world.folder
        self.secret_file.write_text(SECRET + "\n")
        self.secret_file.chmod(0o600)
        configuration = folder / "config" / "cofferdam"
        configuration.mkdir()
        (configuration / "service.yaml").write_text(
            SERVICE.format(control=self.control, secret=self.secret_file, allowed=ALLOWED))
        self.project = folder / "project"
        shutil.copytree(FIXTURES / "egress", self.project)
        (self.project / ".cofferdam.yaml").write_text(REPOSITORY)
        shutil.copy(self.control / "ca.pem", self.project)
        paths = json.dumps([str(self.secret_file), str(self.control), str(folder / "config")])
        self.world.replay(recordings.write(
            folder / "recordings" / "probe.json",
            recordings.turn([recordings.ANY], recordings.call(
                "1", "run", command=["/usr/bin/python3", "probe.py", paths], timeout_seconds=600)),
            recordings.turn([recordings.result("1")], recordings.text("Done."))))

        self.reached = {place: self.from_service(place) for place in (
            FORBIDDEN, METADATA, PRIVATE, f"[{FORBIDDEN6}]", f"[{METADATA6}]")}
        self.known = len(self.seen("forbidden"))

    def from_service(self, place) -> str:
        return subprocess.run(
            [*self.network.inside(self.network.service), "curl", "-sS", "--noproxy", "*", "--max-time", "20",
             f"http://{place}/"], capture_output=True, text=True).stdout

    def inside(self, *words, folder=None):
        """A command of ours in the namespaces of the service."""
        return [*self.network.inside(self.network.service), "env", "-C", folder or self.project, *words]

    def ask(self, *words, folder=None) -> subprocess.CompletedProcess:
        return subprocess.run([str(word) for word in self.inside(BIN / "cofferdam", *words, folder=folder)],
                              env=self.world.environment, capture_output=True, text=True, timeout=240,
                              stdin=subprocess.DEVNULL)

    def cofferdam(self, *words, folder=None) -> str:
        done = self.ask(*words, folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self):
        process = self.world.start(
            *self.inside(BIN / "cofferdam", "run", "--json", "--keep", "--apply", "never", "Try the network"),
            cwd=self.world.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lines = queue.Queue()

        def read():
            for line in process.stdout:
                self.events.append(json.loads(line))
            lines.put(None)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            self.at("scan", process, self.scan)
            self.at("deny", process, lambda: self.cofferdam("egress", "--deny", "https://tls.allowed.test"))
            self.at("allow", process, lambda: self.cofferdam("egress", "--allow", "https://tls.allowed.test"))
            self.at("nothing", process, lambda: self.cofferdam("egress", "--deny-all"))
            lines.get(timeout=240)
            self.code = process.wait(timeout=60)
        finally:
            process.kill()
            process.wait()
            reader.join()
        self.errors = process.stderr.read()
        output = "".join(e["event"].get("text", "") for e in self.events if e["event"]["type"] == "outputDelta"
                         and e["event"]["stream"] == "stdout")
        for line in output.splitlines():
            entry = json.loads(line)
            self.results[entry["case"]] = entry["result"]
        self.shown = self.cofferdam("egress", "--last", "500")
        self.widened = self.ask("egress", "--allow", "https://forbidden.test")
        self.cofferdam("stop")
        # With what was written when the session ended.
        self.events = wait_for(self.whole_log, "the session to end")

    def whole_log(self):
        events = [json.loads(line) for line in self.cofferdam("attach", "--json", "--replay").splitlines()]
        return events if events[-1]["event"].get("state") == "stopped" else None

    def at(self, name, process, deed):
        reached = self.control / f"reached-{name}"
        wait_for(lambda: reached.exists() or process.poll() is not None, f"the barrier {name}", seconds=240)
        assert reached.exists(), self.world.log()[-4000:]
        deed()
        (self.control / f"go-{name}").touch()

    # Where the credential could be

    def sandbox_processes(self) -> list:
        """Everything in the PID namespace of the probe."""
        def namespace(pid):
            try:
                return os.readlink(f"/proc/{pid}/ns/pid")
            except OSError:
                return None
        pids = [int(entry.name) for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit()]
        probe = next(pid for pid in pids if self.is_probe(pid))
        return [pid for pid in pids if namespace(pid) == namespace(probe)]

    def is_probe(self, pid) -> bool:
        try:
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            return words[:2] == [b"/usr/bin/python3", b"probe.py"]
        except OSError:
            return False

    def scan(self):
        self.found = {"memory": [], "environment": [], "marker": False, "proxies": 0, "processes": 0}
        for pid in self.sandbox_processes():
            self.found["processes"] += 1
            environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
            self.found["proxies"] += b"HTTPS_PROXY=" in environment
            if SECRET.encode() in environment:
                self.found["environment"].append(pid)
            for part in self.memory(pid):
                self.found["marker"] |= b"in-memory-marker" in part
                if SECRET.encode() in part:
                    self.found["memory"].append(pid)
        root = next(pid for pid in self.sandbox_processes() if self.is_probe(pid))
        tops = [pathlib.Path(f"/proc/{root}/root/{top}") for top in ("tmp", "home", "run", "etc", "dev/shm", "var")]
        self.found["files"] = [str(path) for top in tops for path in self.files(top)]
        self.found["marked"] = [path.name for top in tops for path in self.files(top, "in-memory-marker")]
        self.found["keys"] = [str(path) for path in self.files(self.world.folder / "state", "PRIVATE KEY")]
        self.found["keyMode"] = os.stat(self.found["keys"][0]).st_mode if self.found["keys"] else None
        self.found["session"] = [str(path) for path in self.files(self.world.folder / "state")]

    @staticmethod
    def memory(pid):
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for line in maps:
                words = line.split()
                if "r" not in words[1] or words[-1] in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                    continue
                start, end = (int(part, 16) for part in words[0].split("-"))
                try:
                    memory.seek(start)
                    yield memory.read(end - start) or b""
                except OSError:
                    pass

    @staticmethod
    def files(top, wanted=SECRET):
        """Files that hold a text, by default the secret."""
        for path in top.rglob("*"):
            if path.is_file() and not path.is_symlink():
                try:
                    if wanted.encode() in path.read_bytes():
                        yield path
                except OSError:
                    pass

    def seen(self, role) -> list:
        return [json.loads(line) for line in (self.control / f"{role}.log").read_text().splitlines()]

    def decisions(self, **wanted) -> list:
        found = [entry["event"] for entry in self.events if entry["event"]["type"] == "egressDecided"]
        return [event for event in found if all(event.get(key) == value for key, value in wanted.items())]

    def close(self):
        try:
            self.world.stop_service()
        finally:
            self.network.close()
            shutil.rmtree(self.world.folder, ignore_errors=True)


    def another(self, name: str, configuration: str, *turns) -> pathlib.Path:
        """A folder for a session of its own, under a service that plays these turns."""
        self.world.stop_service()
        self.world.replay(recordings.write(self.world.folder / "recordings" / f"{name}.json", *turns))
        folder = self.world.folder / name
        folder.mkdir()
        (folder / "readme").write_text("nothing\n")
        (folder / ".cofferdam.yaml").write_text(configuration)
        return folder


@pytest.fixture(scope="module")
def hosts():
    """The hosts and the service's configuration; the service starts when a session does."""
    made = Session(pathlib.Path(tempfile.mkdtemp(prefix="cofferdam-egress-")))
    try:
        made.prepare()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def session(hosts):
    """The session that tried everything."""
    hosts.run()
    return hosts


def test_the_hosts_can_be_reached_from_where_the_service_is(session):
    """What the sandbox is refused is there to be had: otherwise nothing would be proved."""
    assert session.reached == {place: "secret" for place in session.reached}
    assert session.known == 5


def test_the_probe_came_to_its_end(session):
    assert session.code == 0 and session.results.get("done"), session.errors + session.world.log()[-4000:] + json.dumps(session.results)[-3000:]


HELLO = "hello from the allowed host"


@pytest.mark.parametrize("name", [
    "plain_http", "tunnelled_https", "wildcard_https", "intercepted_https", "ipv6_host"])
def test_what_is_allowed_passes(session, name):
    assert session.results[name].get("body") == HELLO, session.results[name]


def test_the_sandbox_trusts_the_sessions_own_authority(session):
    assert session.results["intercepted_https"]["issuer"] == "Cofferdam"


@pytest.mark.parametrize("name", [
    "curl_plain", "curl_tunnelled", "curl_intercepted", "curl_without_environment", "curl_socks",
    "node_trusts_the_session"])
def test_programs_find_the_way(session, name):
    result = session.results[name]
    if "absent" in result:
        pytest.skip(f"{result['absent']} is not installed")
    assert result.get("code") == 0 and HELLO in result["out"], result


@pytest.mark.parametrize("name", ["git_clone_plain", "git_clone_intercepted"])
def test_git_clones(session, name):
    assert session.results[name].get("code") == 0, session.results[name]


def test_pip_installs(session):
    assert session.results["pip_install"].get("out") == "installed through the gateway\n", session.results["pip_install"]


@pytest.mark.parametrize("name", ["npm_install", "cargo_run", "go_download"])
def test_package_managers_find_the_way(session, name):
    result = session.results[name]
    if "absent" in result:
        pytest.skip(f"{result['absent']} is not installed")
    assert result.get("out") == egress_registries.WORDS + "\n", result


def test_socks_and_plain_tcp_pass(session):
    assert session.results["socks_by_name"] == {"reply": 0, "hello": True}
    assert session.results["tcp_through_connect"] == {"status": 200, "echo": "over and out"}
    assert session.results["tcp_to_listed_address"] == {"reply": 0, "echo": "by number"}
    assert session.results["upload"] == {"status": 200, "body": "300000"}


@pytest.mark.parametrize("name", [
    "direct_ipv4", "direct_ipv4_allowed_host", "direct_ipv6", "direct_mapped", "direct_metadata", "direct_udp",
    "direct_dns", "icmp", "raw_icmp", "packet_socket", "resolver"])
def test_there_is_no_way_but_the_gateway(session, name):
    assert "error" in session.results[name], session.results[name]


def test_there_is_no_interface_but_loopback(session):
    result = session.results["interfaces"]
    assert result.get("names") == ["lo"] or "error" in result, result


def refused(result) -> bool:
    if isinstance(result, list):
        return all(refused(one) for one in result)
    if isinstance(result, str):
        return " 200 " not in result
    if result.get("secret") or result.get("hello") or result.get("handshake"):
        return False
    if "line" in result:
        return " 200 " not in result["line"]
    if "reply" in result:
        return result["reply"] != 0
    if "closed" in result:
        return result["read"] == 0  # the tunnel was made for TLS, and what is no TLS ended it
    return "error" in result or result.get("status") not in (None, 200)


@pytest.mark.parametrize("name", [
    "other_host", "other_host_tunnel", "other_port", "other_port_tunnel", "other_scheme", "parent_of_wildcard",
    "suffix_without_dot", "denied_by_repository", "raw_address", "raw_address_of_allowed_host", "raw_ipv6_address",
    "metadata_address", "metadata_ipv6_address", "odd_addresses", "loopback_address", "loopback_name",
    "name_to_private_address", "name_to_metadata_address", "name_to_mapped_address", "name_to_loopback", "rebound",
    "sni_mismatch", "sni_missing", "sni_mismatch_intercepted", "not_tls_in_tunnel", "host_header_mismatch",
    "host_header_mismatch_intercepted", "two_host_headers", "user_in_target", "path_outside_prefix", "path_by_dots",
    "path_by_encoded_dots", "method_not_allowed", "trace", "redirect_to_private", "redirect_to_forbidden",
    "nul_in_host", "nul_in_socks_host", "line_break_in_target", "socks_other_host", "socks_raw_address", "socks_udp",
    "socks_bind"])
def test_all_else_is_refused(session, name):
    assert refused(session.results[name]), session.results[name]


@pytest.mark.parametrize("name", [
    "smuggling_both_lengths", "smuggling_two_lengths", "smuggling_odd_encoding", "smuggling_hidden_encoding",
    "smuggling_folded_header", "second_request_to_other_host", "line_break_in_header"])
def test_nothing_is_smuggled(session, name):
    result = session.results[name]
    assert not result.get("secret"), result


@pytest.mark.parametrize("name", ["rebinding", "name_to_both"])
def test_a_name_is_looked_up_once_and_held_to(session, name):
    """Each answer is from the allowed host, or a refusal."""
    for result in session.results[name]:
        assert not result["secret"] and (result["hello"] == 1 or refused(result)), result


def test_a_tunnel_is_no_proxy(session):
    assert "200" not in session.results["tunnel_in_tunnel"].get("read", ""), session.results["tunnel_in_tunnel"]


def test_the_forbidden_host_saw_nobody(session):
    assert session.seen("forbidden")[session.known:] == []


def test_names_that_are_not_allowed_are_not_even_asked_for(session):
    asked = {entry["name"] for entry in session.seen("names")}
    assert "plain.allowed.test" in asked
    assert {name for name in asked if "forbidden" in name or name in ("evilwild.test", "wild.test")} == set()


def test_a_byte_limit_ends_a_rule(session):
    served = session.results["byte_limit"]["served"]
    assert 0 < served < 6, session.results["byte_limit"]


# The credential

def test_the_credential_is_seen_by_its_host_only(session):
    assert session.results["credential_is_added"] == {"status": 200, "body": "yes"}
    assert session.results["other_hosts_get_no_credential"] == {"status": 200, "body": "no"}
    requests = [entry for entry in session.seen("allowed") if "headers" in entry]
    api = [entry for entry in requests if entry["headers"]["Host"] == "api.allowed.test"]
    assert api and all(entry["headers"].get("Authorization") == f"Bearer {SECRET}" for entry in api), api
    own = [entry for entry in api if entry["path"].endswith("?own")]
    assert len(own) == 1, "what the sandbox sends in its place is taken out"
    others = [entry for entry in requests if entry["headers"]["Host"] != "api.allowed.test"]
    assert others and SECRET not in json.dumps(others)


def test_the_credential_is_not_in_the_sandbox(session):
    # First that the look can find something at all.
    assert session.found["marker"] and session.found["marked"] == ["marker"] and session.found["proxies"] >= 1
    assert session.found["processes"] >= 2
    assert session.found["memory"] == [] and session.found["environment"] == []
    assert session.found["files"] == [] and session.found["session"] == []
    assert SECRET not in json.dumps(session.results)
    assert session.results["credential_file"] == {"secrets": []}
    # The key of the session's authority is in one file, which no sandbox and no other user sees.
    assert [pathlib.Path(path).name for path in session.found["keys"]] == ["authority.pem"]
    assert session.found["keyMode"] == 0o100600 and not list(session.world.folder.glob("state/**/authority.pem"))


def test_the_credential_is_in_no_log(session):
    assert SECRET not in json.dumps(session.events)
    assert SECRET not in session.shown
    holders = {str(path.relative_to(session.world.folder)) for path in session.files(session.world.folder)}
    assert holders == {"config/token", "control/allowed.log"}, "the file it comes from, and the host that was meant"


# Decisions and changes

def test_decisions_are_events(session):
    assert session.decisions(verdict="allow", ruleId="plain", host="plain.allowed.test", phase="closed")
    api = session.decisions(verdict="allow", ruleId="api", phase="closed")
    assert any(event["method"] == "POST" and event["bytesUp"] >= 300_000 for event in api), api
    assert session.decisions(verdict="deny", host="forbidden.test")
    assert session.decisions(verdict="deny", host="private.allowed.test")
    counted = sum(event.get("count", 1) for event in session.decisions(verdict="deny"))
    assert counted >= 40, "no refusal is lost"


def test_rules_are_told_with_their_author(session):
    changes = [entry["event"] for entry in session.events if entry["event"]["type"] == "egressRulesChanged"]
    assert [change["phase"] for change in changes] == ["agent"] * 4
    assert [change["by"] for change in changes] == ["service"] + ["cofferdam"] * 3
    first = {rule["id"]: rule for rule in changes[0]["rules"]}
    assert first["api"] == {"id": "api", "rule": "https://api.allowed.test:443/v1 GET,HEAD,POST", "intercepted": True,
                            "credential": "token"}
    assert not any("beyond" in rule["rule"] or "forbidden" in rule["rule"] for rule in changes[0]["rules"])
    assert changes[0]["denied"] == ["https://closed.wild.test:443"]
    assert "https://tls.allowed.test:443" in changes[1]["denied"]
    assert "https://tls.allowed.test:443" not in changes[2]["denied"]
    assert changes[3]["rules"] == []


def test_a_change_takes_effect_at_once(session):
    result = session.results["changes"]
    assert "error" not in result, result
    assert result["tunnel"] == "", "the open tunnel was closed"
    assert refused(result["after"]), result
    assert result["first"] == "one" and result["second"] == "two", "what is still allowed stays open"
    assert result["again"]["body"] == HELLO
    assert result["echo"] == "" and result["end"]["status"] != 200


def test_a_client_cannot_widen(session):
    assert session.widened.returncode == 7, session.widened
    assert "more than the service and policy allow" in session.widened.stderr


def test_the_command_line_shows_it(session):
    assert "The agent may reach: nothing" in session.shown
    assert "https://tls.allowed.test:443" in session.shown
    assert "forbidden.test" in session.shown or "refused" in session.shown


def test_programs_are_told_of_the_proxy(session):
    environment = session.results["environment"]
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        assert environment[name] == "http://127.0.0.1:3128"
    assert environment["NO_PROXY"] == "localhost,127.0.0.1,::1"
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "CARGO_HTTP_CAINFO", "PIP_CERT"):
        assert environment[name] == "/run/cofferdam/network/ca-bundle.pem"


# Other sessions

def events_of(text: str) -> list:
    return [json.loads(line)["event"] for line in text.splitlines()]


def printed(events: list) -> str:
    return "".join(event.get("text", "") for event in events if event["type"] == "outputDelta")


def fetch(*urls) -> dict:
    """A call that prints each URL's status."""
    script = "; ".join(f"curl -sS -o /dev/null -w '%{{http_code}} {url}\\n' {url} || true" for url in urls)
    return recordings.call("1", "run", command=["/bin/sh", "-c", script])


def test_setup_steps_reach_more(hosts):
    setup = "http://setup.allowed.test/hello"
    folder = hosts.another(
        "setup", f"setup:\n  - curl -sSf -o $HOME/fetched {setup}\n",
        recordings.turn([recordings.ANY], recordings.call(
            "1", "run", command=["/bin/sh", "-c", f"cat $HOME/fetched; curl -sS -o /dev/null -w ' %{{http_code}}' {setup}"])),
        recordings.turn([recordings.result("1")], recordings.text("Done.")))
    events = events_of(hosts.cofferdam("run", "--json", "Look", folder=folder))
    changes = [event for event in events if event["type"] == "egressRulesChanged"]
    assert [change["phase"] for change in changes] == ["setup", "agent"]
    reaches = [any("setup.allowed.test" in rule["rule"] for rule in change["rules"]) for change in changes]
    assert reaches == [True, False]
    assert printed(events).endswith(f"{HELLO} 403"), printed(events)
    told = next(event["text"] for event in events if event["type"] == "toolCallCompleted")
    assert told.endswith("--- the network gateway refused\n"
                         f"GET http://setup.allowed.test:80/hello: no rule allows this host and port"), told


def test_a_later_service_goes_on_with_the_network(hosts):
    plain, tls = "http://plain.allowed.test/hello", "http://six.allowed.test/hello"
    folder = hosts.another(
        "later", "instructions: none\n", recordings.turn([recordings.ANY], recordings.text("Ready.")),
        recordings.turn([recordings.ANY], fetch(plain, tls)),
        recordings.turn([recordings.result("1")], recordings.text("Done.")))
    hosts.cofferdam("run", "--keep", "Get ready", folder=folder)
    hosts.cofferdam("egress", "--deny", "http://six.allowed.test", folder=folder)
    hosts.world.stop_service(signal.SIGKILL)
    hosts.cofferdam("prompt", "Now fetch", folder=folder)
    events = events_of(hosts.cofferdam("attach", "--json", "--replay", folder=folder))
    assert any(event["type"] == "sessionResumed" for event in events)
    assert printed(events) == f"200 {plain}\n403 {tls}\n", "the client's change holds on"
    hosts.cofferdam("stop", folder=folder)


def test_without_rules_there_is_nothing_to_connect_to(hosts):
    script = "env | grep -i proxy; ls /run/cofferdam; python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 3128))'"
    folder = hosts.another(
        "closed", "policy: {egress: []}\n",
        recordings.turn([recordings.ANY], recordings.call("1", "run", command=["/bin/sh", "-c", script])),
        recordings.turn([recordings.result("1", error=True)], recordings.text("Done.")))
    events = events_of(hosts.cofferdam("run", "--json", "Look", folder=folder))
    assert "refused" in printed(events) and "proxy" not in printed(events).lower()
    assert "network" not in printed(events)
    assert not [event for event in events if event["type"].startswith("egress")]
