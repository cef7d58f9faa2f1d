"""Runs every case of the escape suite twice: on a plain `sh -c`, where it must bite, and in a sandbox, where it must not.

Both see the same surroundings: the user's project, a home full of secrets, a process of the same user, a network with
hosts that answer, the sockets of daemons, descriptors that a careless program left open.
"""
import contextlib
import csv
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import websockets.sync.client

import recordings
from conftest import BIN

HERE = pathlib.Path(__file__).parent
ORDINARY_USER = 65532  # no account, no group, nothing of its own
PATIENCE = 120  # seconds; a bound for what hangs
CALLS_PER_ANSWER = 24  # at a time: each may be a Python of 7 MB, and together they have 256 MiB
BOMBS = "resources"  # the class whose attacks run one by one, in a session of their own
CHANGING = {"files", "git", "persistence", "terminal"}  # classes whose attacks change the project
LEAKED_DIRECTORY, LEAKED_FILE = 198, 199  # descriptors that the service and the plain shell inherit

LIMITS = """
limits:
  memory: 256 MiB
  processes: 160
  openFiles: 256
  fileSize: 32 MiB
  workspace: 96 MiB
  workspaceFiles: 3000
  temporary: 32 MiB
  output: 1 MiB
"""


#: What the attacks on the gateway try to get past.
EGRESS = """
egress:
  rules:
    - http://allowed.test
    - https://allowed.test
    - {{rule: "https://api.test/v1 GET", caFile: {root}/site.pem}}
    - http://private.test
    - http://metadata.test
    - http://mapped.test
    - http://loopback.test
    - http://rebind.test
  hosts: {{mapped.test: ["::ffff:10.99.0.1"]}}
"""


@dataclasses.dataclass(frozen=True)
class Case:
    id: str
    kind: str      # its class: the name of its file
    attack: str    # in words
    origin: str    # row of the collection of attacks, advisory or project that it comes from
    # root: bites with root's rights only; world: needs a network of its own (root makes it); session: of its own;
    # program: a test of its own
    needs: frozenset
    do: str        # the attack; prints BITE when it got through
    after: str     # run outside once the result is applied; prints BITE when the attack had an effect there
    seen: str      # regular expression of what the attack prints when it is stopped
    seconds: int   # limit of the command, 0 for the usual one


