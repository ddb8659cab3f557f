"""The codes of a label for reviewers: each value set once, where it is first met, and all codes in one index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from cds_service.labels import LabelBundle
from cds_service.labels.value_sets import Code, ValueSet
from cds_service.report.markdown import cell, fold, table

_LONG = 12  # a longer list is folded system by system
_UNVERIFIED = "unverified"
_READ_AS = {"count": "its number is read", "outcome": "its result is read"}
_PANELS = {"counts": "a panel that counts by itself", "members": "a panel that counts through its members only"}


class CodeLists:
    """Shows each value set in full the first time it is asked for, and a link to it from then on."""

    def __init__(self, bundle: LabelBundle) -> None:
        self.bundle = bundle
        self._shown: set[str] = set()

    def link(self, name: str) -> str:
        """The set's title, linked to its codes."""
        return f"[{self.bundle.value_sets[name].title}](#{_anchor(name)})"

    def counts(self, name: str) -> str:
        """How many codes of each system."""
        found = Counter(code.system for code in self._codes(name))
        return ", ".join(f"{count} {system}" for system, count in sorted(found.items())) or "none: by name only"

    def once(self, name: str) -> Iterator[str]:
        """The set with all its codes and names, if it was not shown before."""
        if name in self._shown:
            return
        self._shown.add(name)
        value_set, codes = self.bundle.value_sets[name], self._codes(name)
        yield from ("", f'<a id="{_anchor(name)}"></a>', "")
        title = f"{value_set.title} (`{name}`)"
        if len(codes) <= _LONG or len({code.system for code in codes}) == 1:
            yield from fold(f"{title}: {self.counts(name)}", [*_about(value_set), *_rows(codes)])
            return
        yield from (f"{cell(title)}", "", *_about(value_set))
        for system, group in groupby(sorted(codes, key=lambda code: code.system), key=lambda code: code.system):
            of_system = list(group)
            yield from fold(f"{len(of_system)} {system} of {name}", _rows(of_system))

    def _codes(self, name: str) -> list[Code]:
        return [code for code in self.bundle.codes if code.value_set == name]


def code_index(bundle: LabelBundle) -> Iterator[str]:
    """Every code by system and code, with the set it belongs to."""
    yield from ("", "## All codes", "", f"{len(bundle.codes)} codes. Where they come from:", "")
    sources = list(dict.fromkeys(code.source for code in bundle.codes))
    yield from (f"{number}. {cell(source)}" for number, source in enumerate(sources, start=1))
    by_system = sorted(bundle.codes, key=lambda code: code.system)
    for system, group in groupby(by_system, key=lambda code: code.system):
        codes = sorted(group, key=lambda code: code.code)
        rows = [
            (
                f"`{code.code}`",
                code.display,
                _role(code),
                f"[{code.value_set}](#{_anchor(code.value_set)})",
                str(sources.index(code.source) + 1),
            )
            for code in codes
        ]
        head = ("code", "display", "role", "value set", "source")
        yield from ("", *fold(f"{system} ({len(codes)})", table(head, rows)))


def _about(value_set: ValueSet) -> list[str]:
    told = [words for words in (_PANELS.get(value_set.panel or ""), _reading(value_set)) if words]
    if value_set.numeric:
        told.append("its value must be a number")
    if value_set.name_decides:
        told.append("a drug with such a code is what its written name says")
    if value_set.examination:
        told.append("a finished visit for that reason counts as well")
    lines = [f"This is {'; '.join(told)}.", ""] if told else []
    if value_set.names:
        names = ", ".join(f"“{cell(name)}”" for name in value_set.names)
        lines += [f"Matched as text, where there is no code: {names}.", ""]
    return lines


def _reading(value_set: ValueSet) -> str:
    if value_set.value is None:
        return ""
    words = _READ_AS.get(value_set.value, f"its {value_set.value} is read")
    return f"{words} in {value_set.unit}" if value_set.unit else words


def _rows(codes: Sequence[Code]) -> list[str]:
    rows = [(code.system, f"`{code.code}`", code.display, _role(code)) for code in codes]
    return table(("system", "code", "display", "role"), rows) if rows else []


def _role(code: Code) -> str:
    return f"**{code.role}, unverified**" if code.source.startswith(_UNVERIFIED) else code.role


def _anchor(name: str) -> str:
    return f"codes-{name}"
