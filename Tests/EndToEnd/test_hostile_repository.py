"""A repository and a model that mean ill: the host stays as it is, and what is shown is what is there."""
import json
import os
import socket
import stat
import subprocess
import threading

import pytest

import recordings
from conftest import BIN, wait_for
from raw_clients import Service

NO_CHECKS = "checks: []\n"


def calls(path, *blocks, checked=False):
    """One answer with tool calls, then a word. `checked` when a check reports in between."""
    report = [recordings.ANY] if checked else []
    return recordings.write(
        path, recordings.turn([recordings.ANY], *blocks),
        {"expect": {"newMessages": [{"role": "user", "content": [
            {"type": "toolResult", "callID": block["id"], "matches": "any"} for block in blocks] + report}]},
         "response": {"content": [recordings.text("Done.")], "stopReason": "endTurn"}})


def run(world, project, *options, check=None):
    """(exit code, events, output of each tool call by stream, raw output)"""
    result = world.cofferdam("run", "--json", *options, "Try it", cwd=project)
    seen = [json.loads(line) for line in result.stdout.splitlines()]
    events = [message["event"] for message in seen if "event" in message]
    outputs = {}
    for event in events:
        if event["type"] == "outputDelta":
            outputs[event["itemId"]] = outputs.get(event["itemId"], "") + (event.get("text") or "")
    if check is not None:
        assert result.returncode == check, result.stdout + result.stderr
    return result.returncode, events, outputs, result.stdout


def completed(events) -> list:
    return [event for event in events if event["type"] == "toolCallCompleted"]


def applied(events_output: str) -> dict:
    return next(json.loads(line)["apply"] for line in events_output.splitlines() if line.startswith('{"apply"'))


# YAML

