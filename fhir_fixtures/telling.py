"""How a story is told: the decorator that names it, and the pieces several stories share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from fhir_fixtures import builder
from fhir_fixtures.chart import Chart, lemtrada, methylprednisolone, valacyclovir
from fhir_fixtures.clock import EASTERN
from fhir_fixtures.model import Expect, Told

Teller = Callable[[Chart], Told]


@dataclass(frozen=True)
class Entry:
    """A story that can be told."""

    number: int
    name: str
    description: str
    vignette: str | None
    gender: str
    zone: str
    teller: Teller

    def chart(self) -> Chart:
        """An empty chart of this story's patient."""
        born = date(1979 + self.number % 17, 1 + self.number % 12, 1 + self.number * 7 % 28)
        return Chart(self.number, self.gender, born, self.zone)


ENTRIES: dict[str, Entry] = {}


def story(
    number: int, name: str, *, vignette: str | None = None, gender: str = "male", zone: str = EASTERN
) -> Callable[[Teller], Teller]:
    """Enter a story under its name; its description is the function's docstring, its number never changes."""

    def enter(teller: Teller) -> Teller:
        if name in ENTRIES or number in {entry.number for entry in ENTRIES.values()}:
            raise ValueError(f"story {number} {name!r}: this name or number is taken; choose another")
        description = " ".join((teller.__doc__ or "").split())
        ENTRIES[name] = Entry(number, name, description, vignette, gender, zone, teller)
        return teller

    return enter


def draft_course(chart: Chart, first: date, days: int, *, written: str, dose: float = 12) -> None:
    """Drafts of a LEMTRADA course with its premedication and herpes prophylaxis."""
    chart.draft(
        "draft-lemtrada", builder.medication_request(lemtrada(first, days, dose), status="draft", authored=written)
    )
    chart.draft(
        "draft-steroid", builder.medication_request(methylprednisolone(first), status="draft", authored=written)
    )
    until = first + timedelta(days=184)
    chart.draft(
        "draft-antiviral", builder.medication_request(valacyclovir(first, until), status="draft", authored=written)
    )


def each(requirements: tuple[str, ...], template: Expect) -> tuple[Expect, ...]:
    """The same expectation for several requirements."""
    return tuple(replace(template, requirement=name) for name in requirements)


BLOOD_AND_URINE_MONTHLY = ("cbc-monthly", "creatinine-monthly", "urinalysis-monthly")
LABORATORY_RECURRING = (*BLOOD_AND_URINE_MONTHLY, "tsh-quarterly", "liver-periodic")
RECURRING = (*LABORATORY_RECURRING, "skin-exam-yearly")  # of every patient; hpv-yearly comes on top for women
LABORATORY_BASELINE = (
    "cbc-baseline",
    "creatinine-baseline",
    "urinalysis-baseline",
    "upcr-baseline",
    "tsh-baseline",
    "liver-baseline",
)
BASELINE = (*LABORATORY_BASELINE, "skin-exam-baseline")
SCREENING = ("vzv-immunity", "tb-screening", "hepatitis-screening")
