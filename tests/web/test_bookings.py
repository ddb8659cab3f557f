"""appointment-book: which appointments are LEMTRADA's, what is said of them, and what when it cannot be told."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from fhir_fixtures import builder, codes
from fhir_fixtures.builder import Regimen
from fhir_fixtures.chart import Chart, lemtrada, valacyclovir
from fhir_fixtures.codes import Code
from tests.web.calls import cards_of, issues_of, rows_of
from tests.web.made import (
    FOR_LEMTRADA,
    MONDAY,
    add_orders,
    appointment,
    booked,
    cards,
    chart,
    order,
    ready,
    statuses,
    treated,
)

Json = dict[str, Any]
AT = "2026-02-20T16:00:00-05:00"
LEMTRADA: Json = codes.concept(codes.LEMTRADA)


def book(made: Chart, day: str = "2026-03-02", *, failed: tuple[str, ...] = (), **members: Any) -> list[Json]:
    return cards("appointment-book", made, AT, appointment(made, day, **members), failed=failed)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"serviceType": [{"text": "Lemtrada infusion"}]}, id="serviceType"),
        pytest.param({"serviceType": [{"concept": {"text": "Lemtrada infusion"}}]}, id="serviceType of R5"),
        pytest.param({"reasonCode": [LEMTRADA]}, id="reasonCode"),
        pytest.param({"reason": [{"concept": LEMTRADA}]}, id="reason of R5"),
        pytest.param({"reasonReference": [{"display": "LEMTRADA course 1"}]}, id="reasonReference by display"),
        pytest.param({"description": "LEMTRADA, day 1"}, id="description"),
        pytest.param({"comment": "for alemtuzumab"}, id="comment"),
        pytest.param({"basedOn": [{"display": "Lemtrada 12 mg"}]}, id="basedOn by display"),
    ],
)
def test_an_appointment_is_about_the_drug_by_its_own_words(members: Json) -> None:
    (card,) = book(chart(), **members)
    assert card["summary"].startswith("LEMTRADA booked for 2 Mar 2026: ")
    assert book(chart()) == []


@pytest.mark.parametrize("member", ["basedOn", "reasonReference"])
def test_or_by_the_order_it_refers_to(member: str) -> None:
    def members(reference: str) -> Json:
        return {member: [{"reference": reference}]}

    made = chart()
    reference = made.add("lemtrada", order(lemtrada(MONDAY, 5), "active"))
    other = made.add("other", order(valacyclovir(MONDAY, None), "active"))
    (card,) = book(made, "2026-03-09", **members(reference))
    assert card["summary"].startswith("LEMTRADA booked for 9 Mar 2026: ")
    assert book(made, "2026-03-09", **members(other)) == []


def test_or_when_an_active_order_starts_that_very_date() -> None:
    made = chart()
    made.add("lemtrada", order(lemtrada(MONDAY, 5), "active"))
    (card,) = book(made, "2026-03-02")
    assert "LEMTRADA booked for 2 Mar 2026" in card["summary"]


def test_an_active_order_alone_makes_no_appointment_the_drugs() -> None:
    made = chart()
    made.add("lemtrada", order(lemtrada(MONDAY, 5), "active"))
    for day in ("2026-03-01", "2026-03-03", "2026-03-09"):
        assert book(made, day) == []
        assert book(made, day, description="MRI of the brain") == []


def test_a_finished_order_or_a_cancelled_appointment_books_nothing() -> None:
    made = chart()
    made.add("lemtrada", order(lemtrada(MONDAY, 5), "completed"))
    assert book(made, "2026-03-02") == []
    assert book(made, **FOR_LEMTRADA, status="cancelled") == []


def test_it_is_said_to_be_booked_not_ordered() -> None:
    (card,) = cards_of(booked()())
    assert card["summary"] == "LEMTRADA booked for 2 Mar 2026: UPCR not found in this record."
    assert card["detail"].startswith("Found when checking the LEMTRADA appointment (2 Mar 2026) against the label:")
    assert "LEMTRADA appointment on 2 Mar 2026" in card["detail"]
    assert "LEMTRADA order" not in card["detail"]
    (suggestion,) = card["suggestions"]
    assert suggestion["actions"][0]["resource"]["occurrencePeriod"] == {"start": "2026-01-31", "end": "2026-03-01"}


def test_an_appointment_without_a_time_is_checked_and_no_date_is_invented() -> None:
    (card,) = cards("appointment-book", chart(), AT, appointment(chart(), None, **FOR_LEMTRADA))
    assert card["summary"].startswith("LEMTRADA appointment: corticosteroid, herpes prophylaxis, UPCR")
    assert "LEMTRADA appointment (no date given)" in card["detail"]
    asked = appointment(chart(), None, requestedPeriod=[{"start": "2026-03-02"}], **FOR_LEMTRADA)
    (card,) = cards("appointment-book", chart(), AT, asked)
    assert card["summary"].startswith("LEMTRADA booked for 2 Mar 2026: ")


def test_all_in_order_is_silence() -> None:
    made = ready()
    add_orders(made, draft=False)
    assert book(made, **FOR_LEMTRADA) == []


def test_the_interval_counts_from_the_day_booked_not_from_the_order() -> None:
    made = treated(date(2025, 3, 3))
    made.add("lemtrada", order(lemtrada(date(2026, 3, 9), 3), "active"))
    found = statuses(book(made, "2026-02-23", **FOR_LEMTRADA))
    assert found["course-interval"] == {"violated"}
    assert "course-interval" not in statuses(book(made, "2026-03-09", **FOR_LEMTRADA))


def test_contraindications_are_critical_and_cautions_share_one_card() -> None:
    made = ready()
    add_orders(made, draft=False)
    made.add("hiv", builder.condition(Code(codes.ICD10, "B20", "HIV disease"), onset=date(2024, 5, 12)))
    campath = Regimen(codes.CAMPATH, 30, builder.INTRAVENOUS, date(2012, 1, 3), date(2012, 3, 3), "30 mg")
    made.add("campath", order(campath, "completed", "2012-01-03"))
    made.add("vaccine", builder.immunization(codes.INFLUENZA_INACTIVATED, date(2026, 2, 10)))
    critical, cautions = book(made, **FOR_LEMTRADA)
    assert critical["indicator"] == "critical"
    assert critical["summary"].startswith("LEMTRADA is contraindicated: HIV infection is on the problem list")
    assert statuses([cautions]) == {"campath-history": {"violated"}, "vaccines-6-weeks": {"violated"}}
    assert cautions["indicator"] == "info"


def test_overdue_tests_are_said_before_a_later_course() -> None:
    made = treated(date(2025, 3, 3))
    found = statuses(book(made, "2026-03-09", **FOR_LEMTRADA))
    assert found["cbc-monthly"] == {"overdue"}
    assert not [name for name in found if name.endswith("-baseline")]


def test_an_appointment_tells_no_dose() -> None:
    made = ready()
    rows = rows_of(book(made, **FOR_LEMTRADA))
    assert {row["requirement"] for row in rows} == {"corticosteroid-premedication", "herpes-prophylaxis-start"}


def test_without_administrations_it_is_never_refused() -> None:
    for made in (chart(), ready(), treated(date(2025, 3, 3))):
        found = book(made, **FOR_LEMTRADA, failed=("administrations",))
        assert any("not an all-clear" in card["summary"] for card in found)
        assert book(made, description="MRI of the brain", failed=("administrations",)) == []


def test_without_the_orders_it_could_follow_an_appointment_cannot_be_told() -> None:
    for made in (treated(date(2025, 3, 3)), unclear()):
        (card,) = book(made, failed=("medications",))
        assert card["indicator"] == "warning"
        assert card["summary"] == (
            "LEMTRADA not checked: whether this appointment is for it could not be told. This is not an all-clear."
        )
        assert book(made) == []
    assert book(chart(), failed=("medications",)) == []


def unclear() -> Chart:
    """On the medication list, no infusion on record."""
    made = chart()
    entry = builder.statement(codes.LEMTRADA, status="completed", start=date(2024, 3, 4), end=None, text="LEMTRADA")
    made.add("statement", entry)
    return made


@pytest.mark.parametrize(
    "members",
    [
        {"participant": [{"actor": {"reference": "Patient/somebody-else"}, "status": "accepted"}]},
        {
            "participant": [
                {"actor": {"reference": "Practitioner/p1"}, "status": "accepted"},
                {"actor": {"reference": "Patient/somebody-else"}, "status": "accepted"},
            ]
        },
        {"subject": {"reference": "Patient/somebody-else"}},
    ],
)
def test_an_appointment_of_somebody_else_is_refused(members: Json) -> None:
    asked = booked()

    def change(body: Json) -> None:
        body["context"]["appointments"]["entry"][0]["resource"] |= members

    (issue,) = issues_of(asked(change), 422)
    assert issue["code"] == "conflict"
    assert issue["expression"] == ["context.appointments.entry[0].resource.subject"]


def test_appointments_must_be_a_bundle() -> None:
    shapes: tuple[object, ...] = (None, [], "text", {"resourceType": "Appointment"})
    for wrong in shapes:

        def change(body: Json, wrong: Any = wrong) -> None:
            body["context"]["appointments"] = wrong

        (issue,) = issues_of(booked()(change), 422)
        assert issue["expression"] == ["context.appointments"]
