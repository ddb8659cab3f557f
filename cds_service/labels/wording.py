"""The words of a label's messages and cards: templates by requirement or kind, chosen by status, variant and reason."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field

from cds_service.labels.fields import Problems, Table
from cds_service.labels.rules import KINDS


@dataclass(frozen=True, slots=True)
class Wording:
    """`messages`: requirement id or kind -> key -> template; `reasons`, `sources`, `notes`, `cards`: key -> template.

    `short`: requirement id -> the few words that name it in a list.

    Templates name facts in braces. The key of a message is `status`, `status.variant`, `status.reason` or
    `status.variant.reason`; the most specific one wins, the requirement's own before its kind's.
    """

    messages: Mapping[str, Mapping[str, str]]
    reasons: Mapping[str, str]
    sources: Mapping[str, str]
    notes: Mapping[str, str]
    short: Mapping[str, str]
    cards: Mapping[str, str]
    # templates asked for so far, which are few: choosing one costs five times the look-up
    _chosen: dict[tuple[str | None, ...], str] = field(init=False, repr=False, compare=False, default_factory=dict)

    def template(self, requirement: str, kind: str, status: str, variant: str | None, reason: str | None) -> str:
        """The most specific template; the empty string when there is none."""
        asked = (requirement, kind, status, variant, reason)
        found = self._chosen.get(asked)
        if found is None:
            found = self._chosen[asked] = self._choose(*asked)
        return found

    def _choose(self, requirement: str, kind: str, status: str, variant: str | None, reason: str | None) -> str:
        keys = [f"{status}.{variant}.{reason}", f"{status}.{variant}", f"{status}.{reason}", status]
        for table in (self.messages.get(requirement), self.messages.get(kind), self.messages.get("any")):
            if table is not None:
                for key in keys:
                    if key in table:
                        return table[key]
        return ""


def read_wording(raw: object, ids: set[str], problems: Problems) -> Wording:
    """All of cards.toml; unknown requirement ids and broken braces are mistakes."""
    file = Table(raw, "cards.toml", problems)
    messages = {}
    message_tables = file.table("messages")
    for name in message_tables.names():
        if name not in ids and name not in KINDS and name != "any":
            problems.add("cards.toml, [messages]", f'"{name}" is neither a requirement, a kind, nor "any"')
        messages[name] = _templates(message_tables.table(name), problems)
    parts = {name: _templates(file.table(name), problems) for name in ("reasons", "sources", "notes", "short", "cards")}
    for name in sorted(ids - set(parts["short"])):
        problems.add("cards.toml, [short]", f'the requirement "{name}" has no short name')
    file.done()
    return Wording(messages=messages, **parts)


def _templates(table: Table, problems: Problems) -> dict[str, str]:
    found = {}
    for name in table.names():
        template = found[name] = table.text(name)
        try:
            list(string.Formatter().parse(template))
        except ValueError as error:
            problems.add(f'{table.place}, "{name}"', f"the braces do not match: {error}")
    return found
