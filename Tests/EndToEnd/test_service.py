"""`cofferdamd` on its own: addresses, tokens, TLS, drain, idleness, one owner of a state directory, many sessions."""
import json
import signal
import socket
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest

import recordings
from conftest import BIN, wait_for
from raw_clients import raw_exchange

TOKEN = "test-token-0123456789abcdef0123456789abcdef"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Daemon:
    """A service with a token file, of which clients know by the environment."""

    def __init__(self, world, *options, scheme="ws"):
        self.world, self.port, self.log = world, free_port(), ""
        self.tokens = world.folder / "tokens"
        if not self.tokens.exists():
            self.tokens.write_text(f"# who may\nalice:{TOKEN}\n")
            self.tokens.chmod(0o600)
        self.log_file = world.folder / "service.log"
        with self.log_file.open("ab") as log:
            self.process = world.start(
                BIN / "cofferdamd", "--listen", f"127.0.0.1:{self.port}", "--token-file", self.tokens, *options,
                cwd=world.folder, stderr=log)
        world.environment.update({
            "COFFERDAM_SERVICE_URL": f"{scheme}://127.0.0.1:{self.port}", "COFFERDAM_TOKEN_FILE": str(self.tokens)})
        wait_for(self.listens, "the service to listen")

    def listens(self):
        assert self.process.poll() is None, self.text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def text(self) -> str:
        return self.log_file.read_text()

    def get(self, path, token=None, method="GET", context=None, scheme="http"):
        """(status, body, headers)"""
        request = urllib.request.Request(f"{scheme}://127.0.0.1:{self.port}{path}", method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), error.headers

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=30)


@pytest.fixture
def start(world):
    made = []

    def begin(*options, **more):
        made.append(Daemon(world, *options, **more))
        return made[-1]
    yield begin
    for daemon in made:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()


def test_health_metrics_and_what_is_not_there(world, start):
    daemon = start()
    assert daemon.get("/healthz")[:2] == (200, "ok") and daemon.get("/readyz")[:2] == (200, "ok")
    assert daemon.get("/healthz", method="HEAD")[:2] == (200, "")
    assert daemon.get("/metrics")[0] == 401 and daemon.get("/metrics", "wrong" * 10)[0] == 401
    status, body, headers = daemon.get("/metrics", TOKEN)
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = [line for line in body.splitlines() if line and not line.startswith("#")]
    assert samples and all(len(line.rsplit(" ", 1)) == 2 and float(line.rsplit(" ", 1)[1]) >= 0 for line in samples)
    names = {line.split("{")[0].split(" ")[0] for line in samples}
    typed = {line.split(" ")[2] for line in body.splitlines() if line.startswith("# TYPE")}
    assert typed <= names | {name.rsplit("_", 1)[0] for name in names} and all(n.startswith("cofferdam") for n in names)
    for path in ("/", "/v1", "/v1/rpc/", "/v2/rpc", "/healthz/", "//healthz", "/../etc/passwd", "/%2e%2e/metrics"):
        assert daemon.get(path, TOKEN)[0] == 404, path
    for path in ("/healthz", "/readyz", "/metrics", "/v1/rpc"):
        status, _, headers = daemon.get(path, TOKEN, method="DELETE")
        assert status == 405 and "GET" in headers["Allow"]
    assert daemon.get("/v1/rpc", TOKEN)[0] == 426 and daemon.get("/v1/rpc")[0] == 401
    assert TOKEN not in daemon.text()
    assert daemon.stop() == 0


def test_the_whole_scenario_over_tcp_and_two_clients(world, start):
    world.replay("broken-c")
    daemon = start()
    project = world.project("broken-c")
    world.cofferdam("run", "--keep", "Fix it", cwd=project, check=0)
    (listed,) = json.loads(world.cofferdam("list", "--json", cwd=project, check=0).stdout)["sessions"]
    assert listed["state"] == "idle"
    assert not world.service_pids(), "no service of its own beside a configured one"
    body = daemon.get("/metrics", TOKEN)[1]
    assert any(line.startswith("cofferdam_sessions") for line in body.splitlines()), body
    world.environment["COFFERDAM_TOKEN_FILE"] = "/dev/null"
    assert world.cofferdam("list", cwd=project).returncode == 7
    assert daemon.stop() == 0


