"""Measures how fast tools' output becomes diagnostics, and how fast Vim does the like."""
import json
import os
import pathlib
import shutil
import subprocess

from figures import Figure
from harness import Bench

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "DiagnosticsTests" / "Fixtures"
SIZE = 100_000_000
#: What Vim gets, which keeps an entry for every line.
VIM_SIZE = 10_000_000


def mixed_output(path: pathlib.Path, size: int) -> None:
    """Outputs of all tools whose text is for people, again and again, with lines of a build's progress between."""
    texts = [file.read_bytes() for file in sorted(FIXTURES.glob("*.txt"))]
    with path.open("wb") as file:
        number = 0
        while file.tell() < size:
            for text in texts:
                number += 1
                # No two are alike, so that nothing is found twice.
                file.write(text.replace(b"error: ", b"error: %d " % number).rstrip(b"\n") + b"\n")
                for step in range(60):
                    file.write(b"[%3d%%] Building CXX object src/lib/CMakeFiles/lib.dir/file%d.cc.o\n" % (step, number))
        file.truncate(size)


def parsing(bench: Bench) -> list:
    folder = bench.new_folder("diagnostics")
    path = folder / "output.txt"
    mixed_output(path, SIZE)
    program = [bench.programs / "cofferdam-benchmarks", "diagnostics", path]
    result = json.loads(subprocess.run(program, stdout=subprocess.PIPE, check=True).stdout)
    found = f"{result['diagnostics']} diagnostics, at most 1000 of each piece"
    figures = [
        Figure("diagnostics", f"parse {SIZE / 1e6:.0f} MB of mixed output", "MB/s", result["megabytesPerSecond"],
               target=50, more_is_better=True, note=found),
        Figure("diagnostics", "the same in a second of processor time", "MB/s", result["megabytesPerProcessorSecond"],
               more_is_better=True),
        Figure("diagnostics", "peak memory, the text included", "MB", [result["peakBytes"] / 1e6]),
    ]
    vim = shutil.which("vim")
    if vim:
        mixed_output(path, VIM_SIZE)
        process = subprocess.Popen(
            [vim, "-es", "-N", "-u", "NONE", "-i", "NONE", "-c", f"cgetfile {path}", "-c", "qall!"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        # The machine may have other work.
        speed = VIM_SIZE / 1e6 / (usage.ru_utime + usage.ru_stime)
        figures += [
            Figure("diagnostics", f"for comparison: vim, :cgetfile with its own errorformat, {VIM_SIZE / 1e6:.0f} MB",
                   "MB/s", [speed], note="of processor time; an entry for every line"),
            Figure("diagnostics", "for comparison: vim, peak memory", "MB", [usage.ru_maxrss * 1024 / 1e6]),
            Figure("diagnostics", "as many times vim's speed", "×",
                   [rate / speed for rate in result["megabytesPerProcessorSecond"]]),
        ]
    return figures
