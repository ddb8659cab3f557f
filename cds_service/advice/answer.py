"""The cards of one call: grouping, consolidation, the card limit, and the line for what could not be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from cds_service.advice.items import RANK, Group, Item, items_of, most_urgent
from cds_service.advice.suggestions import Suggester
from cds_service.advice.wording import Writer
from cds_service.cds_hooks import overrides
from cds_service.cds_hooks.models import Card, CdsResponse, Coding, Indicator, Link, Source, Suggestion
from cds_service.core.assessment import Status
from cds_service.core.case import Treatment
from cds_service.core.evaluate import Verdict
from cds_service.core.label import Requirement
from cds_service.core.timeline import Source as DataSource
from cds_service.fhir.orders import Subject
from cds_service.labels import LabelBundle
from cds_service.report.build import build_row
from cds_service.report.messages import message

CARD_LIMIT = 3
_NOTHING_TO_SAY = frozenset({Status.MET, Status.NOT_APPLICABLE})
_NEVER_FOLDED = frozenset({Group.CRITICAL, Group.CHECKLIST})
TOPIC_SYSTEM = "urn:cds-service:requirement"
EXTENSION = "io.github.cds-service.assessments"
NAMESPACE = UUID("7f9d3b0e-4c7e-5d51-9a34-2f6f0c1d8e25")  # makes card uuids reproducible from the hookInstance
_REASONS = (
    overrides.ACTION_COMPLETED,
    overrides.INDICATION_ORDER_EXISTS,
    overrides.RISK_BENEFIT_RATIO,
    overrides.PATIENT_REFUSES,
    overrides.WRONG_TIME_WORKFLOW,
    overrides.NEED_MORE_INFO,
)


class Call(NamedTuple):
    """What an answer depends on besides the verdict."""

    hook: str
    hook_instance: str
    subject: Subject
    unreadable_orders: bool = False  # a drafted medication could not be told: it may be the drug
    unclear_booking: bool = False  # an appointment could not be told to be the drug's or not
    only: frozenset[str] | None = None  # requirement ids the call is about; None: all the hook speaks of


class _Draft(NamedTuple):
    """A card before it is written: its group, its items, and items of other cards folded into it."""

    group: Group
    items: tuple[Item, ...]
    folded: tuple[Item, ...] = ()

    @property
    def everything(self) -> tuple[Item, ...]:
        """What the card says, folded items included."""
        return (*self.items, *self.folded)

    @property
    def urgency(self) -> tuple[int, int]:
        """Sort key: most urgent first."""
        usual = RANK["info" if self.group is Group.CHECKLIST else "warning"]
        rank = min((RANK[item.indicator] for item in self.items), default=usual)
        return rank, self.group


def answer(bundle: LabelBundle, verdict: Verdict, call: Call) -> CdsResponse:
    """The response to one call. No cards only when nothing applies or every applicable check found nothing."""
    drafts = _drafts(bundle, verdict, call)
    if not drafts:
        return CdsResponse()
    namespace = uuid5(NAMESPACE, f"{call.hook_instance} {call.hook}")
    unread, unclear = call.unreadable_orders, call.unclear_booking
    writer = Writer(bundle, verdict.case, unread, unclear, others=len(drafts) > 1)
    suggester = Suggester(bundle, verdict.case, call.subject, namespace)
    offered: set[UUID | None] = set()
    cards = []
    for draft in drafts:
        found = suggester.suggest(draft.everything)
        suggestions = tuple(item for item in found if item.uuid not in offered)
        offered |= {item.uuid for item in suggestions}
        cards.append(_card(bundle, verdict, draft, writer, suggestions, namespace))
    return CdsResponse(cards=tuple(cards))


def _drafts(bundle: LabelBundle, verdict: Verdict, call: Call) -> list[_Draft]:
    grouped: dict[tuple[Group, str], list[Item]] = {}
    for item in items_of(bundle, verdict, call.hook, call.only):
        own = item.requirement.id if item.group is Group.CRITICAL else ""
        grouped.setdefault((item.group, own), []).append(item)
    drafts = [_Draft(group, tuple(items)) for (group, _), items in grouped.items()]
    if verdict.case.at_infusion and not any(draft.group is Group.CHECKLIST for draft in drafts):
        drafts.append(_Draft(Group.CHECKLIST, ()))  # always shown before the pump starts
    unchecked = any(draft.group is Group.UNCHECKED for draft in drafts)
    if not unchecked and (call.unreadable_orders or call.unclear_booking or _patient_unknown(verdict)):
        drafts.append(_Draft(Group.UNCHECKED, ()))
    drafts.sort(key=lambda draft: draft.urgency)
    return _within_limit(_without_lone_reminders(drafts))


def _patient_unknown(verdict: Verdict) -> bool:
    """The patient's own data are missing for somebody to whom the label applies."""
    case = verdict.case
    concerned = case.treatment is not Treatment.NONE or case.plan is not None
    return concerned and DataSource.PATIENT in case.timeline.gaps


