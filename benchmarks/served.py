"""The lines of the speed table that need a server: real calls over HTTP, ours against one that only parses the body."""

from collections.abc import Callable, Iterator
from typing import Final

from benchmarks import records
from benchmarks.expected import check_card, check_silence
from benchmarks.load import Load, post, server
from benchmarks.rounds import by_turns
from benchmarks.table import Line

PATH: Final = "/cds-services/lemtrada-patient-view"
SECONDS_A_TURN: Final = 0.5
Check = Callable[[bytes], None]


def treated(rounds: int) -> Iterator[Line]:
    """Line 3: a call that is answered by a card."""
    what = "patient-view with a card / parse only, over HTTP"
    yield _line(3, what, 60, records.patient_view(60), check_card, rounds)


def untreated(rounds: int) -> Iterator[Line]:
    """Line 11: the commonest call, answered by silence."""
    what = "patient-view, 500 other administrations / parse only"
    yield _line(11, what, 20, records.unrelated_view(500), check_silence, rounds)


def _line(number: int, what: str, size: int, body: bytes, check: Check, rounds: int) -> Line:
    request = post(PATH, body)
    with server("service") as port, server("parser") as other:
        ours, theirs = Load(port, request), Load(other, request)
        check(ours.answer)
        for load in (ours, theirs):
            load.prepare(SECONDS_A_TURN)
        against = by_turns(ours.per_second, theirs.per_second, rounds)
    return Line(number, what, size, 1.0, 1.5, against, unit="requests/s", more_is_better=True)
