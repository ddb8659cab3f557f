"""From resources to timelines: who a resource belongs to, what it says, what is missing from the record.

Pure: bytes or decoded resources in, timelines out. Value sets and the site's time zone arrive as arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cds_service.core.timeline import ConditionFact, Gap, Mention, Source, TestOrder, Timeline, Unused
from cds_service.fhir.codes import CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.decode import Decoded, Unreadable
from cds_service.fhir.labs import LabReader
from cds_service.fhir.meds import MedicationReader
from cds_service.fhir.record import ANY_CONCEPT, SOURCE_OF_TYPE, Chart, Shelf, reference_of, subject_of, tail
from cds_service.fhir.structs import CodeableConcept, Coding, Entry, Resource

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_SERIOUS = frozenset({"error", "fatal"})
_REFUTED = frozenset({"refuted", "entered-in-error"})
_ORDER_STATUSES = frozenset({"active", "draft"})
_NOT_ORDERS = frozenset({"proposal", "plan", "option"})
ALL_SOURCES = tuple(SOURCE_OF_TYPE.values())


@dataclass(slots=True)
class Record:
    """Resources to read together. `gaps` are known already (a prefetch key that was not provided)."""

    entries: list[Entry] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    gaps: dict[Source, Gap] = field(default_factory=dict)
    drafts: list[Entry] = field(default_factory=list)


def bundle_record(decoded: Decoded) -> Record:
    """A Bundle as the whole record, unless it says itself that it is not (an error outcome, a next page)."""
    record = Record(unreadable=list(decoded.unreadable))
    partial = _collect(decoded, record)
    if partial:
        record.gaps = dict.fromkeys(ALL_SOURCES, Gap.PARTIAL)
    return record


def _collect(decoded: Decoded, record: Record, depth: int = 0) -> bool:
    """Flatten nested Bundles into the record; True when something says that data are missing."""
    partial = any(link.relation == "next" for link in decoded.links)
    for entry in decoded.entries:
        resource = entry.resource
        if resource is None:
            continue
        if resource.resourceType == "OperationOutcome":
            partial = partial or is_serious(resource)
        elif resource.resourceType == "Bundle" and depth < 8:
            inner = Decoded(resource.entry or [], links=resource.link or [])
            partial = _collect(inner, record, depth + 1) or partial
        else:
            record.entries.append(entry)
    return partial


def is_serious(outcome: Resource) -> bool:
    """True when an OperationOutcome reports an error (a warning loses nothing)."""
    return any((issue.severity or "") in _SERIOUS for issue in outcome.issue or ())


class RecordReader:
    """Reads records with one label's code index; keep one per label and site, use it for every request."""

    def __init__(self, index: CodeIndex, zone: ZoneInfo | None = None) -> None:
        self.index, self.zone = index, zone

    def read_all(self, record: Record) -> list[Timeline]:
        """One timeline per Patient (or per distinct subject where there is none); at least one."""
        return _Reading(self, record).all_patients()

    def read_one(self, record: Record, patient_id: str) -> Timeline:
        """The timeline of the patient the call is about; other patients' resources are named and never used."""
        return _Reading(self, record).one_patient(patient_id)


