"""The fault campaign: everything that can go wrong between a command and its reader, done on purpose, every byte compared.

Each scenario gives a row: runs, bytes that were compared, bytes lost, bytes doubled, exit records that were wrong. The end
to end tests run a short form of each (`quick`); `python campaign.py` runs the long one and prints the table.
"""
import argparse
import dataclasses
import json
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "EndToEnd"))

import scenarios  # noqa: E402
from conftest import World  # noqa: E402

COLUMNS = ("scenario", "runs", "bytes compared", "lost", "doubled", "wrong exit records", "remarks")


@dataclasses.dataclass
class Row:
    scenario: str
    runs: int = 0
    compared: int = 0
    lost: int = 0
    doubled: int = 0
    wrong_exits: int = 0
    remarks: str = ""

    def cells(self):
        return (self.scenario, f"{self.runs:,}", f"{self.compared:,}", f"{self.lost:,}", f"{self.doubled:,}",
                f"{self.wrong_exits:,}", self.remarks.strip()[:300])

    @property
    def is_clean(self) -> bool:
        return self.runs > 0 and self.lost == self.doubled == self.wrong_exits == 0


def table(rows) -> str:
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    return "\n".join(lines + ["| " + " | ".join(row.cells()) + " |" for row in rows])


def run(name: str, quick: bool) -> Row:
    """One scenario in a world of its own."""
    with tempfile.TemporaryDirectory(prefix="cofferdam-campaign-") as folder:
        world = World(pathlib.Path(folder))
        row = Row(scenarios.TITLES[name])
        try:
            getattr(scenarios, name)(world, row, quick)
        except BaseException:
            print(world.log()[-4000:], file=sys.stderr)
            raise
        finally:
            if not world.service_pids():
                # Killed last: the next one finds the sandboxes, and ends them with itself.
                world.cofferdam("list", cwd=world.folder)
            world.stop_service()
        return row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("scenario", nargs="*", default=[])
    options = parser.parse_args()
    rows = []
    for name in options.scenario or scenarios.TITLES:
        begun = time.monotonic()
        rows.append(run(name, options.quick))
        print(f"{name}: {time.monotonic() - begun:.0f} s, {rows[-1]}", file=sys.stderr, flush=True)
    print(json.dumps([dataclasses.asdict(row) for row in rows]) if options.json else table(rows))
    return 0 if all(row.is_clean for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
