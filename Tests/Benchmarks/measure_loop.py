"""Measurements of the agent loop and of many sessions."""
import time

from figures import Figure
from harness import HERE, Bench, descendants_memory, forget_peak, gaps, memory, model_server, recordings, settled, start, stop

TURNS = 20
#: Prompts of a long session, one call each.
LONG_TURNS = 200
#: The recorded answer is cut into pieces of 12 characters, one event each.
EVENTS = 100_000
PIECE = "0123456789a\n"


def endless(server: str, calls: int) -> dict:
    return {"provider": "openai", "model": f"calls-{calls}", "base_url": f"{server}/v1"}


def overhead(bench: Bench) -> list:
    folder = bench.workspace()
    first, last, everything = [], [], []
    with model_server() as server, bench.service({"loop": endless(server, TURNS)}) as daemon:
        with daemon.web_socket() as client:
            for number in range(21):
                session = start(client, folder, "loop")
                *_, (_, params) = client.until(session, "turnCompleted")
                if params["event"]["steps"] != TURNS + 1:
                    raise RuntimeError(f"the turn ended early: {params['event']['reason']}")
                stop(client, session)
                found = {answer: nanoseconds / 1e6 for answer, nanoseconds in gaps(server)}
                if number > 0:  # the first warms up
                    first.append(found[1])
                    last.append(found[TURNS])
                    everything += found.values()
    return [
        Figure("loop", "model's last byte → next request's first, turn 1", "ms", first, target=3, note="tool: read one line"),
        Figure("loop", f"the same, turn {TURNS}", "ms", last, target=3),
        Figure("loop", "the same, all turns", "ms", everything, target=3, part=0.9),
    ]


def providers(server: str) -> dict:
    """The zero-latency model, as each provider reaches it."""
    key = {"api_key_env": "BENCH_KEY"}
    made = {
        "anthropic": {"base_url": server}, "openai": {"base_url": f"{server}/v1"},
        "openai-responses": {"base_url": f"{server}/v1"}, "gemini": {"base_url": f"{server}/v1beta"},
        "bedrock": {"base_url": server, "region": "us-east-1"},
    }
    models = {name: {"provider": name, "model": "turns", **key, **entry} for name, entry in made.items()}
    models["command"] = {"provider": "command", "command": [str(HERE / "model_command.sh")]}
    return models


def long_sessions(bench: Bench) -> list:
    """A session of many turns with each provider: a prompt, a call, its result, the end."""
    folder = bench.workspace()
    figures = []
    with model_server() as server:
        for name, model in providers(server).items():
            with bench.service({name: model}) as daemon, daemon.web_socket() as client:
                session = start(client, folder, name)
                for _ in client.until(session, "turnCompleted"):
                    pass
                gaps(server)
                before = settled(lambda: memory(daemon.pid))
                walls = []
                for _ in range(LONG_TURNS):
                    begin = time.perf_counter()
                    client.call("agent/prompt", {"sessionId": session, "text": "Go on."})
                    *_, (_, params) = client.until(session, "turnCompleted")
                    if params["event"]["steps"] != 2:
                        raise RuntimeError(f"{name}: a turn ended early: {params['event']['reason']}")
                    walls.append((time.perf_counter() - begin) * 1e3)
                after = settled(lambda: memory(daemon.pid))
                overheads = [nanoseconds / 1e6 for _, nanoseconds in gaps(server)]
                stop(client, session)
            group = f"{name}, {LONG_TURNS} turns"
            if overheads:
                figures += [
                    Figure(group, "model's last byte → next request's first, turns 1–20", "ms", overheads[:20], target=3),
                    Figure(group, f"the same, turns {LONG_TURNS - 19}–{LONG_TURNS}", "ms", overheads[-20:]),
                ]
            figures += [
                Figure(group, "agent/prompt → turnCompleted, two answers", "ms", walls),
                Figure(group, "cofferdamd, what the turns added", "MiB", [after - before]),
            ]
    return figures