class _Reading:
    """One pass over one record."""

    def __init__(self, reader: RecordReader, record: Record) -> None:
        self.index, self.record = reader.index, record
        self.dates = DateReader(reader.zone)
        self._shelf: Shelf | None = None
        self.labs = LabReader(self.index, self.dates, self.shelf)
        self.meds = MedicationReader(self.index, self.dates, self.shelf)

    def shelf(self) -> Shelf:
        if self._shelf is None:
            self._shelf = Shelf([*self.record.entries, *self.record.drafts])
        return self._shelf

    # --- whose resource is it ------------------------------------------------------------

    def all_patients(self) -> list[Timeline]:
        charts = self._charts_of_patients()
        have_patients = bool(charts)
        by_subject: dict[str | None, Chart | None] = {}
        first_seen: dict[str, Chart] = {}
        strays: list[Unused] = []
        for entry in self._first_versions(self.record.entries):
            resource = entry.resource
            if resource is None or resource.resourceType not in _READ_TYPES:
                continue
            subject = subject_of(resource)
            if subject not in by_subject:
                by_subject[subject] = _find_chart(subject, charts, first_seen, have_patients=have_patients)
            chart = by_subject[subject]
            if chart is not None:
                self._file(chart, entry)
            elif subject is None:
                self._file_unnamed(resource, entry.fullUrl, list(charts.values()) or list(first_seen.values()), strays)
            else:
                strays.append(Unused(reference_of(resource, entry.fullUrl), "wrong-patient"))
        found = list({id(chart): chart for chart in (*charts.values(), *first_seen.values())}.values())
        if not found:
            found = [Chart(None)]
        for chart in found:
            chart.unused += strays
            chart.gaps = dict(self.record.gaps)
            self._file_unreadable(chart)
        return [chart.timeline() for chart in found]

    def one_patient(self, patient_id: str) -> Timeline:
        chart = Chart(f"Patient/{patient_id}")
        own: dict[str | None, bool] = {}
        seen: dict[Source, int] = {}
        foreign: dict[Source, int] = {}
        for entry in self._first_versions(self.record.entries):
            resource = entry.resource
            if resource is None or resource.resourceType not in _READ_TYPES:
                continue
            source = SOURCE_OF_TYPE[resource.resourceType]
            subject = subject_of(resource)
            if subject not in own:
                own[subject] = subject is not None and tail(subject) in (f"Patient/{patient_id}", patient_id)
            if own[subject]:
                seen[source] = seen.get(source, 0) + 1
                self._file(chart, entry)
            elif subject is None:
                seen[source] = seen.get(source, 0) + 1
                self._file_unnamed(resource, entry.fullUrl, [chart], chart.unused)
            else:
                foreign[source] = foreign.get(source, 0) + 1
                chart.drop(reference_of(resource, entry.fullUrl), "wrong-patient")
        for draft in self.record.drafts:
            self._file(chart, draft, draft=True)
        chart.gaps = dict(self.record.gaps)
        for source in foreign:
            chart.gaps.setdefault(source, Gap.FOREIGN_DATA if seen.get(source) else Gap.PARTIAL)
        self._file_unreadable(chart)
        return chart.timeline()

    def _charts_of_patients(self) -> dict[str, Chart]:
        """A chart per Patient resource, under its reference and its fullUrl."""
        charts: dict[str, Chart] = {}
        for entry in self.record.entries:
            resource = entry.resource
            if resource is None or resource.resourceType != "Patient":
                continue
            name = reference_of(resource, entry.fullUrl)
            chart = charts.get(name) or Chart(name)
            charts[name] = chart
            if entry.fullUrl:
                charts[entry.fullUrl] = chart
        return charts

    def _first_versions(self, entries: Sequence[Entry]) -> Iterable[Entry]:
        """Entries without repeated versions of one resource: the latest `lastUpdated` stays, the others are named."""
        places: dict[tuple[str | None, str | None, str | None], int] = {}
        kept: list[Entry | None] = []
        for entry in entries:
            resource = entry.resource
            if resource is None:
                continue
            if resource.id is None:
                kept.append(entry)
                continue
            key = (resource.resourceType, resource.id, subject_of(resource))
            place = places.setdefault(key, len(kept))
            if place == len(kept):
                kept.append(entry)
                continue
            held = kept[place]
            if held is not None and held.resource is not None and _is_newer(resource, held.resource):
                kept[place] = entry
        return [entry for entry in kept if entry is not None]

    def _file_unnamed(
        self, resource: Resource, full_url: str | None, charts: list[Chart], strays: list[Unused]
    ) -> None:
        """A resource that names no patient is nobody's evidence; verdicts resting on its absence cannot be told."""
        reference = reference_of(resource, full_url)
        concepts = self._concepts_of(resource)
        if not concepts:
            return
        strays.append(Unused(reference, "unresolved-reference"))
        for chart in charts:
            self._doubt(chart, resource.resourceType or "", reference, concepts)

    def _concepts_of(self, resource: Resource) -> frozenset[str]:
        found = self.index.coded(resource.code) | self.meds.concepts(resource)
        return found.union(*(self.index.coded(part.code) for part in resource.component or ()))

    # --- what does it say ------------------------------------------------------------

    def _file(self, chart: Chart, entry: Entry, *, draft: bool = False) -> None:
        resource = entry.resource
        if resource is None:
            return
        match resource.resourceType:
            case "Observation":
                self.labs.observation(chart, resource, entry.fullUrl)
            case "MedicationAdministration":
                self.meds.administration(chart, resource, entry.fullUrl)
            case "DiagnosticReport":
                self.labs.report(chart, resource, entry.fullUrl)
            case "MedicationRequest":
                self.meds.order(chart, resource, entry.fullUrl, draft=draft)
            case "MedicationStatement" | "MedicationUsage" | "MedicationDispense":
                self.meds.mention(chart, resource, entry.fullUrl)
            case "ServiceRequest":
                self._test_order(chart, resource, entry.fullUrl, draft=draft)
            case "Condition":
                self._condition(chart, resource, entry.fullUrl)
            case _:
                pass

    def _test_order(self, chart: Chart, resource: Resource, full_url: str | None, *, draft: bool) -> None:
        if (resource.status not in _ORDER_STATUSES and not draft) or resource.intent in _NOT_ORDERS:
            return
        if resource.doNotPerform:
            return
        concepts = self.index.coded(resource.code)
        if not concepts:
            return
        text = resource.occurrenceDateTime
        if text is None and resource.occurrencePeriod is not None:
            text = resource.occurrencePeriod.end or resource.occurrencePeriod.start
        if text is None and resource.occurrenceTiming is not None:
            repeat = resource.occurrenceTiming.repeat
            bounds = repeat.boundsPeriod if repeat is not None else None
            text = max(resource.occurrenceTiming.event or (), default=None) or (bounds.end if bounds else None)
        text = text or resource.authoredOn
        when = self.dates.read(text) if text else None
        chart.test_orders.append(TestOrder(reference_of(resource, full_url), concepts, when))

    def _condition(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        concepts = self.index.coded(resource.code)
        if not concepts:
            return
        reference = reference_of(resource, full_url)
        verification = resource.verificationStatus
        codes = [verification] if isinstance(verification, str) else []
        if isinstance(verification, CodeableConcept):
            codes = [coding.code or "" for coding in verification.coding or ()]
        if _REFUTED.intersection(codes):
            if "entered-in-error" in codes:
                chart.drop(reference, "entered-in-error")
            return
        chart.conditions.append(ConditionFact(reference, concepts))

    # --- what could not be read ------------------------------------------------------------

    def _file_unreadable(self, chart: Chart) -> None:
        for item in self.record.unreadable:
            kind = item.plain.get("resourceType")
            if isinstance(kind, str) and kind not in _READ_TYPES and kind != "OperationOutcome":
                continue
            subject = _plain_subject(item.plain)
            if subject is not None and chart.patient is not None and tail(subject) != tail(chart.patient):
                continue
            chart.drop(item.reference, "unreadable")
            self._doubt_unreadable(chart, kind if isinstance(kind, str) else None, item)

    def _doubt_unreadable(self, chart: Chart, kind: str | None, item: Unreadable) -> None:
        concepts = self._plain_concepts(item.plain)
        if kind in ("Observation", "DiagnosticReport", None):
            readable = isinstance(item.plain.get("code"), dict)
            self._doubt(chart, kind or "Observation", item.reference, concepts if readable else {ANY_CONCEPT})
        if kind in ("MedicationAdministration", None):
            self._doubt(chart, "MedicationAdministration", item.reference, concepts)
        if kind is not None and kind not in ("Observation", "DiagnosticReport", "MedicationAdministration"):
            self._doubt(chart, kind, item.reference, concepts)

    def _doubt(self, chart: Chart, kind: str, reference: str, concepts: Iterable[str]) -> None:
        """A resource with these concepts exists but says nothing usable: what could rest on its absence is in doubt."""
        found = frozenset(concepts)
        if kind in ("Observation", "DiagnosticReport"):
            for concept in found:
                chart.unread[concept].append(reference)
        elif kind == "MedicationAdministration" and found:
            chart.administrations.append(self.meds.unreadable(reference, found))
        elif kind in ("MedicationStatement", "MedicationUsage", "MedicationDispense", "MedicationRequest") and found:
            chart.mentions.append(Mention(reference, found, by_text=False))

    def _plain_concepts(self, plain: dict[str, Any]) -> frozenset[str]:
        found: frozenset[str] = frozenset()
        for name in ("code", "medicationCodeableConcept", "medication"):
            concept = plain.get(name)
            if isinstance(concept, dict):
                inner = concept.get("concept")
                found |= self._plain_concept(inner if isinstance(inner, dict) else concept)
        return found

    def _plain_concept(self, concept: dict[str, Any]) -> frozenset[str]:
        codings = concept.get("coding")
        listed = codings if isinstance(codings, list) else [codings]
        read = [
            Coding(_text(item.get("system")), _text(item.get("code")), _text(item.get("display")))
            for item in listed
            if isinstance(item, dict)
        ]
        return self.index.drug(CodeableConcept(read, _text(concept.get("text"))))[0]


_READ_TYPES = frozenset(SOURCE_OF_TYPE) - {"Patient"}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else None


def _plain_subject(plain: dict[str, Any]) -> str | None:
    named = plain.get("subject") or plain.get("patient")
    reference = named.get("reference") if isinstance(named, dict) else None
    return reference if isinstance(reference, str) else None


def _find_chart(
    subject: str | None, charts: dict[str, Chart], first_seen: dict[str, Chart], *, have_patients: bool
) -> Chart | None:
    if subject is None:
        return None
    if have_patients:
        return charts.get(subject) or _same_server(subject, charts)
    name = tail(subject)
    chart = first_seen.get(name)
    if chart is None:
        chart = first_seen[name] = Chart(name)
    return chart


def _same_server(subject: str, charts: dict[str, Chart]) -> Chart | None:
    """An absolute reference by its Type/id, unless the Patient is known under another server's address."""
    name = tail(subject)
    chart = charts.get(name)
    if chart is None or "://" not in subject:
        return chart
    addresses = [url for url, found in charts.items() if found is chart and "://" in url]
    base = subject.split("/_history/", 1)[0].removesuffix(name)
    return chart if not addresses or any(url.startswith(base) for url in addresses) else None


def _is_newer(new: Resource, held: Resource) -> bool:
    new_time = new.meta.lastUpdated if new.meta is not None else None
    held_time = held.meta.lastUpdated if held.meta is not None else None
    return bool(new_time and (not held_time or new_time > held_time))
