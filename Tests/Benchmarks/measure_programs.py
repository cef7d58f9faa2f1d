"""Measurements of single programs: start, memory, JSON, the WebSocket round trip."""
import json
import os
import subprocess
import time

from clients import frame, initialize_parameters
from figures import Figure
from harness import Bench, memory, recordings, settled, start, stop

ANSWER = recordings.turn([recordings.ANY], recordings.text("Done."))


def start_up(bench: Bench) -> list:
    folder = bench.workspace()
    environment = bench.environment(bench.new_folder("home"))
    message = frame(json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize_parameters(folder)}).encode())
    replies, spawns = [], []
    for _ in range(50):
        begin = time.perf_counter_ns()
        process = subprocess.Popen(
            [bench.programs / "cofferdam", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, bufsize=0, env=environment, cwd=folder)
        os.write(process.stdin.fileno(), message)
        os.read(process.stdout.fileno(), 1)
        replies.append((time.perf_counter_ns() - begin) / 1e6)
        process.stdin.close()
        process.stdout.close()
        process.wait()
        begin = time.perf_counter_ns()
        subprocess.run(["/bin/true"], stdin=subprocess.DEVNULL, env=environment, cwd=folder, check=True)
        spawns.append((time.perf_counter_ns() - begin) / 1e6)
    return [
        Figure("start", "cofferdam lsp: process start → first byte of initialize reply", "ms", replies, target=15),
        Figure("start", "for comparison: /bin/true, start → end", "ms", spawns),
    ]


def idle_memory(bench: Bench) -> list:
    folder = bench.workspace()
    server, service, server_live, service_live = [], [], [], []
    for _ in range(5):
        with bench.service({"answer": bench.recording(ANSWER)}) as daemon:
            with daemon.language_server(folder) as editor:
                server.append(settled(lambda: memory(editor.pid)))
                service.append(memory(daemon.pid))
                session = start(editor, folder, "answer")
                for _ in editor.until(session, "turnCompleted"):
                    pass
                server_live.append(settled(lambda: memory(editor.pid)))
                service_live.append(memory(daemon.pid))
                stop(editor, session)
    return [
        Figure("memory", "cofferdam lsp, idle after initialized", "MiB", server, target=15),
        Figure("memory", "cofferdam lsp, one live session", "MiB", server_live),
        Figure("memory", "cofferdamd, idle", "MiB", service),
        Figure("memory", "cofferdamd, one live session", "MiB", service_live),
    ]


def json_throughput(bench: Bench) -> list:
    output = subprocess.run([bench.programs / "cofferdam-benchmarks"], stdout=subprocess.PIPE, check=True).stdout
    figures = []
    for result in json.loads(output)["results"]:
        size = result["bytes"]
        size = f"{size} B" if size < 1000 else f"{size / 1000:.0f} KB"
        figures.append(Figure(
            "JSON", f"{result['operation']}, {size} {result['payload']}", "MB/s", result["megabytesPerSecond"]))
    return figures


def model_streams(bench: Bench) -> list:
    output = subprocess.run(
        [bench.programs / "cofferdam-benchmarks", "models"], stdout=subprocess.PIPE, check=True).stdout
    return [
        Figure("model streams", f"{result['payload']}, {result['bytes'] / 1000:.0f} KB", "MB/s",
               result["megabytesPerSecond"])
        for result in json.loads(output)["results"]
    ]


def round_trip(bench: Bench) -> list:
    folder = bench.workspace()
    figures = []
    with bench.service({"answer": bench.recording(ANSWER)}) as daemon:
        with daemon.web_socket() as client:
            session = start(client, folder, "answer")
            for _ in client.until(session, "turnCompleted"):
                pass
            stop(client, session)
        for name, tcp in (("unix socket", False), ("TCP", True)):
            with daemon.web_socket(tcp) as client:
                samples = []
                for number in range(2200):
                    begin = time.perf_counter_ns()
                    client.call("agent/list", {"limit": 1})
                    if number >= 200:
                        samples.append((time.perf_counter_ns() - begin) / 1e3)
                figures.append(Figure(
                    "WebSocket", f"agent/list of one session, {name}", "µs", samples, note="client: a raw socket in Python"))
    return figures
