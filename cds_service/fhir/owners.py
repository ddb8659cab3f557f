"""Whose resource is it: from the subject a resource names to the chart it belongs to."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.fhir.decode import Unreadable
from cds_service.fhir.people import one_and_the_same
from cds_service.fhir.record import Chart, reference_of, subject_of, tail
from cds_service.fhir.structs import Entry, Resource

# What else an observation or an order can be about; nobody's chart.
_THINGS = ("Group/", "Device/", "Location/", "Medication/", "Organization/", "Practitioner/", "Substance/")


class _Naming:
    """What a subject says by itself."""

    def is_unnamed(self, subject: str | None) -> bool:
        """No patient is named: a contained one is nobody, a search for one (in a transaction) has found nobody yet."""
        return not subject or subject.startswith("#") or "?" in subject

    def is_patient(self, subject: str | None) -> bool:
        """A patient is named, or something that may be one."""
        return subject is not None and not tail(subject).startswith(_THINGS)


class Owners(_Naming):
    """The charts of a record: one per Patient, or one per distinct subject where there is no Patient at all.

    `known`: charts by every reference asked for so far.
    """

    def __init__(self, entries: Iterable[Entry], unreadable: Iterable[Unreadable]) -> None:
        self.known: dict[str | None, Chart] = {}
        self._by_name: dict[str, Chart] = {}
        patients = [e for e in entries if e.resource is not None and e.resource.resourceType == "Patient"]
        same = one_and_the_same(patients)
        for entry in patients:
            if entry.resource is not None:
                name = reference_of(entry.resource, entry.fullUrl)
                self._add(name, entry.fullUrl, same.get(name, name))
        for name, survivor in same.items():
            self._add(name, None, survivor)
        for item in unreadable:
            if item.plain.get("resourceType") == "Patient" and isinstance(item.plain.get("id"), str):
                self._add(item.reference, None, item.reference)
        self._have_patients = bool(self._by_name)

    def _add(self, name: str, full_url: str | None, survivor: str) -> None:
        """`survivor`: the name a linked patient goes by."""
        chart = self._by_name.get(name) or self._by_name.get(survivor) or Chart(survivor)
        self._by_name[survivor] = self._by_name[name] = chart
        if full_url:
            self._by_name[full_url] = chart

    def find(self, subject: str | None) -> Chart | None:
        """The chart of whom a resource names; None when that is nobody here."""
        if subject is None or self.is_unnamed(subject):
            return None
        chart = self.known.get(subject)
        if chart is None:
            chart = self._listed(subject) if self._have_patients else self._first_seen(subject)
            if chart is not None:
                self.known[subject] = chart
        return chart

    def of(self, resource: Resource | None) -> Chart | None:
        """The chart a resource belongs to."""
        return self.find(subject_of(resource)) if resource is not None else None

    def charts(self) -> list[Chart]:
        """Every chart once; one that is nobody's when nobody is named at all."""
        found = list({id(chart): chart for chart in self._by_name.values()}.values())
        if not found:
            found = [self._by_name.setdefault("", Chart(None))]
        return found

    def _first_seen(self, subject: str) -> Chart | None:
        if not self.is_patient(subject):
            return None
        name = tail(subject)
        return self._by_name.setdefault(name, Chart(name))

    def _listed(self, subject: str) -> Chart | None:
        """By reference or address; an absolute one by its Type/id, unless the Patient is of another server."""
        chart = self._by_name.get(subject)
        if chart is not None:
            return chart
        name = tail(subject)
        chart = self._by_name.get(name) or self._by_name.get(f"Patient/{name}")
        if chart is None or "://" not in subject:
            return chart
        addresses = [url for url, found in self._by_name.items() if found is chart and "://" in url]
        base = subject.split("/_history/", 1)[0].removesuffix(name)
        return chart if not addresses or any(url.startswith(base) for url in addresses) else None


class OneOwner(_Naming):
    """The one chart of a call about one patient."""

    def __init__(self, chart: Chart, names: frozenset[str]) -> None:
        self._chart = chart
        self._names = names
        self._own: dict[str, bool] = {}

    def find(self, subject: str | None) -> Chart | None:
        """The chart, when the subject is the patient."""
        if subject is None:
            return None
        own = self._own.get(subject)
        if own is None:
            own = self._own[subject] = tail(subject) in self._names
        return self._chart if own else None

    def of(self, resource: Resource | None) -> Chart | None:
        """The chart, when the resource is the patient's."""
        return self.find(subject_of(resource)) if resource is not None else None
