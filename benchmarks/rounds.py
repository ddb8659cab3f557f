"""Compares things by turns in one run, because on a shared machine only ratios of neighbours mean anything."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], object]
Measure = Callable[[], float]
Clock = Callable[[], float]


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
    """One turn of each (seconds, unless the line says otherwise), and the ratio of the two, taken round by round."""

    ours: Spread
    theirs: Spread
    ratio: Spread
    rounds: int

    def per(self, ours: int, theirs: int) -> "Comparison":
        """The same for each of so many things."""
        shares = self.ours.scaled(1 / ours), self.theirs.scaled(1 / theirs)
        return Comparison(*shares, self.ratio.scaled(theirs / ours), self.rounds)


def compare(
    ours: Work, theirs: Work, rounds: int, at_least: float = 0.05, clock: Clock = time.process_time
) -> Comparison:
    """Seconds for a turn of each; a turn repeats the work until it lasts long enough.

    Seconds of this process's own work, which other processes disturb less; another `clock` where others do the work.
    """

    def seconds(work: Work) -> Measure:
        repeat = _repeats(work, at_least, clock)
        return lambda: _timed(work, repeat, clock)

    return by_turns(seconds(ours), seconds(theirs), rounds)


def by_turns(ours: Measure, theirs: Measure, rounds: int) -> Comparison:
    """Measure both by turns, each round starting with the other one.

    What is alive already is put out of the garbage collector's sight, or whoever allocates more would pay for it.
    """
    gc.collect()
    gc.freeze()
    amounts: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for place in (0, 1) if number % 2 == 0 else (1, 0):
            amounts[place].append((ours, theirs)[place]())
    ratios = [a / b for a, b in zip(*amounts, strict=True)]
    return Comparison(Spread.of(amounts[0]), Spread.of(amounts[1]), Spread.of(ratios), rounds)


def _repeats(work: Work, at_least: float, clock: Clock) -> int:
    work()  # the first turn pays for caches and is not counted
    once = _timed(work, 1, clock)
    return max(1, round(at_least / once)) if once < at_least else 1


def _timed(work: Work, repeat: int, clock: Clock) -> float:
    gc.collect()
    start = clock()
    for _ in range(repeat):
        work()
    return (clock() - start) / repeat
