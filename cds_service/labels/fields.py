"""Reading one table of a label file field by field, so that every mistake names file, place and what to write instead.

Knows TOML types only; what the fields mean is the loader's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(slots=True)
class Problems:
    """Mistakes collected over all files of a label, so that a reviewer sees them at once."""

    found: list[str] = field(default_factory=list)

    def add(self, place: str, mistake: str) -> None:
        """Record one mistake at a place such as `label.toml, requirement "tsh-baseline"`."""
        self.found.append(f"{place}: {mistake}")


class Table:
    """One TOML table being read; `done` complains about fields nobody asked for."""

    def __init__(self, raw: object, place: str, problems: Problems) -> None:
        self.place, self.problems = place, problems
        self._raw: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
        self._asked: set[str] = set()
        if not isinstance(raw, dict):
            problems.add(place, "should be a table of fields")

    def has(self, name: str) -> bool:
        """True when the field is written."""
        return name in self._raw

    def names(self) -> list[str]:
        """All field names as written."""
        return list(self._raw)

    def text(self, name: str, *, default: str | None = None, one_of: frozenset[str] | None = None) -> str:
        """A string; the empty string when it is wrong (the mistake is recorded)."""
        value = self._get(name, default)
        if not isinstance(value, str):
            self._complain(name, value, 'text in quotes, like "2.6"')
            return ""
        if one_of is not None and value not in one_of:
            self.problems.add(self.place, f'`{name}` is "{value}"; it must be one of: {", ".join(sorted(one_of))}')
        return value

    def number(self, name: str, *, default: int | None = None, least: int = 0) -> int:
        """A whole number, `least` or more."""
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self._complain(name, value, f"a whole number of at least {least}")
            return least
        return value

    def optional_number(self, name: str) -> int | None:
        """A whole number, or None when the field is not written."""
        self._asked.add(name)
        return self.number(name) if name in self._raw else None

    def amount(self, name: str) -> Decimal:
        """A positive amount (whole or decimal number)."""
        value = self._get(name, None)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            self._complain(name, value, "a number above zero")
            return Decimal(1)
        return Decimal(str(value))

    def flag(self, name: str) -> bool:
        """True or false; false when not written."""
        value = self._get(name, default=False)
        if not isinstance(value, bool):
            self._complain(name, value, "true or false")
            return False
        return value

    def texts(self, name: str, *, required: bool = True) -> tuple[str, ...]:
        """A list of strings."""
        value = self._get(name, None if required else [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._complain(name, value, 'a list of texts, like ["a", "b"]')
            return ()
        return tuple(value)

    def amounts(self, name: str) -> tuple[Decimal, ...]:
        """A list of numbers."""
        value = self._get(name, None)
        if not isinstance(value, list) or not all(isinstance(item, int | float) for item in value):
            self._complain(name, value, "a list of numbers, like [3, 10, 30]")
            return ()
        return tuple(Decimal(str(item)) for item in value)

    def text_lists(self, name: str) -> tuple[frozenset[str], ...]:
        """A list of lists of strings."""
        value = self._get(name, None)
        if not isinstance(value, list) or not all(isinstance(item, list) and item for item in value):
            self._complain(name, value, 'a list of lists, like [["tsh"]]')
            return ()
        return tuple(frozenset(str(part) for part in item) for item in value)

    def table(self, name: str) -> Table:
        """A sub-table, read as `place, name`."""
        return Table(self._get(name, None), f"{self.place}, [{name}]", self.problems)

    def tables(self, name: str) -> Iterator[Table]:
        """A list of tables; each is called by its `id`, `name` or `concept` where it has one, else by its number."""
        value = self._get(name, [])
        if not isinstance(value, list):
            self._complain(name, value, f"a list of tables, each under [[{name}]]")
            return
        for number, item in enumerate(value, start=1):
            label = next((item[key] for key in ("id", "name", "concept", "what") if key in item), f"number {number}")
            yield Table(item, f'{self.place}, {name} "{label}"', self.problems)

    def done(self) -> None:
        """Complain about fields that no one reads: they are usually spelling mistakes."""
        for name in self._raw:
            if name not in self._asked:
                known = ", ".join(sorted(self._asked))
                self.problems.add(self.place, f"`{name}` is not a field of this table; known fields are: {known}")

    def _get(self, name: str, default: object) -> object:
        self._asked.add(name)
        if name not in self._raw:
            return default
        return self._raw[name]

    def _complain(self, name: str, value: object, instead: str) -> None:
        if value is None:
            self.problems.add(self.place, f"`{name}` is missing; write {instead}")
        else:
            self.problems.add(self.place, f"`{name}` is {value!r}; write {instead}")
