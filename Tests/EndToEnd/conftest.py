"""Fixtures: every test has a service, a state directory and a copy of the broken program of its own."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import sysconfig
import time

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
FIXTURES = HERE / "fixtures"
BIN = pathlib.Path(os.environ.get("COFFERDAM_BIN", ROOT / ".build" / "debug"))
DEADLINE = 240  # seconds; a bound for what hangs, not a measure


class World:
    """The environment of one test: programs started in it share one embedded service."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.environment = {
            key: value for key, value in os.environ.items()
            if not key.startswith(("COFFERDAM", "ANTHROPIC", "OPENAI", "XDG_", "GIT_"))
        }
        for name in ("run", "state", "config", "home"):
            (folder / name).mkdir(mode=0o700)
        self.environment.update(
            XDG_RUNTIME_DIR=str(folder / "run"), XDG_STATE_HOME=str(folder / "state"),
            XDG_CONFIG_HOME=str(folder / "config"), HOME=str(folder / "home"), LC_ALL="C.UTF-8",
            GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")

    def replay(self, recording) -> "World":
        path = recording if isinstance(recording, pathlib.Path) else FIXTURES / "recordings" / f"{recording}.json"
        self.environment["COFFERDAM_MODEL"] = f"replay:{path}"
        return self

    def project(self, name: str) -> pathlib.Path:
        target = self.folder / name
        shutil.copytree(FIXTURES / name, target)
        return target

    def cofferdam(self, *arguments, cwd, check=None, **options) -> subprocess.CompletedProcess:
        result = subprocess.run(
            [BIN / "cofferdam", *arguments], cwd=cwd, env=self.environment, capture_output=True, text=True,
            timeout=options.pop("timeout", DEADLINE), stdin=subprocess.DEVNULL, **options)
        if check is not None:
            assert result.returncode == check, result.stdout + result.stderr
        return result

    def start(self, *arguments, cwd, **options) -> subprocess.Popen:
        return subprocess.Popen([str(part) for part in arguments], cwd=cwd, env=self.environment, **options)

    def service_pids(self) -> list:
        wanted = f"--runtime-directory\0{self.folder}/run/".encode()
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if wanted in (entry / "cmdline").read_bytes():
                        found.append(int(entry.name))
                except OSError:
                    pass
        return found

    def stop_service(self, number=signal.SIGTERM) -> None:
        for pid in self.service_pids():
            os.kill(pid, number)
        wait_for(lambda: not self.service_pids(), "the service to end")

    @property
    def socket(self) -> str:
        return str(self.folder / "run" / "cofferdam" / "service.sock")

    @property
    def token(self) -> str:
        return (self.folder / "run" / "cofferdam" / "token").read_text().strip().split(":")[-1]

    def log(self) -> str:
        path = self.folder / "state" / "cofferdam" / "cofferdamd.log"
        return path.read_text() if path.exists() else "(no log)"


def wait_for(condition, what: str, seconds: float = 30):
    """Polls a condition that has no event to wait for; fails when it does not come true."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


@pytest.fixture
def world(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("w")
    made = World(folder)
    yield made
    made.stop_service()
    report = getattr(request.node, "report_call", None)
    if report is not None and report.failed:
        print("service log:\n" + made.log()[-6000:], file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.report_call = outcome.get_result()


def newer_neovim() -> str:
    return str(pathlib.Path(sysconfig.get_path("scripts")) / "nvim")