@pytest.mark.parametrize("text, words", [
    ("checks: [", ":1"), ("checks: {a: [1}", ":1"), ("\tchecks: []\n", ":1"), ("checks:\n  - name: 'x\n", "cofferdam.yaml"),
    ("checks: []\nchecks: []\n", ":2"), ("nonsense: 1\n", "nonsense"), ("- a\n", "cofferdam.yaml"), ("7", "cofferdam.yaml"),
    ("checks: 7\n", "checks"), ("checks: [{name: x, command: 7}]\n", "command"),
    ("checks: [{name: 7, command: [make]}]\n", "name"), ("checks: [{command: [make]}]\n", "name"),
    ("checks: [{name: x, command: []}]\n", "command"), ("checks: [{name: x, command: [make], timeout: x}]\n", "timeout"),
    ("policy: 7\n", "policy"), ("checks: !!python/object:os.system [x]\n", "cofferdam.yaml"),
    ("a: &a [*a]\n", "cofferdam.yaml"), ("a: *nowhere\n", "cofferdam.yaml"), ("---\nchecks: []\n---\nchecks: []\n", "cofferdam.yaml"),
    ("x: " + "[" * 1000 + "]" * 1000, "cofferdam.yaml"), ("x: " + "{a: " * 1000 + "1" + "}" * 1000, "cofferdam.yaml"),
    ("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)), "cofferdam.yaml"),
    ("checks: []\n" + "# " + "x" * (2 << 20) + "\n", "cofferdam.yaml"), ("checks: [\x00]\n", "cofferdam.yaml"),
    ("checks: [{name: '\x1b[2Jx', command: [make]}]\n", "cofferdam.yaml"),
], ids=lambda value: value[:24] if isinstance(value, str) else "")
def test_configurations_that_are_none(world, text, words):
    project = world.replay("broken-c").project("broken-c")
    (project / ".cofferdam.yaml").write_text(text)
    result = world.cofferdam("run", "Fix it", cwd=project, check=5)
    assert ".cofferdam.yaml" in result.stdout and words in result.stdout, result.stdout
    assert "\x1b" not in result.stdout
    (project / ".cofferdam.yaml").unlink()
    world.cofferdam("run", "Fix it", cwd=project, check=0)


@pytest.mark.parametrize("text, words", [
    ("{ask: run}", "ask"), ("{aks: [run]}", "aks"), ("{deny: [7]}", "deny"), ('{deny: ["run(("]}', "run(("),
    ("{version: 2}", "version"),
])
def test_a_policy_that_is_none_denies_everything(world, tmp_path, text, words):
    recording = recordings.write(
        tmp_path / "r.json", recordings.turn([recordings.ANY], recordings.call("1", "read", path="stats.c")),
        recordings.turn([recordings.result("1", "denied by the repository policy", words, error=True)],
                        recordings.text("I may not.")))
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text(f"checks: []\npolicy: {text}\n")
    result = world.cofferdam("run", "Look", cwd=project, check=0)
    assert "it could not be loaded" in result.stdout and words in result.stdout


def test_a_configuration_that_git_ignores_counts(world, tmp_path):
    recording = recordings.write(
        tmp_path / "r.json", recordings.turn([recordings.ANY], recordings.call("1", "read", path="stats.c")),
        recordings.turn([recordings.result("1", "denied", error=True)], recordings.text("I may not.")))
    project = world.replay(recording).project("broken-c")
    subprocess.run(["git", "init", "-q"], cwd=project, check=True, env=world.environment)
    (project / ".gitignore").write_text(".cofferdam.yaml\n")
    (project / ".cofferdam.yaml").write_text('checks: []\npolicy: {deny: ["read"]}\n')
    world.cofferdam("run", "Look", cwd=project, check=0)


@pytest.mark.parametrize("make", [
    lambda path: path.write_bytes(b"checks: [\xff\xfe]\n"), lambda path: path.mkdir(),
    lambda path: path.symlink_to("/etc/shadow"), lambda path: os.mkfifo(path),
    lambda path: path.symlink_to(".cofferdam.yaml"),
], ids=["invalid UTF-8", "a folder", "a link out", "a FIFO", "a link to itself"])
def test_configurations_that_are_no_files(world, make):
    project = world.replay("broken-c").project("broken-c")
    make(project / ".cofferdam.yaml")
    result = world.cofferdam("run", "Fix it", cwd=project, check=5)
    assert ".cofferdam.yaml" in result.stdout and "root:" not in result.stdout


# Names and kinds of files

def test_a_tree_of_traps(world, tmp_path):
    recording = calls(
        tmp_path / "r.json",
        recordings.call("1", "shell", script="ls; cat leak 2>&1; cat folder/passwd 2>&1; touch leak2 2>&1; echo x > made; "
                        "echo y > outside/escaped; ls -la outside/ 2>&1"),
        recordings.call("2", "read", path="leak"), recordings.call("3", "write", path="leak", content="x"),
        recordings.call("4", "write", path="outside/escaped2", content="x"),
        recordings.call("5", "glob", pattern="**/*"), recordings.call("6", "grep", pattern="secret"))
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text(NO_CHECKS)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret-of-the-host")
    (project / "leak").symlink_to(outside / "secret")
    (project / "folder").symlink_to("/etc")
    (project / "outside").symlink_to(outside)
    (project / "loop").symlink_to("loop")
    os.mkfifo(project / "fifo")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(project / "s.sock"))
    for name in ("-rf", "a\nb", "it's \"quoted\"", "\x1b[31mred", "ä", "$(touch pwned)", "; rm x", "x" * 250):
        (project / name).write_text(f"content of {name}\n")
    before = {path: path.lstat().st_mtime_ns for path in project.rglob("*")}
    code, events, outputs, raw = run(world, project)
    listener.close()
    assert code in (0, 1, 6), raw
    assert "secret-of-the-host" not in raw, "a link out of the workspace shows the sandbox, not the host"
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]
    assert (outside / "secret").read_text() == "secret-of-the-host"
    assert (project / "leak").is_symlink() and stat.S_ISFIFO((project / "fifo").lstat().st_mode)
    assert not (project / "pwned").exists()
    after = {path: path.lstat().st_mtime_ns for path in before}
    assert before == after, "nothing that was there has changed"
    assert "-rf" in outputs[next(iter(outputs))]


@pytest.mark.parametrize("name", ["-rf", "a\nb", "it's \"quoted\"", "\x1b[31mred", "ä𝄞", "$(x)", " lead", "dot.", "a\tb"])
def test_strange_names_come_back_whole(world, tmp_path, name):
    recording = calls(tmp_path / "r.json", recordings.call("1", "write", path=name, content="new\n"), checked=True)
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text('checks: [{name: there, command: ["true"]}]\n')
    result = world.cofferdam("run", "Try it", cwd=project, check=0)
    assert (project / name).read_text() == "new\n"
    assert "\x1b" not in result.stdout
    assert "\na\nb" not in result.stdout