def many(bench: Bench, count: int, client, daemon, folder) -> tuple:
    """(seconds until all turns ended, MiB before, MiB after, peak MiB, MiB of the sandboxes)"""
    before = settled(lambda: memory(daemon.pid))
    forget_peak(daemon.pid)
    begin = time.perf_counter()
    requests = [
        client.send("agent/start", {"prompt": "Go.", "workspaceFolder": str(folder), "model": "loop"})
        for _ in range(count)]
    sessions = [client.reply(request)["sessionId"] for request in requests]
    for request in [client.send("agent/attach", {"sessionId": session}) for session in sessions]:
        client.reply(request)
    open_turns = set(sessions)
    for _, params in client.events():
        event = params["event"]
        if event["type"] == "turnCompleted":
            if event["outcome"] != "answered":
                raise RuntimeError(f"a turn ended as {event['outcome']}: {event['reason']}")
            open_turns.discard(params["sessionId"])
        elif event["type"] == "sessionStatus" and event["state"] in ("stopped", "failed"):
            raise RuntimeError(f"a session ended: {event.get('reason')}")
        if not open_turns:
            break
    seconds = time.perf_counter() - begin
    after = settled(lambda: memory(daemon.pid))
    peak, sandboxes = memory(daemon.pid, "VmHWM"), descendants_memory(daemon.pid)
    for session in sessions:
        client.call("agent/stop", {"sessionId": session})
    ended = set()
    for _, params in client.events():
        event = params["event"]
        if event["type"] == "sessionStatus" and event["state"] == "stopped":
            ended.add(params["sessionId"])
        if len(ended) == count:
            break
    return seconds, before, after, peak, sandboxes


def concurrency(bench: Bench) -> list:
    folder = bench.workspace()
    figures = []
    for count in [20, 50] + ([200] if bench.large else []):
        walls, growth, peaks, sandboxes = [], [], [], []
        for _ in range(3 if count <= 50 else 1):
            with model_server() as server, bench.service({"loop": endless(server, 5)}) as daemon:
                with daemon.web_socket() as client:
                    # One session first: what is loaded once belongs to no session.
                    session = start(client, folder, "loop")
                    for _ in client.until(session, "turnCompleted"):
                        pass
                    stop(client, session)
                    seconds, before, after, peak, below = many(bench, count, client, daemon, folder)
                    walls.append(seconds)
                    growth.append((after - before) / count)
                    peaks.append((peak - before) / count)
                    sandboxes.append(below / count)
        group = f"{count} sessions"
        figures += [
            Figure(group, "× 5 tool calls, start to the last end", "s", walls),
            Figure(group, "cofferdamd, each live session after its turn", "MiB", growth, target=2),
            Figure(group, "cofferdamd, peak meanwhile, each", "MiB", peaks, target=2),
            Figure(group, "bwrap and supervisor, each", "MiB", sandboxes, note="shared pages in parts (PSS)"),
        ]
    return figures


def attach(bench: Bench) -> list:
    folder = bench.workspace()
    model = bench.recording(recordings.turn([recordings.ANY], recordings.text(PIECE * EVENTS)))
    live, whole, ended = [], [], []
    with bench.service({"talk": model}) as daemon:
        with daemon.web_socket() as client:
            session = start(client, folder, "talk")
            begin = time.perf_counter()
            *_, (_, params) = client.until(session, "turnCompleted")
            wrote = time.perf_counter() - begin
            count = params["seq"]
            if count < EVENTS:
                raise RuntimeError(f"the session has only {count} events")

        def first_event(samples):
            for _ in range(20):
                with daemon.web_socket() as client:
                    begin = time.time_ns()
                    client.call("agent/attach", {"sessionId": session})
                    arrival, params = next(client.events())
                    if params["seq"] != 1:
                        raise RuntimeError(f"the first event is {params['seq']}")
                    samples.append((arrival - begin) / 1e6)

        first_event(live)
        for _ in range(3):
            with daemon.web_socket() as client:
                begin = time.perf_counter()
                client.call("agent/attach", {"sessionId": session})
                for expected, (_, params) in enumerate(client.events(), 1):
                    if params["seq"] != expected:
                        raise RuntimeError(f"event {expected} is missing")
                    if expected == count:
                        break
                whole.append(count / (time.perf_counter() - begin))
        with daemon.web_socket() as client:
            client.call("agent/attach", {"sessionId": session, "afterSeq": count})
            stop(client, session)
        first_event(ended)
    return [
        Figure("attach", f"to {count:,} events: agent/attach → first event, live session", "ms", live, target=100),
        Figure("attach", "the same, ended session", "ms", ended, target=100),
        Figure("attach", "the whole log", "events/s", whole),
        Figure("attach", "for comparison: writing it, one client following", "events/s", [count / wrote]),
    ]
