"""Orders for tests, vaccines and infusions, conditions, examinations, appointments: a fact for a resource."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from cds_service.core.dates import When
from cds_service.core.timeline import Appointment, ConditionFact, DrugOrder, Mention, Result, ServiceOrder
from cds_service.fhir.codes import DIAGNOSES, NO_CONCEPTS, CodeIndex
from cds_service.fhir.conditions import read_course
from cds_service.fhir.dates import DateReader
from cds_service.fhir.phrases import asks_to_give, names_wholly
from cds_service.fhir.plain import as_list, codes_of, concepts_in, links_in, plain, texts_in
from cds_service.fhir.record import Chart, Shelf, is_code, reference_of, subject_of, tail
from cds_service.fhir.structs import CodeableConcept, Coding, Resource, Timing
from cds_service.fhir.vaccines import VaccineReader

_REFUTED = frozenset({"refuted", "entered-in-error"})
_UNSURE = frozenset({"provisional", "differential", "unconfirmed"})
_OPEN_ORDERS = frozenset({"active", "draft"})
_DONE_ORDERS = frozenset({"completed"})
_NOT_ORDERS = frozenset({"proposal", "plan", "option"})
_VOID_ORDERS = {"entered-in-error": "entered-in-error", "revoked": "not-done", "on-hold": "not-done"}
_DONE = frozenset({"completed", "finished", "discharged"})
_VOID = frozenset({"entered-in-error", "not-done", "cancelled", "stopped", "discontinued"})
_STILL_OPEN = frozenset({"preparation", "in-progress", "on-hold", "planned", "arrived", "triaged", "onleave"})
_BEGUN = frozenset({"in-progress", "stopped", "on-hold"})
_SYSTEM_PATH = re.compile(r"^.*[/:]")
_SAID_OF_APPOINTMENTS = (
    *("description", "comment", "note", "patientInstruction", "reasonCode", "reason"),
    *("serviceType", "specialty", "appointmentType"),
)
_DEAD_APPOINTMENTS = frozenset({"cancelled", "noshow", "entered-in-error"})


class FactReader:
    """Reads facts of one record. `shelf` is asked for only when an appointment refers to its order or reason."""

    def __init__(
        self, index: CodeIndex, dates: DateReader, shelf: Callable[[], Shelf], vaccines: VaccineReader | None = None
    ) -> None:
        self._index, self._dates, self._shelf = index, dates, shelf
        self._vaccines = vaccines or VaccineReader(index, dates)
        self._diagnoses = index.of_systems(DIAGNOSES) - index.examinations

    # --- orders ---------------------------------------------------------------------------

    def service_order(self, chart: Chart, resource: Resource, full_url: str | None, *, draft: bool = False) -> None:
        """File a ServiceRequest for a test, a vaccine, or (by its code) an infusion the label knows."""
        coded, concepts = self._index.coded(resource.code), self._vaccines.ordered(resource)
        if not concepts:
            self._without_code(chart, resource, full_url, NO_CONCEPTS)
            return
        reference = reference_of(resource, full_url)
        why = _why_no_order(resource, draft=draft)
        if why is not None:
            chart.drop(reference, why)
            return
        starts, ends = self._planned(resource)
        written = self._dates.read(resource.authoredOn) if resource.authoredOn else None
        when = ends or starts
        if when is None and _has_time(resource):
            chart.drop(reference, "bad-date")
        elif when is None:
            when = written
            if resource.authoredOn and written is None:
                chart.drop(reference, "bad-date")
        is_draft = draft or resource.status == "draft"
        by_text = not coded and self._gives_drug(resource.code)
        if by_text or coded & self._index.own:
            chart.own = self._index.own
            order = _infusion(resource, reference, concepts, (starts, ends, written), draft=is_draft)
            chart.infusion_orders.append(order._replace(by_text=by_text))
        elif is_draft or is_code(resource.status, _OPEN_ORDERS):
            chart.service_orders.append(ServiceOrder(reference, concepts, when, written, is_draft))

    def _planned(self, resource: Resource) -> tuple[When | None, When | None]:
        """First and last time an order is for."""
        period, timing = resource.occurrencePeriod, resource.occurrenceTiming
        first = last = resource.occurrenceDateTime
        if first is None and period is not None:
            first, last = period.start, period.end or period.start
        if first is None and last is None and timing is not None:
            bounds = timing.repeat.boundsPeriod if timing.repeat is not None else None
            events = timing.event or ()
            first = min(events, default=None) or (bounds.start if bounds is not None else None)
            last = max(events, default=None) or (bounds.end if bounds is not None else None)
        return self._dates.read(first) if first else None, self._dates.read(last) if last else None

    def _gives_drug(self, code: object) -> bool:
        """Whether a service, by its words alone, is the label's drug being given; a mention of it is not."""
        return any(asks_to_give(text, self._names_own) for text in _words_of(code))

    def _names_own(self, text: str) -> bool:
        return not self._index.own.isdisjoint(self._index.named((text,)))

    # --- diagnoses, examinations ----------------------------------------------------------

    def condition(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File a Condition the label knows, unless it is refuted."""
        concepts = self._index.coded(resource.code)
        codes = codes_of(resource.verificationStatus)
        is_named = not concepts
        if is_named:
            if codes & _REFUTED:
                return
            concepts = self._named_diagnosis(resource.code)
        if not concepts:
            self._without_code(chart, resource, full_url, self._diagnoses)
            return
        reference = reference_of(resource, full_url)
        if codes & _REFUTED:
            if "entered-in-error" in codes:
                chart.drop(reference, "entered-in-error")
            return
        text = resource.recordedDate or resource.onsetDateTime
        course = read_course(resource, self._dates)
        when = self._dates.read(text) if text else course.onset
        unsure = is_named or bool(codes & _UNSURE)
        chart.conditions.append(ConditionFact(reference, concepts, when, unsure, *course))

    def _named_diagnosis(self, code: object) -> frozenset[str]:
        """A diagnosis by its words, or by a code of a system without a list (`icd-9-cm 042`): never a sure one."""
        found = NO_CONCEPTS
        for text in _words_of(code):
            if names_wholly(text, self._names_diagnosis):
                found |= self._index.named((text,)) & self._diagnoses
        for coding in _codings_of(code):
            if coding.system and coding.code and coding.system not in self._index.exact:
                name = f"{_SYSTEM_PATH.sub('', coding.system)} {coding.code}"
                found |= self._index.named((name,)) & self._diagnoses
        return found

    def _names_diagnosis(self, text: str) -> bool:
        return not self._diagnoses.isdisjoint(self._index.named((text,)))

    def procedure(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File an examination that was done, as a result of its concepts; an infusion or a vaccine as what it is."""
        concepts = self._index.coded(resource.code)
        code = resource.code if isinstance(resource.code, CodeableConcept) else None
        is_vaccine = self._vaccines.is_vaccine(code, concepts)
        by_text = not concepts and not is_vaccine and self._gives_drug(code)
        if by_text and code is not None:
            concepts = self._index.drug(code)[0]
        if not concepts and not is_vaccine:
            if not is_code(resource.status, _VOID):
                self._without_code(chart, resource, full_url, self._index.examinations)
            return
        reference = reference_of(resource, full_url)
        period, timing = resource.performedPeriod or resource.occurrencePeriod, resource.occurrenceTiming
        text = resource.performedDateTime or resource.occurrenceDateTime or (period.start if period else None)
        text = text or resource.performedString or resource.occurrenceString
        text = text or (min(timing.event or (), default=None) if timing is not None else None)
        if not is_vaccine and not concepts & self._index.own:
            self._examined(chart, resource, reference, concepts, text)
        elif is_code(resource.status, _VOID - {"stopped"}) or is_code(resource.status, {"preparation"}):
            chart.drop(reference, "entered-in-error" if resource.status == "entered-in-error" else "not-done")
        elif is_vaccine:
            is_sure = is_code(resource.status, _DONE | _BEGUN)
            if not is_sure:
                chart.drop(reference, "bad-status")
            self._vaccines.file(chart, reference, self._vaccines.concepts(code), text, unsure=not is_sure)
        else:
            when = self._dates.read(text) if text else None
            chart.mentions.append(Mention(reference, concepts, by_text=by_text, when=when))

    def _without_code(self, chart: Chart, resource: Resource, full_url: str | None, concepts: frozenset[str]) -> None:
        """A code that is no CodeableConcept may be any of these; no code at all is none."""
        if resource.code is not None and not isinstance(resource.code, CodeableConcept):
            chart.drop(reference_of(resource, full_url), "unreadable", concepts)

    def encounter(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File a visit whose reason is an examination the label knows, once it is over."""
        found = [concept for raw in (resource.reasonCode, resource.reason) for concept in concepts_in(plain(raw))]
        found += self._diagnoses_behind(resource)
        concepts = NO_CONCEPTS.union(*(self._index.coded(concept) for concept in found)) & self._index.examinations
        if concepts:
            period = resource.period or resource.actualPeriod
            self._examined(
                chart, resource, reference_of(resource, full_url), concepts, period.start if period else None
            )

    def _diagnoses_behind(self, resource: Resource) -> list[CodeableConcept]:
        """What the diagnoses say that a visit refers to as its reason; those of the same patient, not refuted."""
        links = [link for raw in (resource.reasonReference, resource.reason) for link in links_in(plain(raw))]
        found = []
        for link in links:
            reason = self._shelf().find(link, resource)
            if reason is None or not isinstance(reason.code, CodeableConcept):
                continue
            one, other = subject_of(reason), subject_of(resource)
            is_same = one is None or other is None or tail(one) == tail(other)
            if is_same and not codes_of(reason.verificationStatus) & _REFUTED:
                found.append(reason.code)
        return found

    def _examined(
        self, chart: Chart, resource: Resource, reference: str, concepts: frozenset[str], text: str | None
    ) -> None:
        status = resource.status
        when = self._dates.read(text) if text else None
        if not is_code(status, _DONE):
            if is_code(status, _VOID | _STILL_OPEN):
                chart.drop(reference, "entered-in-error" if status == "entered-in-error" else "not-done")
                chart.withdraw(resource, concepts, when, self._dates)
            else:
                chart.drop(reference, "bad-status", () if status == "unknown" else concepts)
            return
        if when is None:
            chart.drop(reference, "bad-date" if text else "no-date", concepts if text else ())
            return
        for concept in concepts:
            chart.results[concept].append(Result(when, reference, issued_only=False))

    # --- appointments ---------------------------------------------------------------------

    def appointment(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File an appointment that may still take place, and whether it is about the drug."""
        if is_code(resource.status, _DEAD_APPOINTMENTS):
            return
        text = resource.start or _requested(resource)
        starts = self._dates.read(text) if text else None
        about = self._is_about_drug(resource)
        chart.appointments.append(Appointment(reference_of(resource, full_url), about, starts))

    def _is_about_drug(self, resource: Resource) -> bool:
        written = [plain(getattr(resource, name)) for name in _SAID_OF_APPOINTMENTS]
        concepts = [concept for item in written for concept in concepts_in(item)]
        concepts += [CodeableConcept(text=text) for item in written for text in texts_in(item)]
        if any(self._is_drug(self._index.drug(concept)[0]) for concept in concepts):
            return True
        references = [plain(raw) for raw in (resource.basedOn, resource.reasonReference, resource.reason)]
        return any(self._refers_to_drug(item, resource) for found in references for item in as_list(found))

    def _is_drug(self, concepts: frozenset[str]) -> bool:
        """Whether these are the label's drug, and not another product of its ingredient named beside it."""
        return bool(concepts & self._index.own) and not concepts & self._index.other

    def _refers_to_drug(self, written: object, holder: Resource) -> bool:
        if not isinstance(written, dict):
            return False
        inner = written.get("reference")
        link = inner.get("reference") if isinstance(inner, dict) else inner
        display = written.get("display")
        if isinstance(display, str) and self._is_drug(self._index.named((display,))):
            return True
        found = self._shelf().find(link, holder) if isinstance(link, str) else None
        if found is None:
            return False
        concept = found.medicationCodeableConcept or (found.medication.concept if found.medication else None)
        code = found.code if isinstance(found.code, CodeableConcept) else None
        if any(item is not None and self._is_drug(self._index.drug(item)[0]) for item in (concept, code)):
            return True
        ordered = found.medicationReference or (found.medication.reference if found.medication else None)
        if ordered is None:
            return False
        return self._refers_to_drug(msgspec.to_builtins(ordered), found) if not isinstance(ordered, str) else False


def _why_no_order(resource: Resource, *, draft: bool) -> str | None:
    """Why a ServiceRequest asks for nothing; None when it does, or did."""
    status = resource.status
    if resource.doNotPerform:
        return "not-done"
    if draft:
        return None
    if not is_code(status, _OPEN_ORDERS | _DONE_ORDERS):
        return _VOID_ORDERS.get(status, "bad-status") if isinstance(status, str) else "bad-status"
    return "not-done" if is_code(resource.intent, _NOT_ORDERS) else None


def _has_time(resource: Resource) -> bool:
    """Whether an order says when it is for."""
    period, timing = resource.occurrencePeriod, resource.occurrenceTiming
    return bool(
        resource.occurrenceDateTime or (period and (period.start or period.end)) or (timing and _names_time(timing))
    )


def _names_time(timing: Timing) -> bool:
    bounds = timing.repeat.boundsPeriod if timing.repeat is not None else None
    return bool(timing.event or (bounds and (bounds.start or bounds.end)))


def _infusion(
    resource: Resource,
    reference: str,
    concepts: frozenset[str],
    times: tuple[When | None, When | None, When | None],
    *,
    draft: bool,
) -> DrugOrder:
    """An order for the label's drug that was written as a service: without a dose and a route."""
    starts, ends, written = times
    return DrugOrder(
        reference=reference,
        concepts=concepts,
        by_text=False,
        draft=draft,
        active=resource.status == "active",
        starts=starts,
        ends=ends,
        written=written,
        days=None,
        day_count=None,
        daily_dose=None,
        route=None,
        completed=is_code(resource.status, _DONE_ORDERS),
    )


def _requested(resource: Resource) -> str | None:
    """The earliest time asked for by an appointment that has none yet."""
    periods = [item for item in as_list(plain(resource.requestedPeriod)) if isinstance(item, dict)]
    return min((start for item in periods if isinstance(start := item.get("start"), str) and start), default=None)


def _codings_of(code: object) -> list[Coding]:
    return (code.concept or code).coding or [] if isinstance(code, CodeableConcept) else []


def _words_of(code: object) -> list[str]:
    """The text and the displays of a concept."""
    if not isinstance(code, CodeableConcept):
        return []
    texts = [(code.concept or code).text, *(coding.display for coding in _codings_of(code))]
    return [text for text in texts if text]