def test_git_of_the_user_stays_out_of_reach(world, tmp_path):
    recording = calls(
        tmp_path / "r.json",
        recordings.call("1", "write", path=".git/config", content="[core]\n\tfsmonitor = touch pwned\n"),
        recordings.call("2", "write", path=".git/hooks/pre-commit", content="#!/bin/sh\ntouch pwned\n"),
        recordings.call("3", "shell", script="mkdir -p .git/hooks; printf '#!/bin/sh\\ntouch pwned\\n' > .git/hooks/post-checkout;"
                        " echo evil >> .git/config; mkdir -p sub/.git; echo x > sub/.git/config; echo fine > fine.txt"), checked=True)
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text('checks: [{name: there, command: ["true"]}]\n')
    subprocess.run(["git", "init", "-q"], cwd=project, check=True, env=world.environment)
    hook = project / ".git" / "hooks" / "post-index-change"
    hook.write_text("#!/bin/sh\ntouch pwned\n")
    hook.chmod(0o755)
    config = (project / ".git" / "config").read_bytes()
    hooks = sorted(os.listdir(project / ".git" / "hooks"))
    _, events, _, raw = run(world, project)
    assert applied(raw)["applied"] == ["fine.txt"], raw
    statuses = [event["status"] for event in completed(events)]
    assert statuses[:2] == ["denied", "denied"] or statuses[:2] == ["failed", "failed"], completed(events)
    assert (project / ".git" / "config").read_bytes() == config
    assert sorted(os.listdir(project / ".git" / "hooks")) == hooks
    assert not (project / "sub").exists() and not list(project.rglob("pwned"))


def test_files_that_run_elsewhere_need_a_second_look(world, tmp_path):
    script = "mkdir -p .github/workflows; echo 'on: push' > .github/workflows/ci.yml; echo fine > fine.txt; chmod +x test.sh"
    recording = calls(tmp_path / "r.json", recordings.call("1", "shell", script=script), checked=True)
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text('checks: [{name: there, command: ["true"]}]\n')
    code, _, _, raw = run(world, project)
    assert applied(raw)["applied"] == ["fine.txt", "test.sh"]
    assert [conflict["path"] for conflict in applied(raw)["conflicts"]] == [".github/workflows/ci.yml"]
    assert code == 6 and not (project / ".github").exists()
    assert (project / "test.sh").stat().st_mode & 0o100, "a change of the mode alone is a change"
    world.cofferdam("apply", "--path", ".github/workflows/ci.yml", cwd=project, check=0)
    assert (project / ".github" / "workflows" / "ci.yml").read_text() == "on: push\n"


# Output

def test_escape_sequences_do_not_reach_the_terminal(world, tmp_path):
    evil = "printf '\\033[2J\\033]0;title\\007\\033]52;c;cHduZWQ=\\007\\r\\bgone\\n\\342\\200\\256reversed\\n'"
    recording = calls(tmp_path / "r.json", recordings.call("1", "shell", script=evil))
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text(NO_CHECKS)
    result = subprocess.run(
        [BIN / "cofferdam", "run", "Try it"], cwd=project, env=world.environment, capture_output=True, timeout=60,
        stdin=subprocess.DEVNULL)
    for byte in (b"\x1b", b"\x07", b"\x08", b"\r", "\u202e".encode()):
        assert byte not in result.stdout, byte
    assert b"gone\n" in result.stdout and b"reversed\n" in result.stdout


def test_one_line_of_two_megabytes(world, tmp_path):
    script = "head -c 2000000 /dev/zero | tr '\\0' x; echo; echo end >&2"
    recording = calls(tmp_path / "r.json", recordings.call("1", "shell", script=script))
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text(NO_CHECKS)
    _, events, outputs, _ = run(world, project, check=0)
    (output,) = outputs.values()
    assert output.count("x") == 2_000_000 and output.count("end\n") == 1, "the log has all of it"
    (ended,) = completed(events)
    assert ended["command"]["status"] == "exited" and ended["command"]["exitCode"] == 0
    assert len(ended["text"]) < 40_000, "the model reads head and tail"


