"""Figures: samples of one quantity, what design.md asks of it, and how both are printed."""
import dataclasses
import statistics
from typing import Optional


def percentile(samples: list, part: float) -> float:
    """Linear between the two nearest ranks."""
    ordered = sorted(samples)
    place = (len(ordered) - 1) * part
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@dataclasses.dataclass
class Figure:
    group: str
    name: str
    unit: str
    samples: list
    #: What design.md, section 6, asks for; None where it asks for nothing.
    target: Optional[float] = None
    #: Whether more than the target is better.
    more_is_better: bool = False
    note: str = ""
    #: The part of the samples that is compared with the target, instead of the median.
    part: float = 0.5

    @property
    def value(self) -> float:
        return statistics.median(self.samples) if self.part == 0.5 else percentile(self.samples, self.part)

    @property
    def spread(self) -> tuple:
        """(name, low, high): few samples have no percentiles worth the name."""
        if len(self.samples) < 10:
            return "min–max", min(self.samples), max(self.samples)
        return "p10–p90", percentile(self.samples, 0.1), percentile(self.samples, 0.9)

    @property
    def ratio(self) -> Optional[float]:
        return self.value / self.target if self.target else None

    @property
    def met(self) -> Optional[bool]:
        if self.target is None:
            return None
        return self.value >= self.target if self.more_is_better else self.value <= self.target

    def json(self) -> dict:
        kind, low, high = self.spread
        return {
            "group": self.group, "name": self.name, "unit": self.unit, "n": len(self.samples), "value": self.value,
            "statistic": "median" if self.part == 0.5 else f"p{self.part * 100:g}",
            "spread": {"kind": kind, "low": low, "high": high}, "target": self.target,
            "direction": "at least" if self.more_is_better else "at most", "ratio": self.ratio, "met": self.met,
            "note": self.note, "samples": self.samples,
        }

    def row(self) -> list:
        kind, low, high = self.spread
        spread = "" if len(self.samples) == 1 else f"{short(low)} – {short(high)}"
        target = "" if self.target is None else f"{'≥' if self.more_is_better else '≤'} {short(self.target)}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}×"
        verdict = {None: "", True: "met", False: "NOT MET"}[self.met]
        name = self.name + ("" if self.part == 0.5 else f", p{self.part * 100:g}")
        return [
            self.group, name, str(len(self.samples)), short(self.value), spread, kind if spread else "", self.unit,
            target, ratio, verdict, self.note,
        ]


def short(value: float) -> str:
    """Three significant digits, no exponent."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


HEADER = ["", "figure", "n", "median", "spread", "", "unit", "design", "ratio", "", "note"]
RIGHT = {2, 3, 4, 7, 8}


def table(figures: list) -> str:
    rows = [HEADER] + [figure.row() for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = []
    last = None
    for row in rows:
        # The group stands only at its first figure.
        shown = [row[0] if row[0] != last else ""] + row[1:]
        last = row[0]
        cells = (cell.rjust(width) if column in RIGHT else cell.ljust(width)
                 for column, (cell, width) in enumerate(zip(shown, widths)))
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "─" * max(map(len, lines)))
    return "\n".join(lines)
