"""The egress gateway against a direct connection, in turn within one run."""
import json
import statistics
import subprocess

from figures import Figure
from harness import Bench

#: Megabytes (10⁶ bytes) a second through one tunnel.
THROUGHPUT = 500
#: Microseconds that the gateway may add to a round trip; two more passes through the kernel and an event loop.
ADDED = 100


def gateway(bench: Bench) -> list:
    output = subprocess.run(
        [bench.programs / "cofferdam-gateway-benchmark"], stdout=subprocess.PIPE, check=True, timeout=600).stdout
    results = json.loads(output)
    figures = []
    for name in ("download", "upload"):
        direct = statistics.median(results[name]["direct"])
        figures.append(Figure(
            "gateway", f"{name} through a tunnel", "MB/s", results[name]["gateway"], target=THROUGHPUT,
            more_is_better=True, note=f"direct {direct:.0f} MB/s"))
    for name, text in (("roundTrip", "one byte there and back, added"), ("connect", "connect and first byte, added")):
        direct = statistics.median(results[name]["direct"])
        samples = [sample - direct for sample in results[name]["gateway"]]
        figures.append(Figure(
            "gateway", text, "µs", samples, target=ADDED if name == "roundTrip" else None, note=f"direct {direct:.0f} µs"))
    return figures
