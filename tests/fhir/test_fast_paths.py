"""What is remembered, left undecoded or read the short way comes to the same as the plain way."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.core.courses import covers
from cds_service.core.dates import When, on_day
from cds_service.core.timeline import Dose, DrugOrder, Exposure
from cds_service.engine import Engine
from cds_service.fhir.codes import NO_CONCEPTS
from cds_service.fhir.dates import DateReader
from cds_service.fhir.decode import decode_bundle
from cds_service.fhir.meds import MedicationReader
from cds_service.fhir.reader import bundle_record
from cds_service.fhir.record import Shelf
from cds_service.fhir.structs import Dosage, Entry, Quantity, Repeat, Resource, Timing, resource_decoder
from cds_service.fhir.timing import daily_dose, planned_days, planned_period
from tests.fhir.made import (
    ALEMTUZUMAB,
    LEMTRADA,
    METHYLPREDNISOLONE,
    RXNORM,
    Json,
    administration,
    as_bytes,
    bundle,
    mg,
    order,
    timelines,
)

INDEX = Engine.load().reader.index
CVX = "http://hl7.org/fhir/sid/cvx"
NAMES = ("Lemtrada", "alemtuzumab", "valacyclovir 500 mg", "Campath", "water", "", " ", None)
CODINGS = st.fixed_dictionaries(
    {},
    optional={
        "system": st.sampled_from((RXNORM, CVX, "urn:other")),
        "code": st.sampled_from((LEMTRADA, ALEMTUZUMAB, METHYLPREDNISOLONE, "141", "04", "")),
        "display": st.sampled_from(NAMES),
    },
)
CONCEPTS = st.fixed_dictionaries(
    {},
    optional={"coding": st.lists(CODINGS, max_size=2), "text": st.sampled_from(NAMES)},
)


def reader() -> MedicationReader:
    return MedicationReader(INDEX, DateReader(), lambda: Shelf([]))


def given_drug(concept: Json) -> Resource:
    written = {"resourceType": "MedicationAdministration", "medicationCodeableConcept": concept}
    return resource_decoder.decode(as_bytes(written))


# ----------------------------------------------------------------------------------------------------- drugs and names
@given(st.lists(CONCEPTS, min_size=1, max_size=8))
def test_a_drug_remembered_is_the_drug_read_anew(concepts: list[Json]) -> None:
    remembering = reader()
    for concept in (*concepts, *concepts):
        drug = given_drug(concept)
        assert remembering._tell(drug) == reader()._tell_anew(drug)


@given(st.lists(st.sampled_from([name for name in NAMES if name]) | st.text(max_size=300), max_size=4))
def test_names_remembered_are_the_names_found(texts: list[str]) -> None:
    expected = NO_CONCEPTS.union(*map(INDEX._in_text, texts))
    assert INDEX.named(texts) == expected
    assert INDEX.named(texts) == expected


def test_a_long_text_is_searched_and_not_remembered() -> None:
    before = INDEX._in_short_text.cache_info().currsize
    assert INDEX.named(["x " * 300 + "Lemtrada"]) == INDEX.named(["Lemtrada"])
    assert INDEX._in_short_text.cache_info().currsize <= before + 1


# ------------------------------------------------------------------------------------------------------------- dosages
ODD: list[Any] = ["x", 3, [3], {"dose": "x"}, [{"route": 4}]]


@pytest.mark.parametrize("dosage", ODD)
def test_an_infusion_whose_dosage_is_none_is_named_and_leaves_exposure_open(dosage: Any) -> None:
    (timeline,) = timelines(bundle(administration(dosage=dosage)))
    assert [(item.reference, item.why) for item in timeline.unused] == [("MedicationAdministration/a1", "unreadable")]
    (found,) = timeline.administrations
    assert (found.exposure, found.why_not, found.dose) == (Exposure.UNKNOWN, "unreadable", None)
    assert found.start is not None


@pytest.mark.parametrize("dosage", ODD)
def test_a_dosage_that_is_none_matters_for_no_other_drug_and_for_nothing_that_did_not_happen(dosage: Any) -> None:
    (timeline,) = timelines(bundle(administration(code="5224", dosage=dosage)))
    assert (timeline.unused, timeline.administrations) == ((), ())
    (timeline,) = timelines(bundle(administration(status="entered-in-error", dosage=dosage)))
    assert [item.why for item in timeline.unused] == ["unreadable"]
    assert timeline.administrations == ()


def test_a_dosage_that_is_none_of_a_drug_that_cannot_be_told_is_an_exposure_that_cannot_be() -> None:
    nothing: Json = {"medicationCodeableConcept": None, "medicationReference": {"reference": "Medication/none"}}
    (timeline,) = timelines(bundle(administration(**nothing, dosage="x")))
    assert [item.why for item in timeline.unused] == ["unreadable"]
    assert [item.exposure for item in timeline.administrations] == [Exposure.UNKNOWN]


def test_a_listed_drug_whose_dosage_is_none_is_named_and_still_a_sign() -> None:
    listed = administration("s1", resourceType="MedicationStatement", status="active", dosage="x")
    (timeline,) = timelines(bundle(listed))
    assert [(item.reference, item.why) for item in timeline.unused] == [("MedicationStatement/s1", "unreadable")]
    assert [item.reference for item in timeline.mentions] == ["MedicationStatement/s1"]


def test_one_patients_timeline_is_the_same_by_either_way() -> None:
    record = bundle({"resourceType": "Patient", "id": "p1"}, administration(dosage="x"), administration("a2"))
    (whole,) = timelines(record)
    one = Engine.load().reader.read_one(bundle_record(decode_bundle(as_bytes(record))), "p1")
    assert (one.administrations, one.unused) == (whole.administrations, whole.unused)


# ---------------------------------------------------------------------------------------------------------- references
IDS = st.sampled_from(("1", "2", "3", ""))
TYPES = st.sampled_from(("Observation", "Medication"))
STORED = st.lists(st.tuples(TYPES, IDS, st.sampled_from((None, "urn:uuid:1", "https://a.example/Observation/1"))))
REFERENCES = st.builds(
    "{}{}/{}{}".format,
    st.sampled_from(("", "https://a.example/", "https://b.example/")),
    TYPES,
    IDS,
    st.sampled_from(("", "/_history/2", "|2")),
) | st.sampled_from(("urn:uuid:1", "1", "Observation", "", "/1"))


@given(STORED, st.lists(REFERENCES, min_size=1))
def test_a_resource_is_found_by_its_bare_id_as_by_its_name(
    stored: list[tuple[str, str, str | None]], references: list[str]
) -> None:
    entries = [Entry(url, Resource(kind, identity or None)) for kind, identity, url in stored]
    shelf = Shelf(entries)
    others = [Entry(None, Resource("Device", "9")), Entry(None, Resource("Group", "9"))]
    by_names = Shelf([*entries, *others])  # two that share an id: everything is found by type and id
    assert by_names._by_name is not None
    for reference in references:
        assert shelf.find(reference, Resource()) is by_names.find(reference, Resource())


# --------------------------------------------------------------------------------------------------------------- plans
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


def drug_order(plan: tuple[When | None, When | None, frozenset[date] | None, int | None]) -> DrugOrder:
    (found,) = timelines(bundle(order()))[0].drug_orders
    return found._replace(starts=plan[0], ends=plan[1], days=plan[2], day_count=plan[3])


@given(DAYS, st.integers(-3, 120), st.integers(-2, 125))
def test_an_order_covers_the_same_days_whether_they_are_listed(start: date, length: int, n: int) -> None:
    bounds = {"start": start.isoformat(), "end": (start + timedelta(length)).isoformat()}
    written = as_bytes([{"timing": {"repeat": {"boundsPeriod": bounds}}}])
    instructions = msgspec.json.decode(written, type=list[Dosage])
    dates = DateReader()
    period = planned_period(instructions, dates)
    listed = planned_days(instructions, period, dates)
    unlisted = planned_days(instructions, period, dates, spelled=False)
    assert unlisted == (listed[0], listed[1], None, None)
    day = start + timedelta(n)
    assert covers(drug_order(listed), day) == covers(drug_order(unlisted), day)


def test_only_the_labels_own_drug_has_its_days_listed() -> None:
    march = [{"timing": {"repeat": {"boundsPeriod": {"start": "2026-03-02", "end": "2026-03-06"}}}}]
    orders = (order(dosageInstruction=march), order("m2", METHYLPREDNISOLONE, dosageInstruction=march))
    own, steroid = timelines(bundle(*orders))[0].drug_orders
    assert (len(own.days or ()), steroid.days) == (5, None)
    assert steroid.ends == own.ends == on_day(date(2026, 3, 6))


@given(st.integers(-2, 12))
def test_so_many_times_a_day_is_as_often_as_in_24_hours(times: int) -> None:
    def dose(period: float, unit: str) -> Dose | None:
        repeat = Repeat(frequency=times, period=period, periodUnit=unit)
        found = msgspec.json.decode(as_bytes(mg(6)), type=Quantity)
        return daily_dose([Dosage(timing=Timing(repeat=repeat), doseQuantity=found)])

    assert dose(1, "d") == dose(24, "h") == Dose(Decimal(6) * max(1, times))
