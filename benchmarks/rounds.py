"""Compares things by turns in one run, because on a shared machine only ratios of neighbours mean anything."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, and how far they lay apart."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        """From one value a round."""
        return cls(statistics.median(values), min(values), max(values))

    def scaled(self, factor: float) -> "Spread":
        """In another unit."""
        return Spread(self.median * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True)
class Comparison:
    """Seconds for one turn of each, and the ratio of the two, taken round by round."""

    ours: Spread
    theirs: Spread
    ratio: Spread
    rounds: int


def compare(ours: Work, theirs: Work, rounds: int, at_least: float = 0.05) -> Comparison:
    """Time both by turns, each round starting with the other one; a turn repeats until it lasts long enough."""
    repeat = {work: _repeats(work, at_least) for work in (ours, theirs)}
    seconds: dict[Work, list[float]] = {ours: [], theirs: []}
    for number in range(rounds):
        for work in (ours, theirs) if number % 2 == 0 else (theirs, ours):
            seconds[work].append(_timed(work, repeat[work]))
    ratios = [a / b for a, b in zip(seconds[ours], seconds[theirs], strict=True)]
    return Comparison(Spread.of(seconds[ours]), Spread.of(seconds[theirs]), Spread.of(ratios), rounds)


def _repeats(work: Work, at_least: float) -> int:
    work()  # the first turn pays for caches and is not counted
    once = _timed(work, 1)
    return max(1, round(at_least / once)) if once < at_least else 1


def _timed(work: Work, repeat: int) -> float:
    gc.collect()
    start = time.perf_counter()
    for _ in range(repeat):
        work()
    return (time.perf_counter() - start) / repeat
