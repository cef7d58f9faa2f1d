"""Races between check and use: what was looked at becomes a link elsewhere before it is used.

A program exchanges a directory and a link without end. Outside, whoever checks by name and then opens by name is led astray
within moments; the supervisor's file operations and the service's own reading must never be.
"""
import base64
import json
import re
import secrets
import shutil
import subprocess
import time

import pytest

import recordings
from escape.campaign import HERE, PATIENCE
from raw_clients import Service, start_service

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
TRIES = 60
#: What a plain shell does: it looks, and then it acts.
NAIVE = {
    "read": "[ -d d ] && [ ! -L d ] && cat d/secret",
    "write": "[ -d d ] && [ ! -L d ] && echo x > d/new && ls target/new",
    "list": "[ -d d ] && [ ! -L d ] && ls d",
}


@pytest.fixture
def probe(world):
    path = world.folder / "probe"
    subprocess.run(["gcc", "-O1", "-w", "-o", path, HERE / "probe.c", "-lrt", "-pthread"], check=True)
    return path


@pytest.fixture
def canary():
    return "CANARY-" + secrets.token_hex(16)


def is_led_astray(world, probe, canary: str, what: str) -> bool:
    folder = world.folder / "plain"
    for name in ("d", "target"):
        (folder / name).mkdir(parents=True)
    (folder / "d" / "secret").write_text("harmless\n")
    (folder / "target" / "secret").write_text(canary + "\n")
    (folder / "target" / canary).write_text("")
    (folder / "link").symlink_to(folder / "target")
    flipping = subprocess.Popen([probe, "flip", "d", "link", "60"], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        wanted = "target/new" if what == "write" else canary
        script = f"while :; do {NAIVE[what]}; done 2>/dev/null"
        naive = subprocess.Popen(
            ["timeout", "60", "sh", "-c", script], cwd=folder, stdout=subprocess.PIPE, text=True)
        try:
            return any(wanted in line for line in naive.stdout)
        finally:
            naive.terminate()
            naive.wait()
    finally:
        flipping.kill()
        flipping.wait()


def project(world, probe):
    folder = world.folder / "project"
    (folder / "d").mkdir(parents=True)
    (folder / "d" / "secret").write_text("harmless\n")
    shutil.copy2(probe, folder / "probe")
    return folder


def play(world, folder, *turns, during=None) -> tuple:
    """The session's name, its events, and the client, after its turn."""
    world.replay(recordings.write(world.folder / "config" / "races.json", *turns))
    start_service(world, folder)
    client = Service(world)
    client.initialize()
    session = client.request("agent/start", {
        "prompt": "Go.", "workspaceFolder": str(folder)})["result"]["sessionId"]
    client.request("agent/attach", {"sessionId": session})
    events = []
    while not events or events[-1]["type"] != "turnCompleted":
        message = client.receive()
        if "event" in message.get("params", {}):
            events.append(message["params"]["event"])
            if during is not None and events[-1]["type"] == "outputDelta" and "flipping" in events[-1]["text"]:
                during(session)
                during = None
    assert events[-1]["outcome"] in ("verified", "unverified", "answered"), events[-1]["reason"]
    assert during is None, "the program did not begin to exchange the names"
    return session, events, client


#: A directory of its own: an overlay exchanges none that is in its base.
FLIP = ("mkdir -p /tmp/target n; echo harmless > n/secret; echo {canary} > /tmp/target/secret; : > /tmp/target/{canary}; "
        "ln -s {target} link; echo flipping; ./probe flip n link {seconds}")


#: Says `both` once it has met both under one name.
LOOK = ("i=0; while [ $i -lt 1000000 ]; do if [ -L n ]; then a=1; else b=1; fi; i=$((i+1)); "
        "if [ \"$a$b\" = 11 ]; then echo both; break; fi; done; ls -A /tmp/target")


@pytest.mark.parametrize("what, arguments", [
    ("read", lambda number: ("read", {"path": "n/secret", "limit": number})),
    ("write", lambda number: ("write", {"path": "n/new", "content": f"{number}\n"})),
    ("list", lambda number: ("read", {"path": "n", "limit": number})),
], ids=["read", "write", "list"])
def test_tools_stay_in_the_workspace(world, probe, canary, what, arguments):
    assert is_led_astray(world, probe, canary, what)
    calls = []
    for number in range(1, TRIES + 1):
        tool, values = arguments(number)
        calls.append(recordings.call(f"c{number}", tool, **values))
    script = FLIP.format(canary=canary, target="/tmp/target", seconds=600)
    told = lambda calls: [recordings.result(call["id"]) | {"isError": None} for call in calls]  # noqa: E731
    flip = recordings.call("flip", "shell", script=script, background=True)
    looks = [recordings.call(name, "shell", script=f"{LOOK}; echo {name}") for name in ("before", "afterwards")]
    _, events, client = play(
        world, project(world, probe), recordings.turn([recordings.ANY], flip),
        recordings.turn(told([flip]), looks[0]), recordings.turn(told([looks[0]]), *calls),
        recordings.turn(told(calls), looks[1]), recordings.turn(told([looks[1]]), recordings.text("Done.")))
    _, before, *results, after = [event["text"] for event in events if event["type"] == "toolCallCompleted"]
    assert "both" in before and "both" in after, "the names were exchanged all the while"
    assert len(results) == TRIES
    assert not any(canary in text for text in results), "what lies outside the workspace was shown"
    assert canary in after and "new" not in after.split(), "a file was made outside"
    client.socket.close()


@pytest.mark.parametrize("kind", ["diff", "apply"])
def test_the_service_reads_no_link_of_the_sandbox(world, probe, canary, kind):
    assert is_led_astray(world, probe, canary, "read")
    victim = world.folder / "victim"
    victim.mkdir()
    (victim / "secret").write_text(canary + "\n")
    folder = project(world, probe)
    seen = []

    def during(session):
        client = Service(world)  # of its own: an answer is waited for past all events
        client.initialize()
        end = time.monotonic() + PATIENCE
        while len(seen) < TRIES and time.monotonic() < end:
            if kind == "apply":
                result = world.cofferdam("apply", session, cwd=folder)
                seen.append(result.stdout + result.stderr)
                if len(seen) >= 8:  # each starts a program
                    return
                continue
            answer = client.request("agent/diff", {"sessionId": session, "includeContents": True})
            seen.append(json.dumps(answer))
            for file in answer.get("result", {}).get("files", []):
                contents = base64.b64decode(file.get("newContents") or "")
                # The link itself, as a link, is what may be told.
                if file.get("newMode") != "120000":
                    assert canary.encode() not in contents, file["path"]
    script = FLIP.format(canary="none", target=victim, seconds=8)
    flip = recordings.call("flip", "shell", script=script)
    _, events, client = play(
        world, folder, recordings.turn([recordings.ANY], flip),
        recordings.turn([recordings.result("flip") | {"isError": None}], recordings.text("Done.")), during=during)
    assert re.search(r"[0-9]{3,} exchanges", json.dumps(events)), "the names were exchanged"
    assert seen and not any(canary in text for text in seen)
    assert canary not in json.dumps(events)
    for path in folder.rglob("*"):
        if path.is_file():
            assert canary.encode() not in path.read_bytes(), path
    assert (victim / "secret").read_text() == canary + "\n"
    assert sorted(path.name for path in victim.iterdir()) == ["secret"]
    client.socket.close()
