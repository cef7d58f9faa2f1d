"""Secrets of every kind are planted and used, also where others quote them; then all that was written is searched."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading

import pytest

from conftest import BIN
from secret_echo import Echo, forms
from test_ordinary_user import cofferdam as as_ordinary_user
from test_ordinary_user import ordinary  # noqa: F401, a fixture

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

#: With characters that encodings change, and unlike enough that none is found in another.
CANARIES = {name: f"canary/{name}+{number}f0d2c41{number}=" for number, name in enumerate(
    ["anthropic", "file", "command", "header", "aws", "awstoken", "good", "egress", "forge", "program"])}

MODELS = """
models:
  refused: {{provider: anthropic, model: m, base_url: "{base}/refused", api_key_env: CANARY_ANTHROPIC, headers: {{x-team: "{header}"}}}}
  redirect: {{provider: openai-responses, model: m, base_url: "{base}/redirect", api_key_file: {folder}/file}}
  bad: {{provider: gemini, model: m, base_url: "{base}/bad", api_key_command: [/bin/sh, {folder}/command.sh]}}
  cloud: {{provider: bedrock, model: m, region: eu-central-1, profile: work}}
  program: {{provider: command, command: [/bin/sh, {folder}/program.sh], environment: [CANARY_PROGRAM]}}
  cut: {{provider: openai, model: m, base_url: "{base}/cut", api_key_env: CANARY_ANTHROPIC}}
  good: {{provider: openai, model: m, base_url: "{base}/v1", api_key_command: [/bin/cat, {folder}/good]}}
roles: {{edit: good}}
"""

SERVICE = """
modelGateway: true
egress:
  rules:
    - {{rule: "http://echo.test:{port}", allowPrivate: true, credential: token}}
  hosts: {{echo.test: [127.0.0.1]}}
  credentials:
    token: {{kind: basic, user: somebody, file: {folder}/egress}}
remotes:
  - match: http://127.0.0.1:{port}/*
    credential: forge
gitCredentials:
  forge: {{user: somebody, file: {folder}/forge}}
"""

#: What the agent of the session that works does; the obedient model runs each line.
PROMPT = """Please:
RUN env; env | base64 -w0; env | od -An -tx1 | tr -d ' \\n'; for f in /proc/[0-9]*; do cat $f/cmdline $f/environ; done 2>&1
RUN printf %s "$OPENAI_API_KEY" | fold -w 3 | while read -r part || test -n "$part"; do printf %s "$part"; sleep 0.02; done
RUN curl -sS http://echo.test:{port}/echo
RUN curl -sS -m 20 http://127.0.0.1:3129/v1/models -H "x-api-key: $OPENAI_API_KEY"
RUN curl -sS http://echo.test:{port}/echo > answer.txt; sleep 2
"""


class Plant:
    def __init__(self, world):
        self.world, self.echo = world, Echo()
        self.folder = world.folder / "planted"
        self.folder.mkdir()
        for name in ("file", "good", "egress", "forge"):
            self.write(name, CANARIES[name] + "\n")
        self.write("command.sh", f"echo 'the key is {CANARIES['command']}' >&2; echo '{CANARIES['command']}'\n")
        self.write("program.sh", "cat > /dev/null; env >&2; echo \"$CANARY_PROGRAM\" >&2; exit 1\n")
        self.write("credentials", "[work]\naws_access_key_id = AKIDEXAMPLE\n"
                   f"aws_secret_access_key = {CANARIES['aws']}\naws_session_token = {CANARIES['awstoken']}\n")
        base = f"http://127.0.0.1:{self.echo.port}"
        configuration = world.folder / "config" / "cofferdam"
        configuration.mkdir()
        values = {"base": base, "folder": self.folder, "port": self.echo.port, "header": CANARIES["header"]}
        (configuration / "models.yaml").write_text(MODELS.format(**values))
        (configuration / "service.yaml").write_text(SERVICE.format(**values))
        world.environment.pop("COFFERDAM_MODEL", None)
        world.environment.update({
            "CANARY_ANTHROPIC": CANARIES["anthropic"], "CANARY_PROGRAM": CANARIES["program"],
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials")})
        self.project = world.folder / "project"
        self.project.mkdir()
        (self.project / "readme").write_text("nothing\n")

    def write(self, name, text):
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o600)

    def start_service(self):
        """The service that the client would start, at the level at which it says most."""
        ready, theirs = os.pipe()
        self.service = subprocess.Popen(
            [BIN / "cofferdamd", "--embedded", "--runtime-directory", f"{self.world.folder}/run/cofferdam",
             "--log-level", "debug", "--ready-fd", str(theirs)], env=self.world.environment, pass_fds=[theirs],
            cwd=self.world.folder)
        os.close(theirs)
        said = os.read(ready, 4096)
        os.close(ready)
        assert said == b"ready\n", said

    def close(self):
        self.world.stop_service()
        self.service.wait()
        self.echo.close()


@pytest.fixture
def plant(world):
    made = Plant(world)
    made.start_service()
    yield made
    made.close()


def processes():
    """Every process that can be looked at: its number, command line and environment."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            except OSError:
                pass