def test_tls(world, start, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext",
        "subjectAltName=IP:127.0.0.1,DNS:localhost"], check=True, capture_output=True)
    world.replay("broken-c")
    daemon = start("--tls-cert", certificate, "--tls-key", key, scheme="wss")
    context = ssl.create_default_context(cafile=str(certificate))
    assert daemon.get("/healthz", context=context, scheme="https")[0] == 200
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    plain = raw_exchange(("127.0.0.1", daemon.port), b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", until=None)
    assert b"200" not in plain, "no plain text on a port of TLS"
    project = world.project("broken-c")
    refused = world.cofferdam("list", cwd=project)
    assert refused.returncode == 7 and "certificate" in refused.stderr.lower(), refused.stderr
    world.environment["COFFERDAM_CA_FILE"] = str(certificate)
    world.cofferdam("run", "Fix it", cwd=project, check=0)
    assert daemon.stop() == 0


@pytest.mark.parametrize("options, words", [
    (["--listen", "0.0.0.0:0", "--token-file", "T"], "TLS"),
    (["--listen", "[::]:0", "--token-file", "T"], "TLS"),
    (["--listen", "127.0.0.1:0"], "--token-file"), ([], "--listen"),
    (["--listen", "nonsense", "--token-file", "T"], "nonsense"),
    (["--listen", "127.0.0.1:99999", "--token-file", "T"], "99999"),
    (["--listen", "127.0.0.1:0", "--token-file", "/nonexistent"], "/nonexistent"),
    (["--listen", "127.0.0.1:0", "--token-file", "E"], "token"),
    (["--listen", "127.0.0.1:0", "--token-file", "T", "--tls-cert", "x"], "--tls-key"),
    (["--listen", "127.0.0.1:0", "--token-file", "T", "--tls-cert", "/dev/null", "--tls-key", "/dev/null"], "/dev/null"),
    (["--listen", "127.0.0.1:0", "--token-file", "T", "--log-level", "loud"], "loud"),
    (["--listen", "127.0.0.1:0", "--token-file", "T", "--models", "/nonexistent"], "/nonexistent"),
], ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "")
def test_it_refuses_to_start_in_words(world, options, words):
    for name, text in {"T": TOKEN, "E": "\n# none\n"}.items():
        (world.folder / name).write_text(text + "\n")
        (world.folder / name).chmod(0o600)
    done = subprocess.run(
        [BIN / "cofferdamd", *options], cwd=world.folder, env=world.environment, capture_output=True, text=True,
        timeout=30)
    assert done.returncode not in (0, -6, -4, -11) and words in done.stderr, done


def sleeping(path):
    return recordings.write(
        path, recordings.turn([recordings.ANY], recordings.call("1", "run", command=["sleep", "986"])),
        recordings.turn([recordings.result("1", error=True)], recordings.text("It was interrupted.")))


def test_a_drain_ends_running_turns_with_a_logged_reason(world, start, tmp_path):
    world.replay(sleeping(tmp_path / "r.json"))
    daemon = start("--drain-grace", "1")
    project = world.project("broken-c")
    client = world.start(BIN / "cofferdam", "run", "--json", "Wait", cwd=project, stdout=subprocess.PIPE, text=True)
    for line in client.stdout:
        if '"toolCallStarted"' in line:
            session = json.loads(line)["sessionId"]
            break
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(timeout=30) == 0
    wait_for(lambda: subprocess.run(["pgrep", "-x", "-f", "sleep 986"]).returncode == 1, "the command to be killed")
    assert '"draining"' in daemon.text() and '"ended"' in daemon.text()
    client.kill()
    client.communicate()
    again = start()
    shown = world.cofferdam("attach", session, "--replay", "--json", cwd=project, check=0).stdout
    events = [json.loads(line)["event"] for line in shown.splitlines() if line.startswith('{"sessionId"')]
    last = [event for event in events if event["type"] == "sessionStatus"][-1]
    assert last["state"] in ("stopped", "failed") and "shut" in last["reason"].lower(), last
    assert again.stop() == 0


def test_an_idle_embedded_service_ends_and_leaves_nothing(world):
    project = world.replay("broken-c").project("broken-c")
    runtime = world.folder / "run" / "cofferdam"
    process = world.start(
        BIN / "cofferdamd", "--embedded", "--idle-timeout", "1", "--runtime-directory", runtime, cwd=project)
    wait_for(lambda: (runtime / "service.sock").exists(), "the socket")
    world.cofferdam("run", "Fix it", cwd=project, check=0)
    assert process.wait(timeout=30) == 0
    assert "idle for" in world.log()
    assert not (runtime / "service.sock").exists()
    assert subprocess.run(["pgrep", "-f", str(world.folder)], capture_output=True).returncode == 1
    world.cofferdam("list", cwd=project, check=0)


def test_a_live_session_is_not_idle(world, tmp_path):
    project = world.replay(sleeping(tmp_path / "r.json")).project("broken-c")
    runtime = world.folder / "run" / "cofferdam"
    process = world.start(
        BIN / "cofferdamd", "--embedded", "--idle-timeout", "0.2", "--runtime-directory", runtime, cwd=project)
    wait_for(lambda: (runtime / "service.sock").exists(), "the socket")
    client = world.start(BIN / "cofferdam", "run", "Wait", cwd=project, stdout=subprocess.DEVNULL)
    wait_for(lambda: subprocess.run(["pgrep", "-x", "-f", "sleep 986"], capture_output=True).returncode == 0, "work")
    client.kill()
    client.wait()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    world.cofferdam("stop", cwd=project, check=0)
    assert process.wait(timeout=30) == 0


def test_one_state_directory_has_one_service(world, start):
    daemon = start()
    second = subprocess.run(
        [BIN / "cofferdamd", "--listen", "127.0.0.1:0", "--token-file", daemon.tokens], cwd=world.folder,
        env=world.environment, capture_output=True, text=True, timeout=30)
    assert second.returncode == 1 and "state" in second.stderr and "service" in second.stderr, second
    assert daemon.get("/healthz")[0] == 200
    daemon.process.kill()
    daemon.process.wait()
    assert start().get("/healthz")[0] == 200, "what a killed service leaves behind is no obstacle"


def test_twenty_sessions_at_once(world, start):
    world.replay("broken-c")
    daemon = start()
    clients = []
    for number in range(20):
        project = world.folder / f"p{number}"
        subprocess.run(["cp", "-R", world.project("broken-c") if number == 0 else world.folder / "p0", project], check=True)
        clients.append(world.start(
            BIN / "cofferdam", "run", "Fix it", cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for number, client in enumerate(clients):
        output = client.communicate(timeout=120)[0]
        assert client.returncode == 0, f"{number}: {output[-2000:]}"
        assert "(double)sum" in (world.folder / f"p{number}" / "stats.c").read_text()
    listed = json.loads(world.cofferdam("list", "--json", cwd=world.folder, check=0).stdout)["sessions"]
    assert len({session["sessionId"] for session in listed}) in (0, 20)
    assert daemon.stop() == 0
