#!/usr/bin/env python3
"""Measures Cofferdam against the numbers that it was designed for; `make bench` builds it first and then runs this.

Every figure is a median with its spread; `design` is the number that was designed for, `ratio` the figure over it.
Exit code: 0 also when a number is not met; 1 when a measurement failed.
"""
import argparse
import json
import os
import pathlib
import platform
import signal
import sys
import time

import measure_diagnostics
import measure_egress
import measure_loop
import measure_programs
import measure_sandbox
import measure_snapshots
import measure_upload
from figures import table
from harness import Bench

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MEASUREMENTS = {
    "startup": measure_programs.start_up,
    "memory": measure_programs.idle_memory,
    "json": measure_programs.json_throughput,
    "models": measure_programs.model_streams,
    "diagnostics": measure_diagnostics.parsing,
    "websocket": measure_programs.round_trip,
    "sandbox": measure_sandbox.ready,
    "exec": measure_sandbox.run_true,
    "latency": measure_sandbox.line_latency,
    "relay": measure_sandbox.relay,
    "fork": measure_snapshots.fork,
    "warm": measure_snapshots.warm,
    "idle": measure_snapshots.idle,
    "upload": measure_upload.upload,
    "gateway": measure_egress.gateway,
    "loop": measure_loop.overhead,
    "providers": measure_loop.long_sessions,
    "concurrency": measure_loop.concurrency,
    "attach": measure_loop.attach,
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / ".build-release" / "release", metavar="DIR",
                        help="where the programs are (default: the release build)")
    parser.add_argument("--only", metavar="NAME,…", help=f"some of: {', '.join(MEASUREMENTS)}")
    parser.add_argument("--large", action="store_true", help="also 200 sessions at once")
    parser.add_argument("--json", action="store_true", help="all samples as JSON instead of a table")
    parsed = parser.parse_args()
    parsed.names = parsed.only.split(",") if parsed.only else list(MEASUREMENTS)
    for name in parsed.names:
        if name not in MEASUREMENTS:
            parser.error(f"there is no measurement {name}; there are {', '.join(MEASUREMENTS)}")
    for program in ("cofferdam", "cofferdamd", "cofferdam-supervisor", "cofferdam-benchmarks"):
        if not (parsed.bin / program).exists():
            parser.error(f"{parsed.bin / program} is missing: make bench builds it")
    return parsed


def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # what was started is ended too
    machine = {
        "cores": os.cpu_count(), "kernel": platform.release(), "architecture": platform.machine(),
        "load_before": os.getloadavg()[0], "programs": str(options.bin),
    }
    figures, failures = [], {}
    bench = Bench(options.bin.resolve(), options.large)
    began = time.monotonic()
    try:
        for name in options.names:
            start = time.monotonic()
            try:
                figures += MEASUREMENTS[name](bench)
            except Exception as error:  # the others can still be measured
                failures[name] = f"{type(error).__name__}: {error}"
            print(f"{name}: {time.monotonic() - start:.0f} s {failures.get(name, '')}", file=sys.stderr, flush=True)
    finally:
        bench.close()
    machine.update(load_after=os.getloadavg()[0], seconds=round(time.monotonic() - began))
    if options.json:
        print(json.dumps(
            {"machine": machine, "figures": [figure.json() for figure in figures], "failures": failures}, indent=1))
    else:
        print(f"{machine['cores']} cores, Linux {machine['kernel']} {machine['architecture']}, "
              f"load {machine['load_before']:.1f} before and {machine['load_after']:.1f} after, {options.bin}\n")
        print(table(figures))
        for name, reason in failures.items():
            print(f"\n{name} FAILED: {reason}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
