"""Which JSON values count as empty, how to drop them, how to find one that was left.

CDS Hooks forbids null, "", [] and {} wherever it does not say otherwise (row A2). This module knows plain JSON values
and nothing of cards, requests or FHIR beyond one rule: `x` and `_x` are parallel arrays in FHIR JSON.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

ALLOWED_EMPTY_ARRAYS = frozenset({"cards", "services"})
"""Members of the outermost object that are sent even when empty (rows B3, F2)."""

_INT_LIMIT = 2**63
# Where a value stands: the path of what holds it, and its key or index. Put into words only when something is wrong:
# writing every path out is a third of pruning.
Path = tuple["Path", str | int] | tuple[()]


def is_empty(value: object) -> bool:
    """True for the four values that must not stand in a response: None, "", [] (or ()) and {}."""
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def prune(value: object, path: Path = ()) -> object:
    """A deep copy of `value` as JSON values without empties; None when nothing is left.

    Takes mappings with string keys, lists, tuples, str, bool, int, float, Decimal (kept: written as a number), UUID and
    dates (written as text). Raises ValueError, naming the path and never the value, for what JSON cannot carry: NaN and
    infinity, lone surrogates, integers beyond 64 bits, other types, and for FHIR parallel arrays (`x`, `_x`) that need
    null as a filler, because dropping it would attach an extension to the wrong element.
    """
    if isinstance(value, str):  # the common case first: this walks whole resources
        if not value.isascii():
            _check_text(value, path)
        return value or None
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (list, tuple)):
        kept = [prune(item, (path, index)) for index, item in enumerate(value)]
        return [item for item in kept if item is not None] or None
    if isinstance(value, (dict, Mapping)):
        return _prune_mapping(value, path) or None
    return _scalar(value, path)


def prune_object(value: Mapping[str, object]) -> dict[str, object]:
    """`prune` for an object: the copy may come out empty, but never as None."""
    return _prune_mapping(value, ())


def find_empties(value: object, *, at_root: bool = True) -> list[str]:
    """Paths of every null, "", [] and {} in a decoded body, such as `cards[0].detail`; [] when the body is clean.

    `cards: []` and `services: []` in the outermost object are legal and not named; `at_root=False` turns that off.
    The body itself being empty is named `$`.
    """
    if is_empty(value):
        return ["$"]
    allowed = ALLOWED_EMPTY_ARRAYS if at_root else frozenset[str]()
    return list(_walk(value, "", allowed))


def _walk(value: object, path: str, allowed: frozenset[str]) -> Iterator[str]:
    """Yield the path of each empty below `value`; `allowed` holds the paths that may be []."""
    children: Iterator[tuple[str, object]]
    if isinstance(value, Mapping):
        children = ((f"{path}.{key}" if path else str(key), item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        children = ((f"{path}[{index}]", item) for index, item in enumerate(value))
    else:
        return
    for child_path, item in children:
        if is_empty(item):
            if not (child_path in allowed and isinstance(item, list | tuple)):
                yield child_path
        else:
            yield from _walk(item, child_path, allowed)


def _prune_mapping(value: Mapping[str, object], path: Path) -> dict[str, object]:
    """The members of an object that are not empty after pruning."""
    kept: dict[str, object] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            # A validator has to raise ValueError: pydantic lets TypeError through.
            raise ValueError(f"{_written(path)} has a key that is not a string")  # noqa: TRY004
        if not key.isascii():
            _check_text(key, path)
        if isinstance(item, (list, tuple)) and None in item and (key.startswith("_") or f"_{key}" in value):
            place = _written((path, key))
            raise ValueError(f"{place} is a parallel array with null fillers, which a response must not hold")
        pruned = prune(item, (path, key))
        if pruned is not None:
            kept[key] = pruned
    return kept


def _scalar(value: object, path: Path) -> object:
    """A number, a date or a UUID as JSON can carry it."""
    if isinstance(value, int):
        if not -_INT_LIMIT <= value < _INT_LIMIT:
            raise ValueError(f"{_written(path)} is an integer beyond 64 bits")
        return value
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            raise ValueError(f"{_written(path)} is not a finite number")
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise ValueError(f"{_written(path)} is a {type(value).__name__}, which is no JSON value")


def _check_text(text: str, path: Path) -> None:
    """Refuse lone surrogates: they cannot be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{_written(path)} holds half of a surrogate pair") from None


def _written(path: Path) -> str:
    """A path in words: `$.entry[0].id`."""
    if not path:
        return "$"
    parent, step = path
    return f"{_written(parent)}[{step}]" if isinstance(step, int) else f"{_written(parent)}.{step}"
