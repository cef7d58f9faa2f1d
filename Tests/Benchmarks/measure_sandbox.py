"""Measurements of the sandbox and of what it prints."""
import subprocess
import time

from figures import Figure
from harness import Bench, forget_peak, memory, recordings, start, stop
from measure_programs import ANSWER

#: Megabytes are 10⁶ bytes. Half on each stream: a stream is kept up to 64 MiB.
RELAY_BYTES = 100_000_000
LINE = "0123456789abcdef" * 4 + "\n"
#: Seconds in which the files and namespaces of the sandbox before are removed.
PAUSE = 0.05
#: Prints lines at intervals that fall into no step with any timer, each the wall clock when it was printed.
CLOCK_LINES = 1000
CLOCK = f"""
import sys, time
for number in range({CLOCK_LINES}):
    time.sleep(0.003 + number % 7 / 1000)
    sys.stdout.write(f"{{time.time_ns()}}\\n")
    sys.stdout.flush()
"""


def commands(bench: Bench, *calls: dict) -> dict:
    """A model that makes these calls, one an answer, whatever comes of them."""
    turns, expected = [], [recordings.ANY]
    for call in calls:
        turns.append(recordings.turn(expected, call))
        expected = [recordings.result(call["id"])]
    return bench.recording(*turns, recordings.turn(expected, recordings.text("Done.")))


def boot(client, folder, count: int, seconds: float) -> list:
    """Times from agent/start to turnStarted, in ms; at most `count`, and none begun after `seconds`."""
    samples, deadline = [], time.monotonic() + seconds
    while len(samples) < count and (not samples or time.monotonic() < deadline):
        time.sleep(PAUSE)
        begin = time.time_ns()
        session = start(client, folder, "answer")
        *_, (arrival, _) = client.until(session, "turnStarted")
        samples.append((arrival - begin) / 1e6)
        for _ in client.until(session, "turnCompleted"):
            pass
        stop(client, session)
    return samples


def ready(bench: Bench) -> list:
    folder, large = bench.workspace(), bench.new_folder("large")
    for directory in range(500):
        (large / f"d{directory}").mkdir()
        for file in range(100):
            (large / f"d{directory}" / f"f{file}.c").write_text(f"int f{directory}_{file}(void) {{ return {file}; }}\n")
    bare = []
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
               "--tmpfs", "/tmp", "true"]
    with bench.service({"answer": bench.recording(ANSWER)}) as daemon, daemon.web_socket() as client:
        boot(client, folder, 2, 10)
        samples = []
        for _ in range(40):
            # By turns and each after a pause, so that both meet the same machine.
            samples += boot(client, folder, 1, 10)
            time.sleep(PAUSE)
            begin = time.perf_counter_ns()
            subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
            bare.append((time.perf_counter_ns() - begin) / 1e6)
        figure = Figure("sandbox", "agent/start → turnStarted, tiny workspace", "ms", samples)
        base = Figure("sandbox", "for comparison: bare bwrap true", "ms", bare)
        large_samples = boot(client, large, 3, 30)
    copies, deadline = [], time.monotonic() + 15
    while len(copies) < 3 and (not copies or time.monotonic() < deadline):
        begin = time.perf_counter_ns()
        subprocess.run(["cp", "-r", large, bench.new_folder("copy")], check=True)
        copies.append((time.perf_counter_ns() - begin) / 1e6)
    return [
        figure, base,
        Figure("sandbox", "the first over the second, medians", "×", [figure.value / base.value], target=3),
        Figure("sandbox", "agent/start → turnStarted, 50,000 files", "ms", large_samples, target=50,
               note="a copy each time; the number is that of a fork"),
        Figure("sandbox", "for comparison: cp -r of the 50,000 files", "ms", copies),
    ]


def run_true(bench: Bench) -> list:
    calls = [recordings.call(f"c{number}", "run", command=["true", str(number)]) for number in range(50)]
    samples, records = [], []
    folder = bench.workspace()
    with bench.service({"true": commands(bench, *calls)}) as daemon, daemon.web_socket() as client:
        for _ in range(4):
            session = start(client, folder, "true")
            begin, count = {}, 0
            for arrival, params in client.until(session, "turnCompleted"):
                event = params["event"]
                if event["type"] == "toolCallStarted":
                    begin[event["itemId"]] = arrival, params["time"]
                elif event["type"] == "toolCallCompleted":
                    if event["status"] != "completed":
                        raise RuntimeError(f"true failed: {event['text']}")
                    seen, stamped = begin[event["itemId"]]
                    samples.append((arrival - seen) / 1e6)
                    records.append(params["time"] - stamped)
                    count += 1
            if count != len(calls):
                raise RuntimeError(f"{count} of {len(calls)} calls were made: {params['event']['reason']}")
            stop(client, session)
    return [
        Figure("exec", "run `true`: toolCallStarted → toolCallCompleted, as they arrive", "ms", samples),
        Figure("exec", "the same by the events' own times", "ms", records, note="whole milliseconds"),
    ]


