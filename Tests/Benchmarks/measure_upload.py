"""Measures the upload of a workspace of 50,000 files, the first time and after ten changed, beside `git push` and `rsync`."""
import pathlib
import subprocess
import threading
import time

from figures import Figure
from harness import Bench, forget_peak, memory
from measure_programs import ANSWER
from measure_snapshots import large_tree, milliseconds

ROUNDS = 3


class Peaks(threading.Thread):
    """The most memory of a process and of those that it starts, looked at until it ends."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.pid, self.own, self.children = pid, 0.0, 0.0

    def run(self):
        while True:
            try:
                self.own = max(self.own, memory(self.pid, "VmHWM"))
                names = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
                for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
                    names += (task / "children").read_text().split()
                for child in set(names):
                    self.children = max(self.children, memory(int(child), "VmHWM"))
            except (OSError, RuntimeError):
                if not pathlib.Path(f"/proc/{self.pid}").exists():
                    return
            time.sleep(0.01)


def git(folder, *arguments) -> None:
    subprocess.run(
        ["git", "-c", "user.name=b", "-c", "user.email=b@b", "-c", "gc.auto=0", *arguments], cwd=folder, check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def upload(bench: Bench) -> list:
    folder = large_tree(bench)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    times = {"first": [], "second": []}
    pushes, copies = {"first": [], "second": []}, {"first": [], "second": []}
    peaks = {"client": [], "helper": [], "service": []}
    for number in range(ROUNDS):
        models = {"answer": bench.recording(ANSWER)}
        bare, target = bench.new_folder("bare"), bench.new_folder("rsync")
        git(bare, "init", "-q", "--bare")
        with bench.service(models) as service:
            for which in ("first", "second"):
                if which == "second":
                    for index in range(10):
                        with (folder / f"d{index}" / "f0.c").open("a") as file:
                            file.write(f"// {number}\n")
                forget_peak(service.pid)
                begin = time.time_ns()
                process = subprocess.Popen(
                    [bench.programs / "cofferdam", "run", "--model", "answer", "--apply", "never", "Go."], cwd=folder,
                    env={**service.environment, "COFFERDAM_UPLOAD": "always"}, stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                watch = Peaks(process.pid)
                watch.start()
                said = ""
                for said in process.stderr:
                    if "uploaded the workspace" in said:
                        break
                else:
                    raise RuntimeError(f"nothing was uploaded: {said}")
                times[which].append(milliseconds(begin))
                peaks["service"].append(memory(service.pid, "VmHWM"))
                process.communicate(timeout=300)
                watch.join()
                peaks["client"].append(watch.own)
                peaks["helper"].append(watch.children)
                begin = time.time_ns()
                if which == "second":
                    git(folder, "commit", "-qam", "next")
                git(folder, "push", "-q", f"file://{bare}", "HEAD:refs/heads/main")
                pushes[which].append(milliseconds(begin))
                begin = time.time_ns()
                subprocess.run(["rsync", "-a", "--exclude", ".git", f"{folder}/", target], check=True)
                copies[which].append(milliseconds(begin))
    figures = []
    for which in ("first", "second"):
        figures.append(Figure("upload", f"50,000 files, the {which} time", "ms", times[which], note="over WebSocket, to the last object"))
        figures.append(Figure("upload", f"git push, the {which} time", "ms", pushes[which], note="with the commit; to a bare repository on disk"))
        figures.append(Figure("upload", f"rsync -a, the {which} time", "ms", copies[which], note="folder to folder"))
    for who, samples in peaks.items():
        figures.append(Figure("upload", f"peak memory of the {who}", "MiB", samples, note="VmHWM, first and second time"))
    return figures
