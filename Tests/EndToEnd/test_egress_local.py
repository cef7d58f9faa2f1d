"""The gateway without any privilege: a host on this machine that a rule lets through, for every kind of user."""
import http.server
import json
import os
import shutil
import threading

import pytest

import recordings
from test_ordinary_user import cofferdam as as_ordinary_user
from test_ordinary_user import ordinary  # noqa: F401, a fixture

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello from outside")

    def log_message(self, *_):
        pass


@pytest.fixture
def port():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def prepare(world, port):
    """A session that fetches from a host of the service's file, and then from one that is in no rule."""
    configuration = world.folder / "config" / "cofferdam"
    configuration.mkdir()
    (configuration / "service.yaml").write_text(
        "egress:\n"
        f"  rules:\n    - {{rule: \"http://local.test:{port}\", allowPrivate: true}}\n"
        "  hosts: {local.test: [127.0.0.1], other.test: [127.0.0.1]}\n")
    script = f"curl -sS http://local.test:{port}/; curl -sS http://other.test:{port}/"
    world.replay(recordings.write(
        world.folder / "recordings" / "local.json",
        recordings.turn([recordings.ANY], recordings.call("1", "run", command=["/bin/sh", "-c", script])),
        recordings.turn([recordings.result("1", "hello from outside", "Cofferdam refused this connection")],
                        recordings.text("Done."))))
    folder = world.folder / "local"
    folder.mkdir()
    (folder / "readme").write_text("nothing\n")
    return folder


def test_a_rule_lets_a_host_through(world, port):
    folder = prepare(world, port)
    done = world.cofferdam("run", "--json", "Fetch", cwd=folder, check=0)
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    decided = [(event["verdict"], event["host"], event["phase"]) for event in events if event["type"] == "egressDecided"]
    assert ("allow", "local.test", "closed") in decided and ("deny", "other.test", "closed") in decided


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: the test before this one is an ordinary user's already")
def test_as_an_ordinary_user(ordinary, port):  # noqa: F811
    folder = prepare(ordinary, port)
    for path in ordinary.folder.rglob("*"):
        os.chown(path, 65533, 65533)
    done = as_ordinary_user(ordinary, "run", "--json", "Fetch", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr + ordinary.log()[-3000:]
    assert "hello from outside" in done.stdout
