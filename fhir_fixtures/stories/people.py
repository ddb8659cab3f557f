"""Who the patient is: somebody who died, somebody with two records."""

from __future__ import annotations

from datetime import date

from fhir_fixtures import lean
from fhir_fixtures.chart import Chart
from fhir_fixtures.model import Told
from fhir_fixtures.telling import story


@story(94, "patient-died")
def patient_died(chart: Chart) -> Told:
    """A treated patient died last autumn; the tests that have lapsed since are nobody's task: nothing to find."""
    lean.treated(chart, date(2025, 3, 3), antiviral_until=date(2025, 6, 16))
    lean.cd4(chart, date(2025, 6, 9))
    lean.results(chart, date(2025, 10, 6))
    chart.resources[0] |= {"active": False, "deceasedDateTime": "2025-11-14"}
    return Told(chart.at(date(2026, 4, 20), "18:00"))


@story(95, "two-records-of-one-patient", gender="female")
def two_records_of_one_patient(chart: Chart) -> Told:
    """The course stands under the old record, the tests under the one that replaces it: together nothing to find."""
    first = date(2026, 3, 2)
    lean.treated(chart, first)
    old = f"{chart.id}-old"
    for one in chart.resources[1:]:
        one["patient" if "patient" in one else "subject"] = {"reference": f"Patient/{old}"}
    lean.results(chart, date(2026, 4, 15), lean.MONTHLY)
    person = chart.resources[0]
    person["link"] = [{"other": {"reference": f"Patient/{old}"}, "type": "replaces"}]
    replaced = {key: value for key, value in person.items() if key not in ("link", "identifier")}
    by = [{"other": {"reference": chart.reference}, "type": "replaced-by"}]
    chart.resources.append(replaced | {"id": old, "active": False, "link": by})
    return Told(chart.at(date(2026, 4, 17), "18:00"))
