"""What a story is: a made-up patient, the moment to judge from, and what must be found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

Resource = dict[str, Any]

# Statuses that ask nobody to do anything.
IN_ORDER = frozenset({"met", "not-applicable"})

SILENT = "none"

# The requirements the expectations of every story are complete for: all of the label.
REQUIREMENTS = (
    "upcr-baseline",
    "tsh-baseline",
    "tsh-quarterly",
    "cbc-baseline",
    "cbc-monthly",
    "creatinine-baseline",
    "creatinine-monthly",
    "urinalysis-baseline",
    "urinalysis-monthly",
    "corticosteroid-premedication",
    "product-check",
    "campath-history",
    "daily-dose",
    "course-length",
    "course-interval",
    "follow-up-complete",
    "consecutive-days",
    "infusion-duration",
    "herpes-prophylaxis-start",
    "herpes-prophylaxis-duration",
    "liver-baseline",
    "liver-periodic",
    "skin-exam-baseline",
    "skin-exam-yearly",
    "hpv-yearly",
    "vaccines-6-weeks",
    "live-vaccine",
    "hiv-contraindication",
    "hypersensitivity-contraindication",
    "vzv-immunity",
    "tb-screening",
    "hepatitis-screening",
    "post-infusion-observation",
    "pretreatment-considered",
    "rems",
    "active-infection-contraindication",
    "indication",
    "cis-not-recommended",
    "adult",
    "two-prior-drugs",
    "malignancy-caution",
    "thyroid-caution",
    "immunosuppressant-caution",
    "acute-event-after-infusion",
    "autoimmune-event",
    "pregnancy-caution",
)


@dataclass(frozen=True)
class Expect:
    """One assessment a story must yield. A field that is None (but ``requirement`` and ``status``) is not compared."""

    requirement: str
    status: str
    reason: str | None = None
    note: str | None = None
    course: int | None = None
    day: int | None = None
    due: date | None = None
    days_overdue: int | None = None
    # The indicator in the plain report and at the chart; `ordering` is the one at the order hooks. SILENT: it has none.
    indicator: str | None = None
    ordering: str | None = None

    def as_json(self) -> Resource:
        """The keys of the service's report; None where nothing is compared."""
        return {
            "requirement": self.requirement,
            "status": self.status,
            "reason": self.reason,
            "note": self.note,
            "course": self.course,
            "day": self.day,
            "due": self.due.isoformat() if self.due else None,
            "daysOverdue": self.days_overdue,
            "indicator": self.indicator,
            "ordering": self.ordering,
        }


@dataclass(frozen=True)
class Told:
    """What a story function returns: when it is judged and what must come out."""

    as_of: str
    expect: tuple[Expect, ...] = ()
    # Where the wording of the requirements allows a second reading.
    doubt: str | None = None
    # Where ``expect`` holds, if not in the usual places (see Story.expect_at).
    expect_at: tuple[str, ...] | None = None
    # The verdict hangs on the exact length of months: do not rely on it when the story is shifted.
    calendar_bound: bool = False
    # Prefetch key -> OperationOutcome: queries that failed.
    failed: dict[str, Resource] = field(default_factory=dict)
    # Prefetch keys of which only the first page was sent.
    paged: tuple[str, ...] = ()
    # The hooks it is called at, if not the usual ones: the order hooks with drafts, patient-view without.
    hooks: tuple[str, ...] | None = None
    # Written in R5.
    r5: bool = False


@dataclass(frozen=True)
class Story:
    """A finished story. ``bundle`` is the whole record, ``requests`` holds one request body per hook."""

    number: int
    name: str
    description: str
    vignette: str | None
    as_of: str
    expect: tuple[Expect, ...]
    doubt: str | None
    # Where ``expect`` holds: "check" (the bundle) and names of hooks.
    expect_at: tuple[str, ...]
    calendar_bound: bool
    bundle: Resource
    requests: dict[str, Resource]

    @property
    def quiet(self) -> bool:
        """Whether no requirement of REQUIREMENTS may speak: what is expected, if anything, is in order."""
        return all(one.status in IN_ORDER and one.indicator in (None, SILENT) for one in self.expect)

    @property
    def hooks(self) -> tuple[str, ...]:
        """The hooks this story has a request for."""
        return tuple(self.requests)

    @property
    def today(self) -> date:
        """The local date of ``as_of``."""
        return datetime.fromisoformat(self.as_of).date()

    def as_json(self) -> Resource:
        """The content of story.json."""
        return {
            "name": self.name,
            "description": self.description,
            "vignette": self.vignette,
            "asOf": self.as_of,
            "quiet": self.quiet,
            "expected": [one.as_json() for one in self.expect],
            "expectedAt": list(self.expect_at),
            "calendarBound": self.calendar_bound,
            "doubt": self.doubt,
            "hooks": list(self.hooks),
        }
