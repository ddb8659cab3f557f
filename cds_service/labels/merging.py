"""Laying a site's policy and wording over the shipped ones, key by key; every mistake with its place and remedy.

An overlay may change numbers, reasons and indicators of policy.toml and sentences of cards.toml. It may not add rules
of its own, and it may not silence what must not be silent: what could not be told, and what is critical.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any

from cds_service.core.assessment import Status
from cds_service.labels.fields import Problems
from cds_service.labels.site import Change

POLICY, CARDS = "policy.toml", "cards.toml"
BECAUSE = "because"
MOST, MOST_PERCENT = 3660, 25  # larger numbers are slips of the keyboard: ten years; a dose a quarter too high
_INDICATORS = ("ordering", "afterwards")
_NAMES = ("name", "id", "months")  # what tells the tables of a list apart
_KEPT = "; what the label says stands in label.toml, and an overlay never changes it"
_WHAT = (
    "an overlay changes numbers, reasons and indicators; to stop judging a requirement name it in overlay.toml, [off]"
)
_ALWAYS_KNOWN = frozenset({"drug", "title"})
_TWINS = {"days_text": "days", "age_text": "age", "before_text": "before", "Test": "test"}

Raw = Mapping[str, Any]


class Merger:
    """Merges one overlay. `label`: the raw label.toml, to tell its words from spelling mistakes."""

    def __init__(self, label: Raw, problems: Problems) -> None:
        self.problems = problems
        self.changes: list[Change] = []
        self.kinds = {item["id"]: item["kind"] for item in label.get("requirement", ())}
        self._label_words = frozenset(_words(label)) | self.kinds.keys() | frozenset(self.kinds.values())

    def policy(self, shipped: Raw, written: Raw) -> dict[str, Any]:
        """policy.toml as it holds at the site."""
        return self._table(shipped, written, ())

    def cards(self, shipped: Raw, written: Raw) -> dict[str, Any]:
        """cards.toml as it holds at the site."""
        merged = dict(shipped)
        for name, table in written.items():
            if name not in shipped or not isinstance(table, dict):
                self._unknown(CARDS, name, shipped)
            elif name == "messages":
                tables = dict(shipped[name])
                for owner, sentences in table.items():
                    place = f"{CARDS}, [messages.{owner}]"
                    if owner not in tables or not isinstance(sentences, dict):
                        self._unknown(f"{CARDS}, [messages]", owner, tables)
                    else:
                        tables[owner] = self._sentences(tables[owner], sentences, place)
                merged[name] = tables
            else:
                merged[name] = self._sentences(shipped[name], table, f"{CARDS}, [{name}]")
        return merged

    # --- policy -------------------------------------------------------------------------------------------------------

    def _table(self, shipped: Raw, written: Raw, path: tuple[str, ...], place: str = "") -> dict[str, Any]:
        place = place or (f"{POLICY}, [{'.'.join(path)}]" if path else POLICY)
        merged = dict(shipped)
        open_to = self._ids_for(shipped)
        for name, value in written.items():
            known = shipped.get(name)
            if _is_reason(name):
                self._reason(name, value, (shipped, merged), place)
            elif isinstance(known, dict) and isinstance(value, dict):
                merged[name] = self._table(known, value, (*path, name))
            elif isinstance(known, list) and _is_rows(known) and _is_rows(value):
                merged[name] = self._rows(known, value, (*path, name))
            elif known is None and name not in open_to:
                self._unknown(place, name, {**shipped, **dict.fromkeys(open_to)})
            elif not _is_leaf(known, value, name):
                self.problems.add(place, f"`{name}` cannot be written like this: {_WHAT}")
            elif value != known and self._may(name, value, shipped, place):
                because = self._because(name, shipped, written, place)
                if because:
                    merged[name] = value
                    self.changes.append(Change(f"{place} {name}", _shown(known), _shown(value), because))
        return merged

    def _rows(self, shipped: Iterable[Raw], written: Iterable[Raw], path: tuple[str, ...]) -> list[Any]:
        """A list of tables; each one written is laid over the one of the same name."""
        merged = [dict(row) for row in shipped]
        key = next(name for name in _NAMES if name in merged[0])
        for row in written:
            wanted = row.get(key)
            place = f"{POLICY}, [[{'.'.join(path)}]] {_shown(wanted)}"
            at = next((number for number, known in enumerate(merged) if known[key] == wanted), None)
            if at is not None:
                rest = {name: value for name, value in row.items() if name != key}
                merged[at] = self._table(merged[at], rest, path, place)
            elif isinstance(wanted, int) and not isinstance(wanted, bool):  # an interval more
                merged.append(dict(row))
                here = ", ".join(f"{name} {value}" for name, value in row.items() if not _is_reason(name))
                self.changes.append(Change(place, "not there", here, str(row.get(BECAUSE, ""))))
            else:
                self._unknown(f"{POLICY}, [[{'.'.join(path)}]]", str(wanted), [item[key] for item in merged])
        return merged

    def _reason(self, name: str, value: object, tables: tuple[Raw, dict[str, Any]], place: str) -> None:
        shipped, merged = tables
        if not isinstance(value, str) or not value.strip():
            self.problems.add(place, f"`{name}` is {value!r}; write the reason as text in quotes")
        elif name in shipped:
            merged[name] = value
        elif name != BECAUSE:
            self._unknown(place, name, shipped)

    def _because(self, name: str, shipped: Raw, written: Raw, place: str) -> str:
        """The reason written beside a number; the empty string, and a mistake, when there is none."""
        wanted = reason_of(name, shipped)
        reason = written.get(wanted, written.get(BECAUSE) if wanted not in shipped else None)
        if isinstance(reason, str) and reason.strip():
            return reason
        if reason is None:
            self.problems.add(place, f'`{name}` changes without a reason; write `{wanted} = "…"` beside it')
        return ""

    def _may(self, name: str, value: object, shipped: Raw, place: str) -> bool:
        """Whether the value may stand here at all; what it must be otherwise is the label reader's business."""
        if name in _INDICATORS and value == "":
            if Status.CANNOT_TELL in shipped.get("statuses", ()):
                remedy = 'not being able to look must never be silent; write "info" or more'
            elif shipped.get("ordering") == "critical" and name == "ordering":
                who = ", ".join(f'"{item}"' for item in shipped.get("requirements", ()))
                remedy = f"what is critical is not silenced here; name {who} in overlay.toml, [off], with the reason"
            else:
                return True
            self.problems.add(place, f'`{name}` is "": {remedy}')
            return False
        most = MOST_PERCENT if name.endswith("_percent") else MOST
        if isinstance(value, int | float) and value > most:
            self.problems.add(place, f"`{name}` is {value}; write at most {most}")
            return False
        return True

    def _ids_for(self, shipped: Raw) -> frozenset[str]:
        """Requirement ids a table of numbers by requirement is open to: those of the kinds that already stand there."""
        names = [name for name in shipped if not _is_reason(name)]
        if not names or not all(name in self.kinds for name in names):
            return frozenset()
        kinds = {self.kinds[name] for name in names}
        return frozenset(item for item, kind in self.kinds.items() if kind in kinds)

    # --- cards --------------------------------------------------------------------------------------------------------

    def _sentences(self, shipped: Raw, written: Raw, place: str) -> dict[str, Any]:
        merged = dict(shipped)
        for key, sentence in written.items():
            here = f'{place} "{key}"'
            if key not in shipped:
                self._unknown(place, key, shipped)
            elif not isinstance(sentence, str) or not sentence.strip():
                self.problems.add(here, f"is {sentence!r}; write a sentence in quotes")
            elif sentence != shipped[key] and self._fits(sentence, shipped[key], here):
                merged[key] = sentence
                self.changes.append(Change(here, _shown(shipped[key]), _shown(sentence), ""))
        return merged

    def _fits(self, sentence: str, shipped: str, place: str) -> bool:
        """Whether a sentence names only facts that are known where the shipped one stands."""
        try:
            parts = list(Formatter().parse(sentence))
        except ValueError as error:
            self.problems.add(place, f"the braces do not match: {error}")
            return False
        known = {name for _, name, _, _ in Formatter().parse(shipped) if name}
        known |= {_TWINS[name] for name in known if name in _TWINS} | _ALWAYS_KNOWN
        for _, name, form, conversion in parts:
            if name is None:
                continue
            if name not in known or form or conversion:
                allowed = ", ".join(f"{{{item}}}" for item in sorted(known))
                written = "{" + name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "") + "}"
                self.problems.add(place, f"names {written}, which is not known here; use only {allowed}")
                return False
        return True

    # --- mistakes -----------------------------------------------------------------------------------------------------

    def _unknown(self, place: str, name: str, known: Iterable[str]) -> None:
        self.problems.add(place, unknown(name, known) + (_KEPT if name in self._label_words else ""))


def unknown(name: str, known: Iterable[str]) -> str:
    """That a name is not known, with the nearest one that is, or all of them when they are few."""
    from difflib import get_close_matches

    names = [item for item in map(str, known) if not _is_reason(item)]
    near = get_close_matches(name, names, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(names)}"
    return f'"{name}" is not known here; {hint}'


def reason_of(name: str, table: Raw) -> str:
    """The field that holds the reason of a number: `gap_because` for `gap_days` where there is one, else `because`."""
    parts = name.split("_")
    owned = ("_".join([*parts[:length], BECAUSE]) for length in range(len(parts), 0, -1))
    return next((field for field in owned if field in table), BECAUSE)


def _words(table: Raw) -> Iterable[str]:
    for name, value in table.items():
        yield name
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield from _words(item)


def _is_reason(name: str) -> bool:
    return name == BECAUSE or name.endswith(f"_{BECAUSE}")


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _is_leaf(known: object, value: object, name: str) -> bool:
    """Whether both are one number, or one indicator."""
    if name in _INDICATORS:
        return isinstance(value, str)
    return _is_number(value) and (known is None or _is_number(known))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: object) -> str:
    return "not set" if value is None else f'"{value}"' if isinstance(value, str) else str(value)
