"""The benchmark measures what it says: realistic records, right answers, compared fairly. No time is asserted."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.bundle import Bundle

from benchmarks import bare_decode, observations, records
from benchmarks.__main__ import GROUPS, machine_readable
from benchmarks.expected import TESTS_TOO_LATE, check_card, check_report, check_silence
from benchmarks.lines import load_engine
from benchmarks.load import Connection, Load, post, server
from benchmarks.rounds import Comparison, Spread, by_turns, compare
from benchmarks.served import PATH
from benchmarks.table import Line
from cds_service.fhir import structs
from tests.code_health.check_digits import loinc_is_valid

ONE = Spread(1.0, 1.0, 1.0)

# What the service reads and judging the requirements does not need -> why the yardstick goes without.
NOT_IN_THE_YARDSTICK = {
    "Resource.start": "appointments: at the hook of that name only",
    "Resource.requestedPeriod": "appointments",
    "Resource.participant": "appointments",
    "Resource.serviceType": "appointments",
    "Resource.reasonReference": "appointments",
    "Resource.basedOn": "appointments",
    "Resource.description": "appointments",
    "Resource.comment": "appointments",
    "Resource.note": "appointments",
    "Resource.patientInstruction": "appointments",
    "Resource.specialty": "appointments",
    "Resource.appointmentType": "appointments",
    "Resource.entry": "a Bundle inside a Bundle, or in prefetch",
    "Resource.parameter": "a record wrapped in Parameters",
    "Resource.total": "how many there were to find: in prefetch",
    "Entry.request": "what was deleted: in a history",
    "Issue.code": "the severity decides",
    "CodeableReference.display": "a name beside an R5 reference",
}
NAMES = {"CodeableConcept": "Concept", "CodeableReference": "Medication", "Ratio": "Amount"}


# ------------------------------------------------------------------------------------------------------------- records
@pytest.mark.parametrize("size", records.SIZES)
def test_a_record_holds_what_it_promises(size: int) -> None:
    found = records.resources(size)
    results = [r for r in found if r["resourceType"] == "Observation"]
    assert len(results) == size
    assert len({r["id"] for r in found}) == len(found)
    mean = sum(len(json.dumps(o, separators=(",", ":"))) for o in results) / size
    assert 1_300 < mean < 1_500
    given = [r for r in found if r["resourceType"] == "MedicationAdministration"]
    codes = [r["medicationCodeableConcept"]["coding"][0]["code"] for r in given]
    assert (codes.count("1594663"), codes.count("6902"), len(codes)) == (8, 8, 32)
    assert max(o["effectiveDateTime"] for o in results) < records.AS_OF
    assert {r["resourceType"] for r in found} == {"Patient", *records.KEYS.values()}


def test_a_larger_record_can_keep_its_share_of_tests_asked_for() -> None:
    asked = {test.code for test in observations.MONITORING}

    def share(size: int, *, evenly: bool) -> float:
        found = [r for r in records.resources(size, evenly=evenly) if r["resourceType"] == "Observation"]
        return sum(r["code"]["coding"][0]["code"] in asked for r in found) / size

    assert share(2_000, evenly=True) == pytest.approx(share(600, evenly=False), abs=0.03)
    assert share(2_000, evenly=False) < 0.7 * share(600, evenly=False)


def test_a_record_too_small_for_a_well_managed_patient_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than one well-managed patient needs"):
        records.resources(40)


def test_the_same_seed_gives_the_same_bytes() -> None:
    first = records.bundle(60)
    assert records.bundle(60) == first
    assert records.bundle(60, seed=1) != first


def test_the_record_is_valid_fhir() -> None:
    Bundle.model_validate_json(records.bundle(60))
    sets = records.prefetch(60)
    assert sets.pop("patient")["id"] == records.PATIENT
    assert sets.keys() == records.KEYS.keys()
    listed = sum(len(Bundle.model_validate(found).entry or ()) for found in sets.values())
    assert listed == len(records.resources(60)) - 1


def test_the_commonest_call_has_five_hundred_administrations_of_other_drugs() -> None:
    body = json.loads(records.unrelated_view())
    given = [entry["resource"] for entry in body["prefetch"]["administrations"]["entry"]]
    assert len(given) == 500
    assert "alemtuzumab" not in json.dumps(body).lower()
    Bundle.model_validate(json.loads(records.unrelated_view(50))["prefetch"]["administrations"])


def test_every_code_has_its_check_digit() -> None:
    codes = [*(test.code for test in observations.ALL_TESTS), *(panel[0] for panel in observations.PANELS)]
    assert [code for code in codes if not loinc_is_valid(code)] == []


# ----------------------------------------------------------------------------------------------------------- yardstick
def fields(module: Any) -> set[str]:
    """`Struct.field` of every Struct a module decodes into."""
    found = [item for item in vars(module).values() if isinstance(item, type) and issubclass(item, msgspec.Struct)]
    return {f"{item.__name__}.{name}" for item in found for name in item.__struct_fields__}


def test_the_yardstick_names_the_fields_the_service_reads_and_no_others() -> None:
    yardstick = {name for name in fields(bare_decode) if not name.startswith("Bundle.")}
    kinds = {name.partition(".")[0] for name in yardstick}
    service = set()
    for name in fields(structs):
        kind, _, field = name.partition(".")
        own = NAMES.get(kind, kind)
        if own in kinds:  # the others are decoded later, of the few resources that are asked for them
            service.add(name if name in NOT_IN_THE_YARDSTICK else f"{own}.{field}")
    assert yardstick - service == set(), "padded"
    assert service - yardstick - set(NOT_IN_THE_YARDSTICK) == set(), "starved"
    assert yardstick.isdisjoint(NOT_IN_THE_YARDSTICK)


def test_the_yardstick_reads_those_fields() -> None:
    decoded = [entry.resource for entry in bare_decode.decode(records.bundle(60)).entry or ()]
    assert len(decoded) == len(records.resources(60))
    known = [resource for resource in decoded if resource is not None]
    assert len([r for r in known if r.resourceType == "Observation" and r.status == "final"]) == 60
    given = [msgspec.json.decode(r.dosage) for r in known if r.resourceType == "MedicationAdministration"]
    assert [dosage["dose"]["value"] for dosage in given].count(12) == 8
    ordered = [r.dosageInstruction[0].doseAndRate for r in known if r.dosageInstruction]
    assert [doses[0].doseQuantity.value for doses in ordered if doses and doses[0].doseQuantity].count(12) == 2
    vaccines = [r.vaccineCode for r in known if r.resourceType == "Immunization"]
    assert len(vaccines) == 6
    assert all(vaccines)


# ------------------------------------------------------------------------------------------------------- right answers
@pytest.fixture(name="report", scope="module")
def _report() -> dict[str, Any]:
    (found,) = load_engine().reports(records.bundle(60), as_of=records.AS_OF)
    return found


def test_the_report_is_the_expected_one(report: dict[str, Any]) -> None:
    check_report([report], 60)


@pytest.mark.parametrize(
    "change",
    [
        {"courses": [{"infusions": [1] * 5}]},
        {"unused": [{"reference": "Observation/x", "why": "no-date"}]},
        {"assessments": []},
    ],
)
def test_a_wrong_report_is_not_timed(report: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="the report of 60 Observations"):
        check_report([report | change], 60)


def test_a_report_with_another_finding_is_not_timed(report: dict[str, Any]) -> None:
    rows = [
        row | {"status": "missing"} if row["requirement"] == "tsh-baseline" else row for row in report["assessments"]
    ]
    with pytest.raises(ValueError, match="tsh-baseline"):
        check_report([report | {"assessments": rows}], 60)
    with pytest.raises(ValueError, match="one was expected"):
        check_report([], 60)


def test_a_wrong_answer_is_not_timed() -> None:
    with pytest.raises(ValueError, match="one warning was expected"):
        check_card(b'{"cards":[]}')
    with pytest.raises(ValueError, match="silence was expected"):
        check_silence(b'{"cards":[{"summary":"something"}]}')


def test_the_served_answers_are_the_expected_ones_and_the_server_ends_with_its_block() -> None:
    with server("service") as port:
        load = Load(port, post(PATH, records.patient_view(60)))
        check_card(load.answer)
        with Connection(port) as connection:
            check_silence(connection.ask(post(PATH, records.unrelated_view(20))))
            with pytest.raises(ValueError, match=r"the server answered HTTP/1\.1 404"):
                connection.ask(post("/cds-services/none", b"{}"))
    with pytest.raises(ConnectionRefusedError):
        Connection(port)


def test_a_server_that_does_not_start_says_why() -> None:
    with pytest.raises(ValueError, match=r"(?s)did not start: .*KeyError"), server("nothing"):
        pass


# ---------------------------------------------------------------------------------------------------------------- load
@pytest.fixture(name="counting")
def _counting() -> Iterator[int]:
    """The port of a server that answers every request with how many it has had, up to 7."""
    listener = socket.create_server(("127.0.0.1", 0))
    had = iter([*range(1, 7), *[7] * 1_000])

    def answer(connection: socket.socket) -> None:
        with connection:
            while connection.recv(65_536):
                body = b"%d" % next(had)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                connection.sendall(body)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_an_answer_that_differs_from_the_first_one_stops_the_measurement(counting: int) -> None:
    with pytest.raises(ValueError, match="differently"):
        Load(counting, post("/", b"{}"), connections=1).per_second()


def test_a_turn_counts_every_request_of_every_connection(counting: int) -> None:
    for _ in range(6):
        Load(counting, post("/", b"{}"))
    load = Load(counting, post("/", b"{}"), connections=3)
    load.prepare(0.01, at_most=30)
    assert load.answer == b"7"
    assert load.per_second() > 0


# -------------------------------------------------------------------------------------------------------------- ratios
def test_both_sides_get_the_same_number_of_turns_and_begin_by_turns() -> None:
    turns: list[str] = []

    def take(who: str) -> float:
        turns.append(who)
        return 2.0 if who == "ours" else 4.0

    found = by_turns(lambda: take("ours"), lambda: take("theirs"), rounds=3)
    assert turns == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert found == Comparison(Spread(2.0, 2.0, 2.0), Spread(4.0, 4.0, 4.0), Spread(0.5, 0.5, 0.5), 3)


def test_work_is_timed_as_often_on_both_sides() -> None:
    turns = {"ours": 0, "theirs": 0}

    def take(who: str) -> None:
        turns[who] += 1

    compare(lambda: take("ours"), lambda: take("theirs"), rounds=5, at_least=0.0)
    assert turns["ours"] == turns["theirs"] >= 5


def test_a_spread_is_a_median_between_its_ends() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)
    assert Spread(2.0, 1.0, 3.0).scaled(1_000) == Spread(2_000, 1_000, 3_000)


def test_a_cost_can_be_shared_out() -> None:
    whole = Comparison(ONE.scaled(20), ONE.scaled(4), ONE.scaled(5), 3)
    assert whole.per(10, 2) == Comparison(ONE.scaled(2), ONE.scaled(2), ONE, 3)


@pytest.mark.parametrize(
    "ratio, cost, throughput",
    [
        (0.5, "aim reached", "target missed"),
        (1.2, "target missed", "target reached"),
        (1.0, "target reached", "target reached"),
        (1.5, "target missed", "aim reached"),
    ],
)
def test_a_cost_should_be_small_and_a_throughput_large(ratio: float, cost: str, throughput: str) -> None:
    result = Comparison(ONE, ONE, ONE.scaled(ratio), 3)
    line = Line(1, "something", 60, 1.0, 0.7, result)
    assert line.verdict == cost
    assert "<= 1.0" in line.row()
    line = replace(line, aim=1.5, unit="requests/s", more_is_better=True)
    assert line.verdict == throughput
    assert ">= 1.0" in line.row()
    (told,) = machine_readable([line], [])["lines"]
    assert (told["better"], told["unit"], told["verdict"]) == ("higher", "requests/s", throughput)


def test_the_lines_promised_so_far_are_measured() -> None:
    assert list(GROUPS) == ["1 and 2", "3", "5", "8", "11"]
    assert len(TESTS_TOO_LATE) == 3