def _without_lone_reminders(drafts: list[_Draft]) -> list[_Draft]:
    """Tests that are merely due, or only recommended, raise no card; beside another card they ride along."""
    reminders = [
        draft for draft in drafts if draft.group is Group.LABS and all(_is_reminder(item) for item in draft.items)
    ]
    others = [draft for draft in drafts if draft not in reminders]
    if others and reminders:
        riding = tuple(item for draft in reminders for item in draft.items)
        others[-1] = others[-1]._replace(folded=(*others[-1].folded, *riding))
    return others


def _is_reminder(item: Item) -> bool:
    return item.assessment.status is Status.DUE or item.requirement.strength == "consider"


def _within_limit(drafts: list[_Draft]) -> list[_Draft]:
    """At most the limit; what is over it is folded into the last card, but never a critical one or the checklist."""
    kept = [draft for draft in drafts if draft.group in _NEVER_FOLDED]
    limit = max(CARD_LIMIT, len(kept))
    if len(drafts) <= limit:
        return drafts
    others = [draft for draft in drafts if draft.group not in _NEVER_FOLDED]
    kept = sorted([*kept, *others[: limit - len(kept)]], key=lambda draft: draft.urgency)
    rest = tuple(item for draft in drafts if draft not in kept for item in draft.everything)
    return [*kept[:-1], kept[-1]._replace(folded=(*kept[-1].folded, *rest))]


def _card(
    bundle: LabelBundle,
    verdict: Verdict,
    draft: _Draft,
    writer: Writer,
    suggestions: tuple[Suggestion, ...],
    namespace: UUID,
) -> Card:
    items = draft.everything
    said = draft.items or (draft.folded if draft.group is Group.CHECKLIST else ())
    topic = most_urgent(items).requirement if items else _quiet_topic(bundle, verdict)
    return Card(
        uuid=uuid5(namespace, f"card {draft.group.name} {topic.id}"),
        summary=writer.summary(draft.group, said),
        detail=writer.detail(draft.group, draft.items, draft.folded, topic),
        indicator=_indicator(draft),
        source=_source(bundle.wording.cards["source"], bundle.url, topic.id, topic.title),
        suggestions=suggestions,
        selection_behavior="any" if suggestions else None,
        override_reasons=_REASONS,
        links=(_link(bundle.wording.cards["link"], bundle.url),),
        extension={EXTENSION: {"assessments": _rows(bundle, verdict, items, topic.id)}},
    )


# A label's sources and links are as many as it has requirements; checking them once is a tenth of an answer.
@lru_cache(maxsize=256)
def _source(label: str, url: str, topic: str, title: str) -> Source:
    return Source(label=label, url=url, topic=Coding(system=TOPIC_SYSTEM, code=topic, display=title))


@lru_cache(maxsize=16)
def _link(label: str, url: str) -> Link:
    return Link(label=label, url=url, type="absolute")


def _indicator(draft: _Draft) -> Indicator:
    """How loudly the card speaks. One without findings: the checklist is a line, what could not be looked at a warning.

    What was folded into it never speaks more quietly than it would have alone.
    """
    usual = "info" if draft.group is Group.CHECKLIST else "warning"
    loudest = min((item.indicator for item in draft.everything), key=RANK.__getitem__, default=usual)
    if not draft.items and RANK[usual] < RANK[loudest]:
        loudest = usual
    return "critical" if loudest == "critical" else "warning" if loudest == "warning" else "info"


def _quiet_topic(bundle: LabelBundle, verdict: Verdict) -> Requirement:
    """What a card without findings is filed under: the first requirement there is nothing to say about."""
    open_ones = {item.requirement for item in verdict.assessments if item.status not in _NOTHING_TO_SAY}
    requirements = bundle.label.requirements
    return next((item for item in requirements if item.id not in open_ones), requirements[0])


def _rows(bundle: LabelBundle, verdict: Verdict, items: Sequence[Item], topic: str) -> list[dict[str, Any]]:
    """The assessments behind a card; one that rests on none shows what is known of its topic."""
    if items:
        return [build_row(item.requirement, item.assessment, item.indicator, item.message) for item in items]
    known = (found for found in verdict.assessments if found.requirement == topic)
    requirement, gaps = bundle.label.requirement(topic), verdict.case.timeline.gaps
    return [build_row(requirement, found, None, message(bundle, found, gaps)) for found in known]