class Watch:
    """Looks at the processes of this machine while a session works."""

    def __init__(self, secrets):
        self.secrets, self.found, self.tokens, self.searched = secrets, set(), set(), 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def run(self):
        while not self.ended.is_set():
            for pid, line, environment in processes():
                self.look(pid, line, environment)
            self.ended.wait(0.05)

    def look(self, pid, line, environment):
        if token := re.search(rb"OPENAI_API_KEY=(cofferdam-session-[0-9a-f]+)", environment):
            self.tokens.add(token[1].decode())
            if b"sleep\x002" in line:
                self.found |= {f"memory of {line!r}: {name}" for name in found_in(memory(pid), self.secrets)}
                self.searched += 1
        # The client and the service have the user's own environment, and so have the programs that print keys.
        own = b"cofferdam" in line.split(b"\0")[0] or b"/planted/" in line
        names = found_in(line + (b"" if own else environment), self.secrets)
        if b"XDG_STATE_HOME" not in environment:
            self.found |= {f"process {line!r}: {name}" for name in names}


def memory(pid) -> bytes:
    try:
        areas = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
            found = b""
            for area in areas:
                start, end = (int(number, 16) for number in area.split()[0].split("-"))
                if " rw" in area and end - start < 64 << 20:
                    file.seek(start)
                    found += file.read(end - start) or b""
            return found
    except OSError:
        return b""


def found_in(data: bytes, secrets: dict) -> set:
    return {name for name, secret in secrets.items() if any(form in data for form in forms(secret))}


def written(folder: pathlib.Path, secrets: dict, besides=()) -> set:
    found = set()
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if not path.is_file() or path.is_symlink() or re.match("planted/|config/|run/cofferdam/token$", name):
            continue
        try:
            data = path.read_bytes()
        except OSError:
            continue  # gone by now
        if not any(re.search(pattern, name) for pattern in besides):
            found |= {f"{name}: {secret}" for secret in found_in(data, secrets)}
    return found


def test_nothing_that_is_written_holds_a_secret(plant):
    world, said = plant.world, ""
    secrets = dict(CANARIES, bearer=world.token)
    # Refused, redirected, cut off, with a program that tells: each error would quote what it was told.
    for name in ("refused", "redirect", "bad", "cloud", "program", "cut"):
        options = {"env": dict(world.environment)}
        done = subprocess.run([BIN / "cofferdam", "run", "--json", "--keep", "--model", name, "Fix it"], cwd=plant.project,
                              capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL, **options)
        said += done.stdout + done.stderr
        assert done.returncode != 0 and "turnCompleted" in done.stdout, f"{name}: {done.stdout}{done.stderr}{world.log()}"
    done = world.cofferdam("run", "--json", "--repository", f"http://127.0.0.1:{plant.echo.port}/forbidden/x.git", "x",
                           cwd=plant.project)
    said += done.stdout + done.stderr
    with Watch(secrets) as watch:
        done = world.cofferdam(
            "run", "--json", "--keep", "--apply", "never", PROMPT.format(port=plant.echo.port), cwd=plant.project)
    said += done.stdout + done.stderr
    assert watch.found == set() and watch.searched > 0
    (token,) = watch.tokens
    secrets["session"] = token
    events = [json.loads(line)["event"] for line in done.stdout.splitlines() if '"event":' in line]
    output = "".join(event.get("text") or "" for event in events if event["type"] == "outputDelta")
    assert "OPENAI_API_KEY=******" in output and '"has_more"' in output, "the commands did what they were to do"
    assert output.count("*" * len(token)) >= 2, "also where it came in pieces"
    said += "".join(world.cofferdam(*words, cwd=plant.project).stdout for words in (
        ("list", "--json"), ("usage", "--json"), ("doctor",)))
    said += subprocess.run(
        ["curl", "-sS", "--unix-socket", world.socket, "-H", f"Authorization: Bearer {world.token}",
         "http://localhost/metrics"], capture_output=True, text=True).stdout
    (session,) = {json.loads(line)["sessionId"] for line in done.stdout.splitlines() if '"sessionId"' in line}
    said += world.cofferdam("log", session, cwd=plant.project).stdout
    assert found_in(said.encode(), secrets) == set(), "clients were told"
    # What commands write is the session's own. While it lives a later service needs what they print as it was printed, and
    # what their environment was.
    own = ["/upper/", "/snapshots/", r"\.git/", r"\.result\.json$"]
    live = ["/journal/", "/sandbox.json$", "/model-gateway.token$"]
    assert written(world.folder, secrets, besides=own + live) == set()
    world.cofferdam("stop", session, cwd=plant.project)
    world.stop_service()
    assert written(world.folder, secrets, besides=own) == set()


