"""One CDS Hooks call, from its body to its answer: the rules for refusing, for silence, and for judging.

No input or output and no clock: the moment is an argument. The invariant is kept here and in `core.evaluate`: silence
only when nothing applies or every applicable check was made on complete data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds_service.advice.answer import Call, answer
from cds_service.advice.services import services, sources_asked
from cds_service.cds_hooks.discovery import Service
from cds_service.cds_hooks.errors import missing_data, not_json, wrong_patient
from cds_service.cds_hooks.models import CdsResponse
from cds_service.cds_hooks.request import CdsRequest, parse_head
from cds_service.core.case import Treatment
from cds_service.core.exposure import is_drug_order
from cds_service.core.hooks import BOOKING, ORDERING_HOOKS
from cds_service.core.label import LiveVaccine, VaccinesBefore
from cds_service.core.timeline import Gap, Source
from cds_service.fhir.decode import UnreadableInputError
from cds_service.fhir.envelope import Envelope, decode_envelope
from cds_service.fhir.orders import Subject
from cds_service.fhir.prefetch import WrongPatientError, drafted_concepts, prefetch_record

if TYPE_CHECKING:
    from cds_service.core.dates import AsOf
    from cds_service.core.evaluate import Verdict
    from cds_service.engine import Engine
    from cds_service.fhir.reader import Record


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to: the answer, and the verdict behind it (None when there was nothing to judge)."""

    response: CdsResponse
    verdict: Verdict | None = None

    @property
    def foreign(self) -> int:
        """How many resources of other patients were among what was received (and not used)."""
        unused = self.verdict.case.timeline.unused if self.verdict is not None else ()
        return sum(item.why == "wrong-patient" for item in unused)


class HookService:
    """One service of one label at one hook."""

    def __init__(self, engine: Engine, service: Service, *, lenient_hook_instance: bool = False) -> None:
        self.engine, self.service, self.hook = engine, service, service.hook
        self._lenient = lenient_hook_instance
        self._asked = sources_asked(engine.bundle.label, service.hook)
        label = engine.bundle.label
        self._ingredient = label.product.drug | label.product.unspecified
        rules = {item.id: item.rule for item in label.requirements}
        self._about_vaccines = frozenset(name for name, rule in rules.items() if isinstance(rule, LiveVaccine))
        self._before_infusions = frozenset(name for name, rule in rules.items() if isinstance(rule, VaccinesBefore))
        ordered = [rule.live | rule.unclear for rule in rules.values() if isinstance(rule, LiveVaccine)]
        ordered += [rule.live for rule in rules.values() if isinstance(rule, VaccinesBefore)]
        self._vaccines = frozenset[str]().union(*ordered)

    def call(self, body: bytes, as_of: AsOf) -> Outcome:
        """Answer one request body. CdsHooksError 400, 412 or 422 where the specification or the data ask for it."""
        try:
            envelope = decode_envelope(body)
        except UnreadableInputError as error:
            raise not_json(str(error)) from None
        request = parse_head(envelope.head, hook=self.hook, lenient_hook_instance=self._lenient)
        record = self._record(envelope, request)
        if self.hook == BOOKING:
            return self._at_booking(record, request, as_of)
        if self.hook in ORDERING_HOOKS:
            return self._at_ordering(record, request, as_of)
        return self._at_chart(record, request, as_of)

    def _record(self, envelope: Envelope, request: CdsRequest) -> Record:
        patient_id = request.context.patient_id
        try:
            return prefetch_record(envelope.prefetch, request.context.resources(), patient_id, self._asked)
        except WrongPatientError as error:
            raise wrong_patient(error.expression) from None

    def _at_ordering(self, record: Record, request: CdsRequest, as_of: AsOf) -> Outcome:
        """Only orders of the drug, and of live vaccines, are our business; one that nobody can read might be."""
        concepts, untold = drafted_concepts(record, self.engine.reader.index)
        is_vaccine, is_drug = bool(concepts & self._vaccines), bool(concepts & self._ingredient)
        if not untold and not is_drug and not is_vaccine:
            return Outcome(CdsResponse())
        verdict = self.engine.judge_record(record, request.context.patient_id, as_of, self.hook)
        timeline, product = verdict.case.timeline, self.engine.bundle.label.product
        drafted = [order for order in timeline.drug_orders if order.draft]
        is_drug = any(is_drug_order(order, product, timeline) is not False for order in drafted)
        if verdict.case.deceased or not (untold or is_drug or is_vaccine):
            return Outcome(CdsResponse(), verdict)
        about = self._about_vaccines | self._before_infusions if verdict.case.plan is not None else self._about_vaccines
        only = None if untold or is_drug else about
        return Outcome(self._answer(verdict, request, unreadable_orders=untold, only=only), verdict)

    def _at_booking(self, record: Record, request: CdsRequest, as_of: AsOf) -> Outcome:
        """Only appointments for the drug are our business; an active order alone makes no appointment the drug's."""
        verdict = self.engine.judge_record(record, request.context.patient_id, as_of, self.hook)
        plan = verdict.case.plan
        if plan is not None and plan.booked:
            return Outcome(self._answer(verdict, request), verdict)
        if _may_be_booked(verdict):
            return Outcome(self._answer(verdict, request, unclear_booking=True, only=frozenset()), verdict)
        return Outcome(CdsResponse(), verdict)

    def _at_chart(self, record: Record, request: CdsRequest, as_of: AsOf) -> Outcome:
        """Without knowing what was administered nothing can be said, not even silence."""
        verdict = self.engine.judge_record(record, request.context.patient_id, as_of, self.hook)
        gap = verdict.case.timeline.gaps.get(Source.ADMINISTRATIONS)
        if gap is Gap.NOT_PROVIDED:
            raise missing_data(Source.ADMINISTRATIONS.value, reason="was not sent, or the query for it failed")
        if gap is Gap.PARTIAL and not _shows_exposure(verdict):
            raise missing_data(Source.ADMINISTRATIONS.value, reason="was incomplete and shows no infusion")
        return Outcome(self._answer(verdict, request), verdict)

    def _answer(
        self,
        verdict: Verdict,
        request: CdsRequest,
        *,
        unreadable_orders: bool = False,
        unclear_booking: bool = False,
        only: frozenset[str] | None = None,
    ) -> CdsResponse:
        context = request.context
        subject = Subject(context.patient_id, context.encounter_id, context.user_id)
        call = Call(self.hook, request.hook_instance, subject, unreadable_orders, unclear_booking, only)
        return answer(self.engine.bundle, verdict, call)


def _shows_exposure(verdict: Verdict) -> bool:
    """Whether any administration received is, or may be, one of the drug."""
    found = verdict.case.exposures
    return bool(found.days or found.doubts or found.other_regimen)


def _may_be_booked(verdict: Verdict) -> bool:
    """Whether an appointment that names no drug may be the drug's all the same: the orders it might follow are missing.

    Only for a patient with any sign of the drug: to everybody else nothing applies.
    """
    case = verdict.case
    return (
        bool(case.timeline.appointments)
        and case.treatment is not Treatment.NONE
        and not case.deceased
        and Source.MEDICATIONS in case.timeline.gaps
    )


def hook_services(engine: Engine, *, lenient_hook_instance: bool = False) -> dict[str, HookService]:
    """Every service of an engine's label by id."""
    found = services(engine.bundle, engine.local_codes)
    return {service.id: HookService(engine, service, lenient_hook_instance=lenient_hook_instance) for service in found}
