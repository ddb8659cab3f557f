"""What a label file holds for its reviewers: who signed, in which chapter a requirement is read, what is still open."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from cds_service.labels.fields import Table

# The chapters of a label's page, in reading order.
GROUPS: dict[str, str] = {
    "before": "Before the first infusion",
    "course": "Each course",
    "follow-up": "During follow-up",
    "who": "Who should not, and cautions",
    "text": "Text only",
}
UNSIGNED = "not reviewed by a pharmacist yet"
_SIGNATURE = ("reviewed_by", "reviewed_on", "reviewed_revision")


class SignOff(NamedTuple):
    """Who reviewed the label, on which day, and which revision of it."""

    by: str
    on: str
    revision: str

    def words(self, revision: str) -> str:
        """What the signature is worth for that revision: one of another revision does not count."""
        if self.revision == revision:
            return f"reviewed by {self.by} on {self.on}, revision {self.revision}"
        return f"{UNSIGNED}: {self.by} signed revision {self.revision} on {self.on}, which is not this one"


class OpenReading(NamedTuple):
    """A sentence of the label that can be read in more than one way, and how it is read until a pharmacist decides."""

    what: str
    reading: str


def read_sign_off(head: Table) -> SignOff | None:
    """The signature in [label]; None when all three fields are empty. Half of one is a mistake."""
    by, on, revision = (head.text(name, default="").strip() for name in _SIGNATURE)
    lacking = [name for name, value in zip(_SIGNATURE, (by, on, revision), strict=True) if not value]
    if len(lacking) == len(_SIGNATURE):
        return None
    if lacking:
        fields = " and ".join(f"`{name}`" for name in lacking)
        head.problems.add(head.place, f"the sign-off lacks {fields}; fill in all of {', '.join(_SIGNATURE)} or none")
    if on and not _is_day(on):
        head.problems.add(head.place, f'`reviewed_on` is "{on}"; write the day like "2026-11-24"')
    return SignOff(by, on, revision)


def read_open_readings(label_file: Table) -> tuple[OpenReading, ...]:
    """Every [[open_reading]]."""
    found = []
    for table in label_file.tables("open_reading"):
        found.append(OpenReading(table.text("what"), table.text("reading")))
        table.done()
    return tuple(found)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
