"""Measurements of forks, ways back, starts on a known folder, and sandboxes that wait."""
import pathlib
import subprocess
import time

from figures import Figure
from harness import Bench, descendants_memory, recordings, settled, start, stop
from measure_programs import ANSWER
from measure_sandbox import PAUSE, commands

SESSIONS = 10


def large_tree(bench: Bench) -> pathlib.Path:
    large = bench.new_folder("large")
    for directory in range(500):
        (large / f"d{directory}").mkdir()
        for file in range(100):
            (large / f"d{directory}" / f"f{file}.c").write_text(f"int f{directory}_{file}(void) {{ return {file}; }}\n")
    return large


def until_state(client, session: str, *states: str) -> int:
    """When the session said that it is in one of these states."""
    for arrival, params in client.events():
        event = params["event"]
        if params["sessionId"] == session and event["type"] == "sessionStatus":
            if event["state"] in states:
                return arrival
            if event["state"] == "failed":
                raise RuntimeError(event.get("reason"))
    raise RuntimeError("the service is gone")


def milliseconds(begin: int) -> float:
    return (time.time_ns() - begin) / 1e6


def fork(bench: Bench) -> list:
    """Of a session on 50,000 files that changed ten of them, and by turns with `cp -a` of the same tree."""
    large = large_tree(bench)
    change = recordings.call("c1", "run", command=["sh", "-c", "for d in 0 1 2 3 4 5 6 7 8 9; do echo x >> d$d/f0.c; done"])
    forks, restores, copies = [], [], []
    with bench.service({"change": commands(bench, change)}) as daemon, daemon.web_socket() as client:
        session = start(client, large, "change")
        until_state(client, session, "idle")
        for number in range(20):
            time.sleep(PAUSE)
            begin = time.time_ns()
            child = client.call("agent/fork", {"sessionId": session})["sessionId"]
            client.call("agent/attach", {"sessionId": child})
            forks.append((until_state(client, child, "idle") - begin) / 1e6)
            stop(client, child)
            if number < 3:
                target = bench.new_folder("copy")
                begin = time.time_ns()
                subprocess.run(["cp", "-a", f"{large}/.", target], check=True)
                copies.append(milliseconds(begin))
        for number in range(10):
            time.sleep(PAUSE)
            begin = time.time_ns()
            client.call("agent/restore", {"sessionId": session, "step": number % 2})
            restores.append(milliseconds(begin))
        stop(client, session)
    return [
        Figure("fork", "agent/fork → ready, 50,000 files, ten changed", "ms", forks, target=50),
        Figure("fork", "for comparison: cp -a of the 50,000 files", "ms", copies),
        Figure("fork", "agent/restore, the same session", "ms", restores),
    ]


def warm(bench: Bench) -> list:
    """Starts on 50,000 files and on few: the first, one on a known folder, and one for which a sandbox waits."""
    large, small = large_tree(bench), bench.workspace()

    def first_answer(client, folder) -> float:
        begin = time.time_ns()
        session = start(client, folder, "answer")
        *_, (arrival, _) = client.until(session, "turnStarted")
        for _ in client.until(session, "turnCompleted"):
            pass
        stop(client, session)
        return (arrival - begin) / 1e6

    figures = []
    for name, folder, count in (("50,000 files", large, 8), ("a few files", small, 20)):
        cold, known, waiting = [], [], []
        model = {"answer": bench.recording(ANSWER)}
        for _ in range(2 if folder is large else 5):
            with bench.service(model) as daemon, daemon.web_socket() as client:
                cold.append(first_answer(client, folder))
                for _ in range(count // 4):
                    time.sleep(PAUSE)
                    known.append(first_answer(client, folder))
        pool = "warmPool: {memory: 64 MiB, disk: 8 GiB}\n"
        with bench.service(model, pool) as daemon, daemon.web_socket() as client:
            first_answer(client, folder)
            for _ in range(count):
                # Until the next sandbox waits.
                time.sleep(2 if folder is large else 0.3)
                waiting.append(first_answer(client, folder))
        figures += [
            Figure("warm", f"agent/start → turnStarted, {name}, the first", "ms", cold),
            Figure("warm", f"the same, the folder did not change since", "ms", known),
            Figure("warm", f"the same, a sandbox waits", "ms", waiting),
        ]
    return figures


def idle(bench: Bench) -> list:
    """Memory of sandboxes in which nothing runs: all processes of each, shared pages counted in parts."""
    with bench.service({"answer": bench.recording(ANSWER)}) as daemon, daemon.web_socket() as client:
        sessions, samples = [], []
        for _ in range(SESSIONS):
            sessions.append(start(client, bench.workspace(), "answer"))
            until_state(client, sessions[-1], "idle")
            samples.append(settled(lambda: descendants_memory(daemon.pid), 0.3) / len(sessions))
        for session in sessions:
            stop(client, session)
    return [
        Figure("idle", f"memory of one idle sandbox, {SESSIONS} beside each other", "MiB", samples[-1:], note="PSS"),
        Figure("idle", "the only one", "MiB", samples[:1], note="PSS"),
    ]
