"""Our choices as a reviewer reads them: each number of policy.toml, its reason, and the requirements it reaches.

Which requirements a choice reaches is not written down anywhere: it is found by moving the choice and reading the label
again. A requirement whose rule changes is reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import fields
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from cds_service.core.label import Label
from cds_service.labels.loader import LabelBundle, LabelFiles, build_bundle, label_files, read_leniently

POLICY = "policy.toml"
# Tables of policy.toml that a label carries as they are: they are shown where they speak, requirement by requirement.
CARRIED = frozenset({"hooks", "patient_view", "situation"})
_BECAUSE = "because"

Place = tuple[str | int, ...]


class Choice(NamedTuple):
    """What we chose in one place of policy.toml.

    `values`: name -> value. `requirements`: ids whose rule depends on it. `parts`: parts of the label besides its
    requirements that do (`product`, `courses`, `active_order_days`, ...).
    """

    place: str
    values: Mapping[str, Any]
    because: str
    requirements: frozenset[str]
    parts: frozenset[str]


class LabelText(NamedTuple):
    """A label as it is written: the files as they stand beside what was read from them."""

    bundle: LabelBundle
    raw: Mapping[str, dict[str, Any]]
    choices: tuple[Choice, ...]


def read_label_text(folder: Path) -> LabelText:
    """A label folder for a reviewer; LabelError when it has mistakes."""
    files = label_files(folder, str(folder))
    bundle = build_bundle(files, str(folder))
    found = [_choices(bundle, files, path, table) for path, table in _tables(_plain(files.raw[POLICY]))]
    return LabelText(bundle, {file: _plain(table) for file, table in files.raw.items()}, tuple(chain(*found)))


def _plain(table: Mapping[str, object]) -> dict[str, Any]:
    return dict(table)


def _tables(policy: Mapping[str, Any], path: Place = ()) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    for name, value in policy.items():
        if not path and name in CARRIED:
            continue
        if isinstance(value, dict):
            yield (*path, name), value
            yield from _tables(value, (*path, name))
        elif _is_tables(value):
            for number, item in enumerate(value):
                yield (*path, name, number), item
                yield from _tables(item, (*path, name, number))


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _choices(bundle: LabelBundle, files: LabelFiles, path: Place, table: Mapping[str, Any]) -> list[Choice]:
    """The choices of one table, one for each reason in it."""
    reasons = {name: text for name, text in table.items() if name == _BECAUSE or name.endswith(f"_{_BECAUSE}")}
    values = {
        name: value
        for name, value in table.items()
        if name not in reasons and not isinstance(value, dict) and not _is_tables(value)
    }
    found: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        own = (one for one in reasons if one != _BECAUSE and name.startswith(one.removesuffix(f"_{_BECAUSE}")))
        found.setdefault(next(own, _BECAUSE), {})[name] = value
    choices = []
    for reason, chosen in found.items():
        reached = [_reached(bundle, files, (*path, name), value) for name, value in chosen.items()]
        choices.append(
            Choice(
                place=f"{POLICY}, [{'.'.join(part for part in path if isinstance(part, str))}]",
                values=chosen,
                because=reasons.get(reason, ""),
                requirements=frozenset[str]().union(*(ids for ids, _ in reached)),
                parts=frozenset[str]().union(*(parts for _, parts in reached)),
            )
        )
    return choices


def _reached(
    bundle: LabelBundle, files: LabelFiles, place: Place, value: object
) -> tuple[frozenset[str], frozenset[str]]:
    """Ids of the requirements, and names of the other parts of the label, that differ once the value is another."""
    policy = deepcopy(_plain(files.raw[POLICY]))
    table: Any = policy
    for step in place[:-1]:
        table = table[step]
    table[place[-1]] = _moved(value)
    label, moved = bundle.label, read_leniently(files._replace(raw={**files.raw, POLICY: policy}), bundle)
    pairs = zip(label.requirements, moved.requirements, strict=True)
    ids = frozenset(ours.id for ours, theirs in pairs if ours.rule != theirs.rule)
    names = [part.name for part in fields(Label) if part.compare and part.name != "requirements"]
    return ids, frozenset(name for name in names if getattr(label, name) != getattr(moved, name))


def _moved(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, list):
        return value[:-1]
    return f"{value}?"
