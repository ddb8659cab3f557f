"""How many cases a property is tried on: a sample in the default run, the big counts in the long one."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from hypothesis import settings

IS_LONG = settings.get_current_profile_name() == "long"
# Made-up timelines are costly to draw: this many in the default run, thousands in the long one.
EXAMPLES = settings(max_examples=settings().max_examples if IS_LONG else 150)


def seeds(name: str, usual: int, many: int) -> Iterator[tuple[int, Random]]:
    """So many (seed, generator of random numbers), the same ones every time; `name` keeps properties apart."""
    for number in range(many if IS_LONG else usual):
        yield number, Random(f"{name} {number}")