def line_latency(bench: Bench) -> list:
    folder = bench.workspace({"clock.py": CLOCK})
    call = recordings.call("clock", "run", command=["python3", "clock.py"])
    samples, held = [], ""
    with bench.service({"clock": commands(bench, call)}) as daemon, daemon.language_server(folder) as editor:
        session = start(editor, folder, "clock")
        for arrival, params in editor.until(session, "turnCompleted"):
            event = params["event"]
            if event["type"] == "outputDelta" and event["stream"] == "stdout":
                *lines, held = (held + event["text"]).split("\n")
                samples += [(arrival - int(line)) / 1e6 for line in lines]
        stop(editor, session)
    if len(samples) != CLOCK_LINES:
        raise RuntimeError(f"{len(samples)} of {CLOCK_LINES} lines arrived")
    name = "line printed in the sandbox → at the editor's stdin"
    return [
        Figure("latency", name, "ms", samples, target=2),
        Figure("latency", name, "ms", samples, target=10, part=0.99, note=f"most {max(samples):.1f} ms"),
    ]


def whole_output(editor, session: str) -> int:
    """Takes in the relayed bytes, every one compared; when the last arrived."""
    half = RELAY_BYTES // 2
    pattern = LINE * 2100  # longer than a chunk and a line
    got, last = {"stdout": 0, "stderr": 0}, 0
    for arrival, params in editor.until(session, "toolCallCompleted"):
        event = params["event"]
        if event["type"] != "outputDelta":
            continue
        text, place = event["text"], event["offset"] % len(LINE)
        if event["offset"] != got[event["stream"]] or text != pattern[place:place + len(text)]:
            raise RuntimeError(f"wrong bytes at {event['offset']} of {event['stream']}")
        got[event["stream"]] += len(text)
        last = arrival
    if got != {"stdout": half, "stderr": half}:
        raise RuntimeError(f"bytes are missing: {got}")
    return last


def relay(bench: Bench) -> list:
    half = RELAY_BYTES // 2
    script = f"yes {LINE.strip()} | head -c {half}; yes {LINE.strip()} | head -c {half} >&2"
    folder = bench.workspace()
    model = commands(bench, recordings.call("big", "shell", script=script))

    def run(reads: bool) -> tuple:
        """(MB/s, peak of the language server, peak of the service)"""
        with bench.service({"big": model}) as daemon, daemon.language_server(folder) as editor:
            session = start(editor, folder, "big")
            *_, (begin, _) = editor.until(session, "toolCallStarted")
            forget_peak(editor.pid)
            forget_peak(daemon.pid)
            if not reads:
                with daemon.web_socket() as other:
                    other.call("agent/attach", {"sessionId": session})
                    for _ in other.until(session, "turnCompleted"):
                        pass
            peaks = memory(editor.pid, "VmHWM"), memory(daemon.pid, "VmHWM")
            last = whole_output(editor, session)
            if reads:
                peaks = memory(editor.pid, "VmHWM"), memory(daemon.pid, "VmHWM")
            stop(editor, session)
            return RELAY_BYTES / 1e6 / ((last - begin) / 1e9), *peaks

    runs, deadline = [], time.monotonic() + 30
    while len(runs) < 5 and (not runs or time.monotonic() < deadline):
        runs.append(run(reads=True))
    speeds, editors, services = zip(*runs)
    _, stalled_editor, stalled_service = run(reads=False)
    return [
        Figure("relay", "100 MB from a command to the editor's stdin", "MB/s", speeds, target=100, more_is_better=True,
               note="every byte compared"),
        Figure("relay", "cofferdam lsp meanwhile, peak", "MiB", editors),
        Figure("relay", "cofferdamd meanwhile, peak", "MiB", services),
        Figure("relay", "cofferdam lsp, editor does not read meanwhile, peak", "MiB", [stalled_editor],
               note="it then gets every byte"),
        Figure("relay", "cofferdamd, editor does not read meanwhile, peak", "MiB", [stalled_service]),
    ]
