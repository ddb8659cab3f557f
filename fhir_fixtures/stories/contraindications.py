"""Who should not get LEMTRADA: HIV infection and allergy, and what only looks like them."""

from __future__ import annotations

from datetime import date, timedelta

from fhir_fixtures import builder, codes, lean
from fhir_fixtures.builder import Resource
from fhir_fixtures.chart import Chart
from fhir_fixtures.codes import Code
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import draft_course, story

MONDAY = date(2026, 3, 2)
_HIV = "hiv-contraindication"
_ALLERGY = "hypersensitivity-contraindication"
_RECORDED = date(2025, 11, 3)


@story(44, "hiv-on-problem-list", vignette="27")
def hiv_on_problem_list(chart: Chart) -> Told:
    """LEMTRADA is being signed for somebody with asymptomatic HIV infection on the problem list."""
    return _with_problem(chart, codes.HIV_STATUS, _found(_HIV, "violated", "critical"))


@story(45, "hiv-exposure-only", vignette="27", gender="female")
def hiv_exposure_only(chart: Chart) -> Told:
    """The problem list names contact with HIV, which is no infection: nothing to find."""
    return _with_problem(chart, codes.HIV_EXPOSURE)


@story(46, "hiv-refuted", vignette="27")
def hiv_refuted(chart: Chart) -> Told:
    """HIV infection was put on the problem list and refuted later: nothing to find."""
    return _with_problem(chart, codes.HIV_STATUS, verification="refuted")


@story(47, "hiv-screen-reactive", gender="female")
def hiv_screen_reactive(chart: Chart) -> Told:
    """A screening test for HIV was reactive and nothing has confirmed or excluded an infection yet."""
    return _with_test(chart, codes.HIV_SCREEN, codes.REACTIVE, _found(_HIV, "cannot-tell", "warning"))


@story(48, "hiv-test-indeterminate")
def hiv_test_indeterminate(chart: Chart) -> Told:
    """The confirming test for HIV came back indeterminate."""
    expected = _found(_HIV, "cannot-tell", "warning", reason="indeterminate")
    return _with_test(chart, codes.HIV_CONFIRMING, codes.INDETERMINATE, expected)


@story(49, "anaphylaxis-to-alemtuzumab", gender="female")
def anaphylaxis_to_alemtuzumab(chart: Chart) -> Told:
    """LEMTRADA is being signed for somebody who had an anaphylaxis to alemtuzumab."""
    entry = _entry(codes.ALEMTUZUMAB, to="alemtuzumab")
    return _with_allergy(chart, entry, _found(_ALLERGY, "violated", "critical"))


@story(50, "rash-under-alemtuzumab")
def rash_under_alemtuzumab(chart: Chart) -> Told:
    """A mild rash stands on the allergy list: infusion reaction or hypersensitivity, a person has to say."""
    entry = _entry(codes.LEMTRADA, to="Lemtrada", manifestation=codes.RASH, severity="mild")
    return _with_allergy(chart, entry, _found(_ALLERGY, "violated", "warning"))


@story(51, "allergy-unconfirmed", gender="female")
def allergy_unconfirmed(chart: Chart) -> Told:
    """An anaphylaxis to alemtuzumab is on the list, but nobody has confirmed it."""
    entry = _entry(codes.ALEMTUZUMAB, to="alemtuzumab", verification="unconfirmed")
    return _with_allergy(chart, entry, _found(_ALLERGY, "violated", "warning", note="verify"))


@story(52, "allergy-to-polysorbate")
def allergy_to_polysorbate(chart: Chart) -> Told:
    """An anaphylaxis to polysorbate 80, an excipient of LEMTRADA, entered in words."""
    return _with_allergy(chart, _entry(to="Polysorbate 80"), _found(_ALLERGY, "violated", "critical"))


@story(53, "allergy-refuted", gender="female")
def allergy_refuted(chart: Chart) -> Told:
    """An allergy to alemtuzumab was entered and refuted after testing: nothing to find."""
    return _with_allergy(chart, _entry(codes.ALEMTUZUMAB, to="alemtuzumab", verification="refuted"))


def _found(requirement: str, status: str, ordering: str, reason: str | None = None, note: str | None = None) -> Expect:
    """A contraindication in the plain report is a warning, one that cannot be told is info."""
    plain = "info" if status == "cannot-tell" else "warning"
    return Expect(requirement, status, reason=reason, note=note, indicator=plain, ordering=ordering)


def _entry(
    *substance: Code,
    to: str,
    manifestation: Code = codes.ANAPHYLAXIS,
    severity: str = "severe",
    verification: str = "confirmed",
) -> Resource:
    return builder.allergy(
        *substance,
        to=to,
        manifestation=manifestation,
        severity=severity,
        recorded=_RECORDED,
        verification=verification,
    )


def _with_problem(chart: Chart, code: Code, *expect: Expect, verification: str = "confirmed") -> Told:
    entry = builder.condition(code, onset=_RECORDED, verification=verification)
    lean.file(chart, "condition", entry)
    return _signed(chart, expect)


def _with_test(chart: Chart, code: Code, value: Code, *expect: Expect) -> Told:
    lean.answer(chart, "hiv", code, chart.at(date(2026, 2, 16), "07:45"), value)
    return _signed(chart, expect)


def _with_allergy(chart: Chart, entry: Resource, *expect: Expect) -> Told:
    lean.file(chart, "allergy", entry)
    return _signed(chart, expect)


def _signed(chart: Chart, expect: tuple[Expect, ...]) -> Told:
    lean.baseline(chart, MONDAY)
    now = chart.at(MONDAY - timedelta(days=10), "10:00")
    draft_course(chart, MONDAY, 5, written=now)
    return Told(now, expect, hooks=("order-sign",))