def cases() -> list:
    found = []
    for path in sorted((HERE / "cases").glob("*.tsv")):
        with path.open(newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                found.append(Case(
                    id=row["id"], kind=path.stem, attack=row["attack"], origin=row["origin"],
                    needs=frozenset(filter(None, (row["needs"] or "").split(","))), do=row["do"],
                    after=row["after"] or "", seen=row["seen"] or "", seconds=int(row["seconds"] or 0)))
    assert len({case.id for case in found}) == len(found), "two cases of one name"
    return found


@dataclasses.dataclass
class Outcome:
    outside: str = ""       # what the attack printed on a plain shell
    after_outside: str = ""
    inside: str = ""        # what it printed in the sandbox
    after_inside: str = ""
    victim: str = ""        # what became of the victim's files meanwhile; empty for nothing
    leaked: bool = False    # a secret went to the client


def on_terminal(command: list, **options) -> tuple:
    """What a program shows on a terminal, without the colours that are its own, and its exit code."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, **options)
    os.close(theirs)
    parts = []
    with contextlib.suppress(OSError):  # the end of a terminal is an error
        while part := os.read(ours, 1 << 16):
            parts.append(part)
    os.close(ours)
    process.wait(timeout=PATIENCE)
    text = re.sub(r"\x1b\[[0-9;]*m", "", b"".join(parts).decode(errors="replace")).replace("\r\n", "\n")
    return text, process.returncode


class Campaign:
    """All cases as one identity. `isRoot`: the service and the plain shell are root, else an ordinary user."""

    def __init__(self, identity: str):
        self.is_root = identity == "root"
        self.has_world = os.geteuid() == 0
        self.user = 0 if self.is_root else ORDINARY_USER if self.has_world else os.geteuid()
        # Not beneath /tmp, of which a sandbox has one of its own.
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="cofferdam-escape-", dir="/var/tmp"))
        self.root.chmod(0o755)
        self.canary = "CANARY-" + secrets.token_hex(16)
        self.outcomes = {case.id: Outcome() for case in cases() if not self.objection(case)}
        self.service = self.world = self.victim = None
        self.init = 0
        self.notes: dict = {}
        self.flood: dict = {}  # bytes that each attack printed
        self.shown: dict = {}  # what the command line tool shows on a terminal
        self.codes: dict = {}  # how it ended
        self.requests = 0

    def objection(self, case: Case) -> str:
        """Why a case cannot bite here, whatever the sandbox does, or is not run here."""
        if "program" in case.needs:
            return "a test of its own: test_races.py"
        if "root" in case.needs and not self.is_root:
            return "on a plain shell only root gets through with it"
        if "world" in case.needs and not self.has_world:
            return "only root can make the network and the system files that it needs"
        return ""

    @property
    def running(self) -> list:
        return [case for case in cases() if case.id in self.outcomes]

    # Surroundings.

    def prepare(self) -> None:
        subprocess.run(
            ["gcc", "-O1", "-w", "-o", self.root / "probe", HERE / "probe.c", "-lrt", "-pthread"], check=True)
        for name in ("cofferdam", "cofferdamd", "cofferdam-supervisor"):
            target = self.root / "bin" / name
            target.parent.mkdir(exist_ok=True)
            shutil.copy2(BIN / name, target)
        # By its name it is told from whatever has the same number in a sandbox.
        shutil.copy2(shutil.which("sleep"), self.root / "bin" / "neighbour")
        for place in ("outside", "inside"):
            self.lay_out(self.root / place)
        for name in ("home", "state/other/journal", "config/cofferdam", "run"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / "state" / "other" / "journal" / "1.exit").write_text("a record\n")
        if self.has_world:
            subprocess.run(["chown", "-R", f"{self.user}:{self.user}", self.root], check=True)
        if self.has_world:
            self.certify()
            self.start_world()
        self.token = secrets.token_hex(32)
        self.tokens = self.root / "run" / "tokens"
        self.tokens.write_text(self.token + "\n")
        self.tokens.chmod(0o600)
        self.give(self.root)
        self.victim, number = self.neighbour(self.canary, 600)
        self.notes.update(VICTIM=number, **self.namespaces())

    def neighbour(self, secret: str, seconds: int):
        """Another process of the same user that holds secrets and open files; and its number in the world."""
        with self.open_leaks("outside") as pass_fds:
            process = subprocess.Popen(
                self.entered(["env", f"TOKEN={secret}", "sh", "-c", f"echo $$; exec {self.root}/bin/neighbour {seconds} >/dev/null"]),
                pass_fds=pass_fds, env=self.environment("outside"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        number = process.stdout.readline().decode().strip()
        process.stdout.close()
        return process, number

    def lay_out(self, place: pathlib.Path) -> None:
        """The user's project (a repository), the home and each case's victim."""
        project, home = place / "project", place / "home"
        project.mkdir(parents=True)
        shutil.copy2(self.root / "probe", project / "probe")
        shutil.copy2(HERE / "gateway.py", project)
        for name, text in {"src/main.c": "int main(void) { return 0; }\n", "stats.c": "int x;\n"}.items():
            (project / name).parent.mkdir(exist_ok=True)
            (project / name).write_text(text)
        (project / "ESC-BINARY\x1b[2Jend").write_bytes(b"x\0y")
        git = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        for line in ("init -q -b main --template=", "config user.name Test", "config user.email test@example.test", "add .",
                     "commit -q -m one"):
            subprocess.run(["git", "-C", project, *line.split()], check=True, env=git)
        for name in (".ssh/id_rsa", ".aws/credentials", ".netrc", ".config/gh/hosts.yml", ".docker/config.json",
                     ".npmrc", ".git-credentials", ".config/cofferdam/token", ".kube/config", ".pypirc",
                     ".gnupg/private.key", ".bash_history"):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(self.canary + "\n")
        for case in self.running:
            victim = place / "victim" / case.id
            victim.mkdir(parents=True)
            (victim / "secret").write_text(self.canary + "\n")
            (victim / "file").write_text("untouched\n")

    def certify(self) -> None:
        """Of the site that the world has."""
        key, certificate = self.root / "site.key", self.root / "site.crt"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/O=Site", "-addext", "subjectAltName=DNS:allowed.test,DNS:api.test", "-keyout", key, "-out",
             certificate], check=True, capture_output=True)
        (self.root / "site.pem").write_text(key.read_text() + certificate.read_text())

    def start_world(self) -> None:
        self.world = subprocess.Popen(
            ["unshare", "--net", "--mount", "--ipc", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc",
             "--propagation", "private", sys.executable, HERE / "world.py", self.root, self.canary],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.world.stdout.readline() == b"ready\n", "the world did not come to be"
        children = pathlib.Path(f"/proc/{self.world.pid}/task/{self.world.pid}/children").read_text().split()
        self.init = int(children[0])

    def entered(self, command: list) -> list:
        """A command in the world, as the user."""
        words = [str(word) for word in command]
        if not self.has_world:
            return words
        drop = [] if self.is_root else [
            "setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "--inh-caps=-all"]
        return ["nsenter", f"--target={self.init}", "--mount", "--uts", "--ipc", "--net", "--pid", "--", *drop, *words]

    def environment(self, place: str) -> dict:
        home = self.root / place / "home"
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(self.root / "run"), "XDG_STATE_HOME": str(self.root / "state"),
            "XDG_CONFIG_HOME": str(self.root / "config"), "AWS_SECRET_ACCESS_KEY": self.canary,
            "GITHUB_TOKEN": self.canary, "SSH_AUTH_SOCK": str(self.root / "agent.sock"),
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_TEMPLATE_DIR": "", "GIT_TERMINAL_PROMPT": "0"}

    def namespaces(self) -> dict:
        names = ("user", "mnt", "pid", "ipc", "uts", "net", "cgroup")
        script = "".join(f"readlink /proc/self/ns/{name};" for name in names)
        lines = subprocess.run(
            self.entered(["sh", "-c", script]), capture_output=True, text=True, check=True).stdout.split()
        return {f"NS_{name}": line for name, line in zip(names, lines)}

    @contextlib.contextmanager
    def open_leaks(self, place: str):
        """Descriptors without close-on-exec, as a careless library leaves them."""
        paths = {LEAKED_DIRECTORY: self.root / place / "victim", LEAKED_FILE: self.root / place / "home" / ".netrc"}
        for number, path in paths.items():
            descriptor = os.open(path, os.O_RDONLY)
            os.dup2(descriptor, number, inheritable=True)
            os.close(descriptor)
        try:
            yield list(paths)
        finally:
            for number in paths:
                os.close(number)

    def script(self, case: Case, place: pathlib.Path, text: str, **more) -> str:
        """The attack as it is run, with where everything is."""
        values = {
            "ID": case.id, "W": place / "project", "V": place / "victim" / case.id, "H": place / "home",
            "P": place / "project" / "probe", "STATE": self.root / "state", "ROOT": self.root,
            "LINGER": 5 if place.name == "inside" else 0, **self.notes, **more}
        lines = "; ".join(f"{name}='{value}'" for name, value in values.items())
        return f"{lines}; cd \"$W\"; exec 2>&1\n{text}"

    # Outside.

    def run_outside(self) -> None:
        environment = self.environment("outside")
        project = self.root / "outside" / "project"
        fresh = self.root / "outside" / "fresh"
        shutil.copytree(project, fresh, symlinks=True)
        self.give(fresh)
        for case in self.running:
            place = self.root / "outside"
            outcome = self.outcomes[case.id]
            guard = None
            more = {}
            if case.kind == "supervisor":
                guard, more["SUP"] = self.neighbour(self.canary, 60)
            with self.open_leaks("outside") as pass_fds:
                outcome.outside = self.shell(
                    case, self.script(case, place, case.do, **more), environment, pass_fds,
                    alone=case.id.startswith("call-"))
            if case.after:
                outcome.after_outside = self.shell(case, self.script(case, place, case.after), environment, [])
            if guard:
                guard.kill()
                guard.wait()
            if case.kind not in CHANGING:
                continue
            # Each starts from the same project.
            for made in place.glob("project*"):
                shutil.rmtree(made)
            shutil.copytree(fresh, project, symlinks=True)
            self.give(project)

    def give(self, folder: pathlib.Path) -> None:
        if self.has_world and not self.is_root:
            subprocess.run(["chown", "-R", f"{self.user}:{self.user}", folder], check=True)

    def shell(self, case: Case, script: str, environment: dict, pass_fds: list, alone: bool = False) -> str:
        command = ["/bin/sh", "-c", script]
        if alone and self.is_root:
            command = ["unshare", "--mount", "--uts", "--net", "--pid", "--fork", "--mount-proc", "--propagation",
                       "private", *command]
        process = subprocess.Popen(
            self.entered(command), env=environment, pass_fds=pass_fds, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            output = process.communicate(timeout=case.seconds or PATIENCE)[0]
        except subprocess.TimeoutExpired:
            # What a plain shell does about it: it asks the process to end, and it need not.
            os.killpg(process.pid, signal.SIGTERM)
            try:
                output = process.communicate(timeout=1)[0] + b"\nended by SIGTERM"
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                output = process.communicate()[0] + b"\nBITE: it goes on"
        return output[-20000:].decode(errors="replace") + (f"\nBITE: {len(output)} bytes" if len(output) > 50_000_000 else "")

    # Inside.

    def run_inside(self) -> None:
        place = self.root / "inside"
        before = {case.id: self.digest(place / "victim" / case.id) for case in self.running}
        def call(case):
            more = {"timeout_seconds": case.seconds} if case.seconds else {}
            return recordings.call(case.id, "shell", script=self.script(case, place, case.do, SUP=1), **more)
        alone = {case.id: [[call(case)]] for case in self.running if "session" in case.needs}
        bombs = [[call(case)] for case in self.running if case.kind == BOMBS and case.id not in alone]
        calls = [call(case) for case in self.running if case.kind != BOMBS]
        attacks = [calls[at:at + CALLS_PER_ANSWER] for at in range(0, len(calls), CALLS_PER_ANSWER)]
        self.start_service({"bombs": bombs, "attacks": attacks, **alone})
        self.connect()
        for model in ("bombs", *alone):
            self.request("agent/stop", sessionId=self.play(place / "project", model, may_fail=model in alone))
        session = self.play(place / "project", "attacks")
        self.apply(session, place / "project")
        environment = self.environment("inside")
        for case in self.running:
            if case.after:
                self.outcomes[case.id].after_inside = self.shell(
                    case, self.script(case, place, case.after), environment, [])
        for case in self.running:
            after = self.digest(place / "victim" / case.id)
            if after != before[case.id]:
                self.outcomes[case.id].victim = f"{before[case.id]} became {after}"

    @staticmethod
    def digest(folder: pathlib.Path) -> str:
        parts = []
        for path in sorted(folder.rglob("*")):
            status = path.lstat()
            data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            parts.append(f"{path.name} {status.st_mode:o} {status.st_uid} {hashlib.sha256(data).hexdigest()[:12]}")
        return ", ".join(parts)

    def start_service(self, models: dict) -> None:
        """`models`: for each its answers, each a list of calls. The calls of one answer run side by side."""
        described = {}
        for name, answers in models.items():
            turns, expected = [], [recordings.ANY]
            for calls in answers:
                turns.append(recordings.turn(expected, *calls))
                expected = [recordings.result(call["id"]) | {"isError": None} for call in calls]
            turns.append(recordings.turn(expected, recordings.text("Done.")))
            file = recordings.write(self.root / "config" / f"{name}.json", *turns)
            described[name] = {"provider": "replay", "file": str(file)}
        models = {"models": described}
        (self.root / "config" / "models.yaml").write_text(json.dumps(models))
        (self.root / "config" / "service.yaml").write_text(LIMITS + EGRESS.format(root=self.root))
        self.give(self.root)
        self.socket = self.root / "run" / "service.sock"
        read, write = os.pipe()
        self.log = (self.root / "service.log").open("wb")
        with self.open_leaks("inside") as pass_fds:
            self.service = subprocess.Popen(
                self.entered([
                    self.root / "bin" / "cofferdamd", "--socket", self.socket, "--token-file", self.tokens,
                    "--state-directory", self.root / "state", "--models", self.root / "config" / "models.yaml",
                    *self.configuration(), "--ready-fd", str(write), "--drain-grace", "0"]),
                env=self.environment("inside"), pass_fds=[write, *pass_fds], stdin=subprocess.DEVNULL, stdout=self.log,
                stderr=self.log)
        os.close(write)
        with os.fdopen(read, "rb") as ready:
            assert ready.readline(), "the service did not start: " + (self.root / "service.log").read_text()

    def configuration(self) -> list:
        return ["--config", self.root / "config" / "service.yaml"]

    def connect(self) -> None:
        self.client = websockets.sync.client.unix_connect(
            str(self.socket), "ws://localhost/v1/rpc", compression=None, max_size=None, legacy=True,
            additional_headers={"Authorization": f"Bearer {self.token}"})
        self.request("initialize", protocolVersion=1, clientInfo={"name": "escape", "version": "1"},
                     capabilities={"approve": False})

    def request(self, method: str, **params) -> dict:
        self.requests += 1
        self.client.send(json.dumps({"jsonrpc": "2.0", "id": self.requests, "method": method, "params": params}))
        while True:
            message = json.loads(self.client.recv(timeout=PATIENCE))
            if message.get("id") == self.requests and "method" not in message:
                assert "result" in message, message
                return message["result"]

    def play(self, project: pathlib.Path, model: str, may_fail: bool = False) -> str:
        """Runs a session to the end of its turn and takes down what each attack printed."""
        session = self.request("agent/start", prompt="Go.", workspaceFolder=str(project), model=model)["sessionId"]
        self.request("agent/attach", sessionId=session)
        items = {}
        while True:
            message = json.loads(self.client.recv(timeout=PATIENCE))
            params = message.get("params", {})
            event = params.get("event")
            if event is None or params["sessionId"] != session:
                continue
            self.take(event, items, json.dumps(message))
            if event["type"] == "turnCompleted":
                assert may_fail or event["outcome"] != "failed", event["reason"]
                return session
            assert may_fail or event["type"] != "sessionStatus" or event["state"] != "failed", event["reason"]

    def take(self, event: dict, items: dict, text: str) -> None:
        item = event.get("itemId")
        if event["type"] == "toolCallStarted":
            found = re.search(r"ID='([^']*)'", text)
            if found:
                items[item] = found.group(1)
        case = items.get(item)
        if case is None:
            return
        outcome = self.outcomes[case]
        if self.canary in text:
            outcome.leaked = True
        if event["type"] == "outputDelta":
            self.flood[case] = self.flood.get(case, 0) + len(event["text"])
            outcome.inside = (outcome.inside + event["text"])[-20000:]
        elif event["type"] == "toolCallCompleted":
            outcome.inside += "\n" + event.get("text", "")[-20000:]

    def apply(self, session: str, project: pathlib.Path) -> None:
        """As the user would, everything that is applied without looking at it."""
        environment = self.environment("inside") | {
            "COFFERDAM_SERVICE_URL": f"unix:{self.socket}", "COFFERDAM_TOKEN_FILE": str(self.tokens)}
        for name in ("attach", "diff", "apply"):
            command = self.entered([self.root / "bin" / "cofferdam", name, session])
            self.shown[name], self.codes[name] = on_terminal(command, cwd=project, env=environment)
        self.request("agent/stop", sessionId=session)

    def close(self) -> None:
        for process in (self.service, self.victim):
            if process is not None and process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=PATIENCE)
        if self.world is not None:
            # With its first process everything in it ends.
            self.world.stdin.close()
            self.world.wait(timeout=PATIENCE)
        subprocess.run(["chmod", "-R", "u+rwX", self.root], check=False)
        shutil.rmtree(self.root, ignore_errors=True)