def test_doctor_tries_keys_and_endpoints(plant):
    said = plant.world.cofferdam("doctor", cwd=plant.project, check=1).stdout
    lines = {line.split(":")[0].split()[-1]: line for line in said.splitlines() if " model " in line}
    assert "answers and takes the key" in lines["good"] and lines["good"].startswith("ok")
    assert lines["refused"].startswith("FAIL") and "refused the API key" in lines["refused"]
    assert lines["program"].startswith("ok") and "/bin/sh can be started" in lines["program"]
    assert lines["redirect"].startswith("ok") and "not known" in lines["redirect"]
    assert found_in(said.encode(), CANARIES) == set(), said


def test_a_sandbox_made_anew_by_a_later_service_has_the_token(plant):
    world, ask = plant.world, "RUN curl -sS -m 20 http://127.0.0.1:3129/v1/models -H \"x-api-key: $OPENAI_API_KEY\""
    done = world.cofferdam("run", "--json", "--keep", "--apply", "never", "Please:\nRUN touch new", cwd=plant.project)
    (session,) = {json.loads(line)["sessionId"] for line in done.stdout.splitlines() if '"sessionId"' in line}
    world.stop_service(signal.SIGKILL)
    plant.service.wait()
    plant.start_service()
    restored = world.cofferdam("restore", session, "0", cwd=plant.project)
    assert restored.returncode == 0, restored.stdout + restored.stderr
    said = world.cofferdam("prompt", "--json", "--session", session, "Please:\n" + ask, cwd=plant.project)
    assert "has_more" in said.stdout, said.stdout + said.stderr + world.log()


def test_a_password_in_an_address_is_not_quoted(plant):
    world = plant.world
    models = world.folder / "config" / "cofferdam" / "models.yaml"
    models.write_text("models:\n  m: {provider: openai, model: m, base_url: 'http://me:canary-password-1@h/v1'}\n")
    plant.world.stop_service()
    done = world.cofferdam("run", "x", cwd=plant.project)
    assert done.returncode != 0 and "with no user" in done.stderr + done.stdout
    remote = world.cofferdam("run", "--repository", "https://me:canary-password-1@h/x.git", "x", cwd=plant.project)
    said = done.stdout + done.stderr + remote.stdout + remote.stderr
    models.unlink()
    assert "canary-password" not in said, said
    assert written(world.folder, {"password": "canary-password-1"}) == set()


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: an ordinary user's own process looks the same either way")
def test_no_core_of_the_service_is_written(ordinary):  # noqa: F811
    project = ordinary.folder / "broken-c"
    assert as_ordinary_user(ordinary, "run", "--keep", "--apply", "never", "Fix it", cwd=project).returncode == 0
    (pid,) = ordinary.service_pids()
    assert re.search(r"Max core file size +[01] +[01] ", pathlib.Path(f"/proc/{pid}/limits").read_text())
    # The kernel gives what belongs to a process that must not be dumped to root.
    assert os.stat(f"/proc/{pid}/environ").st_uid == 0
