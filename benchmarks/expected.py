"""Nothing is gained by being fast and wrong: the answer must be the right one before it is timed."""

import json
from typing import Any, Final

TESTS_TOO_LATE: Final = {"cbc-monthly", "creatinine-monthly", "urinalysis-monthly"}
_SETTLED: Final = {"met", "not-applicable"}
_REQUIREMENTS: Final = 46


def check_report(reports: list[dict[str, Any]], size: int) -> None:
    """ValueError unless the treated patient of `benchmarks.records` was read in full and judged rightly."""
    what = f"the report of {size} Observations"
    if len(reports) != 1:
        raise ValueError(f"{what}: one was expected, not {len(reports)}")
    report = reports[0]
    infusions = [len(course["infusions"]) for course in report["courses"]]
    if infusions != [5, 3]:
        raise ValueError(f"{what}: infusions by course {infusions}, not [5, 3]")
    if report["unused"]:
        raise ValueError(f"{what}: {len(report['unused'])} resources were not used, such as {report['unused'][0]}")
    rows = report["assessments"]
    if len({row["requirement"] for row in rows}) < _REQUIREMENTS:
        raise ValueError(f"{what}: fewer than {_REQUIREMENTS} requirements were judged")
    _check_rows(what, [row for row in rows if row["status"] not in _SETTLED])


def check_card(body: bytes) -> None:
    """ValueError unless the answer to the treated patient's call is its one card, with an order for each late test."""
    what = "the answer for the treated patient"
    cards = json.loads(body)["cards"]
    if [card["indicator"] for card in cards] != ["warning"]:
        raise ValueError(f"{what}: one warning was expected, not {[card['summary'] for card in cards]}")
    _check_rows(what, cards[0]["extension"]["io.github.cds-service.assessments"]["assessments"])
    ordered = [suggestion["actions"][0]["type"] for suggestion in cards[0].get("suggestions", [])]
    if ordered != ["create"] * len(TESTS_TOO_LATE):
        raise ValueError(f"{what}: an order for each late test was expected, not {ordered}")


def check_silence(body: bytes) -> None:
    """ValueError unless the answer for somebody who never had the drug is silence."""
    if json.loads(body) != {"cards": []}:
        raise ValueError("the answer for an untreated patient: silence was expected, not cards")


def _check_rows(what: str, rows: list[dict[str, Any]]) -> None:
    found = sorted((row["requirement"], row["status"]) for row in rows)
    if found != sorted((name, "overdue") for name in TESTS_TOO_LATE):
        raise ValueError(f"{what}: only the monthly tests should be overdue, not {found}")