def test_a_flood_of_processes_ends_with_the_session(world, tmp_path):
    script = "for i in $(seq 50); do (setsid sleep 987 &) ; done; echo started"
    recording = calls(tmp_path / "r.json", recordings.call("1", "shell", script=script))
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text(NO_CHECKS)
    run(world, project, check=0)
    wait_for(lambda: subprocess.run(["pgrep", "-x", "-f", "sleep 987"]).returncode == 1, "the processes to be killed")


# The sandbox from inside

PROBE = """
id -u
grep -E '^(CapEff|CapPrm|CapBnd|NoNewPrivs)' /proc/self/status
echo "shadow: $(cat /etc/shadow 2>&1)"
echo "env: $(env | tr '\\n' ' ')"
echo "interfaces: $(cut -d: -f1 -s /proc/net/dev | tr -d ' ' | tr '\\n' ' ')"
echo "processes: $(ls /proc | grep -c '^[0-9]')"
echo "home: $(ls -A "$HOME" 2>&1 | tr '\\n' ' ')"
echo "tmp: $(ls -A /tmp 2>&1 | tr '\\n' ' ')"
echo "service: $(ls -A RUN 2>&1 | tr '\\n' ' ')"
echo "token: $(cat RUN/cofferdam/token 2>&1)"
echo "host: $(cat HOST 2>&1)"
echo "usr: $(touch /usr/x 2>&1)"
echo "mount: $(mount -t tmpfs none /mnt 2>&1)"
echo "devices: $(ls /dev | tr '\\n' ' ')"
python3 - <<'PY' 2>&1
import socket
for family, address in ((socket.AF_INET, ("127.0.0.1", PORT)), (socket.AF_INET, ("1.1.1.1", 53)),
                        (socket.AF_UNIX, "RUN/cofferdam/service.sock")):
    peer = socket.socket(family)
    peer.settimeout(2)
    try:
        peer.connect(address)
        print("connected", address)
    except OSError as error:
        print("refused", address, error)
PY
"""


def test_nothing_of_value_is_within_reach(world, tmp_path):
    port = socket.create_server(("127.0.0.1", 0))
    hits = []

    def accept():
        try:
            while True:
                hits.append(port.accept())
        except OSError:
            pass
    threading.Thread(target=accept, daemon=True).start()
    secret = world.folder / "home" / "id_rsa"
    secret.write_text("host-private-key")
    script = PROBE.replace("RUN", str(world.folder / "run")).replace("HOST", str(secret)).replace(
        "PORT", str(port.getsockname()[1]))
    recording = calls(tmp_path / "r.json", recordings.call("1", "shell", script=script))
    project = world.replay(recording).project("broken-c")
    (project / ".cofferdam.yaml").write_text(NO_CHECKS)
    world.environment.update({
        "ANTHROPIC_API_KEY": "canary-anthropic", "OPENAI_API_KEY": "canary-openai", "AWS_SECRET_ACCESS_KEY": "canary-aws",
        "SSH_AUTH_SOCK": "/tmp/canary-agent", "GITHUB_TOKEN": "canary-github"})
    _, events, outputs, raw = run(world, project, check=0)
    port.close()
    (text,) = outputs.values()
    facts = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    assert "canary" not in raw and "host-private-key" not in raw and world.token not in raw, text
    assert "\nconnected" not in text and text.count("\nrefused ") == 3 and not hits, text
    assert facts["interfaces"].split() in ([], ["lo"]), text
    shadow = facts["shadow"]
    assert "Permission denied" in shadow or "No such file" in shadow or "root:" not in shadow, text
    for set_ in ("CapEff", "CapPrm", "CapBnd"):
        assert f"{set_}:\t0000000000000000" in text, text
    assert "NoNewPrivs:\t1" in text
    assert int(facts["processes"]) < 12, text
    assert "Read-only" in facts["usr"] or "Permission denied" in facts["usr"]
    assert facts["mount"], "mounting is refused"
    assert not {"sda", "mem", "kmsg", "kvm", "fuse"} & set(facts["devices"].split()), text
