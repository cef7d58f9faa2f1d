#!/usr/bin/env python3
"""Runs the tools of `runs.json` that are here on the sources with planted faults and records what they write.

What the faults are stands in the sources; see README.md. Beginnings of runs' names as arguments: only those. Says of which faults
an output names neither file nor line: such a fault was planted where this tool does not see it.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MARK = re.compile(r"PLANTED([+-]\d+|@file|@none)?\(([\w,-]+)\) (\w+) (.*?)(?= PLANTED|\s*\*/|\s*-->|$)")


def faults(folder: pathlib.Path, label: str):
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for place, labels, severity, words in MARK.findall(line):
                if not set(label.split()).isdisjoint(labels.split(",")):
                    offset = int(place) if place[:1] in ("+", "-") else 0
                    where = None if place.startswith("@") else number + offset
                    yield path.relative_to(folder), where, severity, words


def scrubbed(output: bytes, folder: pathlib.Path) -> bytes:
    """Without the names of this machine and of its folders."""
    for path, instead in ((str(folder), "/src"), (str(folder).replace("/", "\\/"), "\\/src")):
        output = output.replace(path.encode(), instead.encode())
    output = re.sub(rb"[^\s\"']*/\.pyenv/versions/[\d.]+", b"/usr", output)
    return re.sub(rb'hostname="[^"]+"', b'hostname="machine"', output)


def record(run: dict) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place).resolve() / "planted"
        shutil.copytree(HERE / "sources" / run["set"], folder)
        output = recorded(run, folder)
    text = output.decode(errors="replace")
    for path, line, severity, words in faults(HERE / "sources" / run["set"], run["faults"]):
        if line is not None and not (path.name in text and re.search(rf"\b{line}\b", text)):
            print(f"{run['name']}: says nothing of {path}:{line} {severity} {words}")


def recorded(run: dict, folder: pathlib.Path) -> bytes:
    """Runs the tool in a copy of the sources; notes its version in the run."""
    # Debian's ESLint is a library of Debian's Node.js, which another Node.js has to be told.
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PWD": str(folder), "NODE_PATH": "/usr/share/nodejs"}
    environment.pop("RUST_BACKTRACE", None)
    result = subprocess.run(["sh", "-c", run["command"]], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
    output = (folder / run["report"]).read_bytes() if "report" in run else result.stdout
    output = scrubbed(output, folder)
    (HERE / "outputs" / run["name"]).write_bytes(output)
    version = subprocess.run(["sh", "-c", run.get("version", run["needs"] + " --version")], env=environment,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    found = re.search(r"\d+\.\d+(\.\d+)*", version)
    run["recorded"] = f"{run['tool']} {found[0]}" if found else run["tool"]
    return output


def main() -> None:
    file = HERE / "runs.json"
    runs = json.loads(file.read_text())
    for run in runs:
        if sys.argv[1:] and not run["name"].startswith(tuple(sys.argv[1:])):
            continue
        if shutil.which(run["needs"]) is None:
            print(f"{run['name']}: no {run['needs']} here; what was recorded stays")
            continue
        record(run)
    file.write_text("[\n" + ",\n".join(json.dumps(run, ensure_ascii=False) for run in runs) + "\n]\n")


if __name__ == "__main__":
    main()
