"""The benchmark measures what it says: realistic records, the same every time, compared fairly. No time is asserted."""

import json

import pytest
from fhir.resources.R4B.bundle import Bundle

from benchmarks import bare_decode, records
from benchmarks.lines import check_report
from benchmarks.rounds import Spread, compare
from tests.code_health.check_digits import loinc_is_valid


@pytest.mark.parametrize("size", records.SIZES)
def test_a_record_holds_what_it_promises(size: int) -> None:
    found = [entry["resource"] for entry in json.loads(records.bundle(size))["entry"]]
    observations = [r for r in found if r["resourceType"] == "Observation"]
    assert len(observations) == size
    assert len({r["id"] for r in found}) == len(found)
    mean = sum(len(json.dumps(o, separators=(",", ":"))) for o in observations) / size
    assert 1_300 < mean < 1_500
    given = [r for r in found if r["resourceType"] == "MedicationAdministration"]
    codes = [r["medicationCodeableConcept"]["coding"][0]["code"] for r in given]
    assert (codes.count("1594663"), codes.count("6902"), len(codes)) == (8, 8, 16)
    assert max(o["effectiveDateTime"] for o in observations) < records.AS_OF


def test_the_same_seed_gives_the_same_bytes() -> None:
    first = records.bundle(60)
    records.resources.cache_clear()
    assert records.bundle(60) == first
    assert records.bundle(60, seed=1) != first


def test_the_record_is_valid_fhir() -> None:
    Bundle.model_validate_json(records.bundle(600))
    sets = records.prefetch(60)
    assert sets.pop("patient")["id"] == records.PATIENT
    assert sum(len(Bundle.model_validate(found).entry or ()) for found in sets.values()) == 60 + 16


def test_every_code_has_its_check_digit() -> None:
    tests = (*records.MONITORING, *records.UNRELATED, *records.VITALS, records.SYSTOLIC, records.DIASTOLIC)
    assert [t.code for t in tests if not loinc_is_valid(t.code)] == []


def test_the_bare_decode_reads_the_fields_needed() -> None:
    decoded = [entry.resource for entry in bare_decode.decode(records.bundle(60)).entry]
    assert len(decoded) == 1 + 16 + 60
    assert all(r is not None and (r.status == "final") is (r.resourceType == "Observation") for r in decoded)
    infusion = decoded[2]
    assert infusion is not None
    assert infusion.dosage is not None
    assert infusion.dosage.dose is not None
    assert infusion.dosage.dose.value == 12


def test_both_sides_get_the_same_number_of_turns() -> None:
    turns = {"ours": 0, "theirs": 0}

    def take(who: str) -> None:
        turns[who] += 1

    compare(lambda: take("ours"), lambda: take("theirs"), rounds=5, at_least=0.0)
    assert turns["ours"] == turns["theirs"] >= 5


def test_a_spread_is_a_median_between_its_ends() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)
    assert Spread(2.0, 1.0, 3.0).scaled(1_000) == Spread(2_000, 1_000, 3_000)


@pytest.mark.parametrize("reports", [[], [{"courses": []}], [{"courses": [{"infusions": [1] * 5}]}]])
def test_a_wrong_report_is_not_timed(reports: list[dict[str, list[dict[str, list[int]]]]]) -> None:
    with pytest.raises(ValueError, match="misread"):
        check_report(reports, 60)
