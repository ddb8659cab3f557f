"""The sentences of a card: one line on top, what was found, what was used, where it is written.

Everything said comes from the label's own wording and from dates and numbers; no text of a record is repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from cds_service.advice.items import RANK, Group, Item, most_urgent
from cds_service.advice.suggestions import days_text, is_unordered
from cds_service.cds_hooks.models import SUMMARY_LIMIT, shorten_summary, summary_length
from cds_service.core.assessment import Note, Reason, Status
from cds_service.core.case import Case, Treatment
from cds_service.core.caution_rules import CautionRule
from cds_service.core.label import (
    AllergyCaution,
    Baseline,
    InfectionCaution,
    LiveVaccine,
    Premedication,
    ProphylaxisDuration,
    ProphylaxisStart,
    Recurring,
    Requirement,
    Screening,
    VaccinesBefore,
)
from cds_service.core.label_patients import PatientRule
from cds_service.core.timeline import Source
from cds_service.labels import LabelBundle
from cds_service.report.messages import Facts, as_text, day_text

_LOINC = "http://loinc.org"
_ALL_CHECKED = frozenset({Group.ORDER, Group.CHECKLIST})  # cards that read as if all of the label was looked at
_ABOUT_THE_PATIENT = Screening | PatientRule | CautionRule  # their sentences may name a test or a disease alone
_NOTHING_FOUND = frozenset({None, Reason.ORDERED_NOT_DOCUMENTED, Reason.WRONG_TEST})


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the text of one patient's cards.

    `unreadable_orders`: a drafted medication could not be told. `unclear_booking`: nor whether an appointment is for
    the drug. `others`: other cards stand beside an empty checklist.
    """

    bundle: LabelBundle
    case: Case
    unreadable_orders: bool = False
    unclear_booking: bool = False
    others: bool = False

    # --- the one line ------------------------------------------------------------

    def summary(self, group: Group, items: Sequence[Item]) -> str:
        """The card's one line, at most 139 characters."""
        return shorten_summary(self._summary(group, items))

    def _summary(self, group: Group, items: Sequence[Item]) -> str:
        match group:
            case Group.UNCHECKED:
                return self._unchecked_summary(items)
            case Group.ORDER:
                return self._order_summary(items)
            case Group.LABS:
                overdue = [item for item in items if item.assessment.status is Status.OVERDUE]
                kind = "labs" if all(map(_is_laboratory, overdue or items)) else "tests"
                key = f"{kind}.summary.{'overdue' if overdue else 'due'}"
                return self._listing(key, self._shorts(overdue or items))
            case Group.COURSE:
                return self._course_summary(items)
            case Group.CHECKLIST:
                return self._checklist_summary(items)
        first = most_urgent(items)
        if group is Group.UNCLEAR and first.assessment.reason is Reason.EXPOSURE_UNCLEAR:
            if _are_about_vaccines(items):
                return self._card("vaccine.unclear.summary")
            return self._card("unclear.summary") if self.case.treatment is Treatment.UNCLEAR else first.message
        if group is Group.FOLLOW_UP:
            return self._card("follow-up.summary", **as_text(first.assessment.facts))
        return self._in_a_line(first)

    def _in_a_line(self, item: Item) -> str:
        """Its sentence, with the drug's name where nothing else tells it; its short name where that is too long."""
        sentence = item.message
        if isinstance(item.requirement.rule, _ABOUT_THE_PATIENT) and self.bundle.label.drug not in sentence:
            sentence = self._card("summary.named", sentence=sentence)
        is_short = summary_length(sentence) <= SUMMARY_LIMIT
        return sentence if is_short else self._card("summary.short", list=self._short(item))

    def _unchecked_summary(self, items: Sequence[Item]) -> str:
        """What could not be checked; where that is too much for a line, what was not received."""
        shorts, sources = self._shorts(items), self._source_names()
        if not items:
            return self._card("unchecked.booking.summary") if self.unclear_booking else self._unchecked([sources])
        if _are_about_vaccines(items):
            return self._card("vaccine.unchecked.summary")
        if len(items) == 1 and not items[0].message.startswith(f"{items[0].requirement.title}: "):
            sentence = self._card("unchecked.summary.one", sentence=items[0].message)
            if summary_length(sentence) <= SUMMARY_LIMIT:
                return sentence
        whole = self._card("unchecked.summary", list=", ".join(shorts))
        if summary_length(whole) > SUMMARY_LIMIT and sources:
            by_source = self._card("unchecked.summary.sources", list=sources)
            if summary_length(by_source) <= SUMMARY_LIMIT:
                return by_source
        return self._unchecked(shorts)

    def _unchecked(self, names: Sequence[str]) -> str:
        return self._listing("unchecked.summary", names)

    def _order_summary(self, items: Sequence[Item]) -> str:
        """What was not found first; then, where there is room, what else is at least as urgent."""
        absent = [item for item in items if item.assessment.status is Status.MISSING and not _has_result(item)]
        missing = [item for item in absent if Note.ALREADY_ORDERED not in item.assessment.notes] or absent
        by_urgency = sorted(items, key=_rank)
        if not missing or _rank(most_urgent(missing)) > _rank(by_urgency[0]):
            loudest = [item for item in items if _rank(item) == _rank(by_urgency[0])]
            if not _are_several(loudest):
                return self._also(self._in_a_line(loudest[0]), [item for item in items if item not in loudest])
            return self._listing(self._planned("order.summary.other"), self._shorts(by_urgency), date=self._start())
        sentence = self._listing(self._planned("order.summary.missing"), self._shorts(missing), date=self._start())
        rank = _rank(most_urgent(missing))
        return self._also(sentence, [item for item in items if item not in absent and _rank(item) <= rank])

    def _also(self, sentence: str, others: Sequence[Item]) -> str:
        """The sentence and, where there is room, what else to look at."""
        longer = self._card("order.summary.also", sentence=sentence, list=", ".join(self._shorts(others)))
        return longer if others and summary_length(longer) <= SUMMARY_LIMIT else sentence

    def _planned(self, key: str) -> str:
        """The wording for what is planned: an appointment, an order with a start, or an order without one."""
        if self.case.plan is not None and self.case.plan.booked:
            return f"{key}.booked" if self._start_known() else f"{key}.booked.undated"
        undated = f"{key}.undated"
        return undated if not self._start_known() and undated in self.bundle.wording.cards else key

    def _checklist_summary(self, items: Sequence[Item]) -> str:
        """Always said on an infusion day, also when nothing is open."""
        place = self._today()
        if not items:
            return self._card("checklist.others" if self.others else "checklist.clear", **place)
        loudest = [item for item in items if _rank(item) == _rank(most_urgent(items))]
        if not _are_several(loudest) and summary_length(loudest[0].message) <= SUMMARY_LIMIT:
            return self._in_a_line(loudest[0])
        statuses = {item.assessment.status for item in loudest}
        key = "checklist.summary"
        if Status.CANNOT_TELL in statuses:
            key = "checklist.summary.unchecked"
        elif statuses == {Status.MISSING} and not any(map(_has_result, loudest)):
            key = "checklist.summary.missing"
        return self._listing(key, self._shorts(loudest), **place)

    def _today(self) -> dict[str, str]:
        course, day = self.case.next_day
        return {"course": str(course), "day": str(day)}

    def _course_summary(self, items: Sequence[Item]) -> str:
        sentences = {item.message for item in items}
        if len(sentences) == 1:
            return self._in_a_line(items[0])
        shorts = self._shorts(items)
        days = [str(item.assessment.day) for item in items if item.assessment.day is not None]
        courses = {item.assessment.course for item in items}
        if len(days) == len(items) and len(courses) == len(shorts) == 1:
            course = str(items[0].assessment.course)
            return self._listing("course.summary.days", shorts, course=course, days=", ".join(days))
        return self._listing("course.summary.many", shorts, count=str(len(sentences)))

    # --- the body ------------------------------------------------------------

    def detail(self, group: Group, items: Sequence[Item], folded: Sequence[Item], topic: Requirement) -> str:
        """The card's body in Markdown: findings, remedy, inputs used and missing, citation."""
        lines = [self._lead(group, items), "", *self._bullets(items)]
        off = self._switched_off() if group in _ALL_CHECKED else []
        remedy = [*([self._card("site.off", list=", ".join(off))] if off else []), *self._remedy(group, items)]
        if remedy:
            lines += ["", *remedy]
        if folded:
            lines += ["", self._card("folded.lead"), "", *self._bullets(folded)]
        lines += ["", *self._footer((*items, *folded), topic)]
        return "\n".join(lines).strip()

    def _of_several_days(self, item: Item, items: Sequence[Item]) -> str | None:
        """One sentence for the infusion days being ordered without premedication; None for anything else."""
        rule = item.requirement.rule
        if not isinstance(rule, Premedication) or not is_unordered(item.assessment):
            return None
        days = [other.assessment.day for other in items if other.requirement is item.requirement]
        numbers = [day for day in days if day is not None]
        facts = as_text(item.assessment.facts) | {"days": days_text(numbers)}
        alike = all(is_unordered(other.assessment) for other in items if other.requirement is item.requirement)
        return self._card("order.premedication", **facts) if len(numbers) > 1 and alike else None

    def _bullets(self, items: Sequence[Item]) -> list[str]:
        """One line per finding, each with its section; what cannot be told for one reason shares a line."""
        rows: dict[str, list[Item]] = {}
        for item in items:
            text = self._of_several_days(item, items)
            if text is not None:
                rows.setdefault(text, []).append(item)
                continue
            because = item.message.removeprefix(item.requirement.title)
            shared = item.assessment.status is Status.CANNOT_TELL and because.startswith(": ")
            rows.setdefault(because if shared else item.message, []).append(item)
        return [self._bullet(text, together) for text, together in rows.items()]

    def _bullet(self, text: str, items: Sequence[Item]) -> str:
        if text.startswith(": "):
            named = self._shorts(items) if len(items) > 1 else [items[0].requirement.title]
            text = f"{', '.join(named)}{text}"
        said = {Note.PRELIMINARY_EXISTS}  # by the sentence itself
        spoken = [(item, note) for item in items for note in item.assessment.notes if note not in said]
        notes = ", ".join(dict.fromkeys(self._note(item, note) for item, note in spoken))
        sections = dict.fromkeys(part for item in items for part in item.requirement.section.split(", "))
        return f"- {text}{f' ({notes})' if notes else ''} (label {', '.join(sections)})"

    def _note(self, item: Item, note: Note) -> str:
        ordered = item.assessment.facts.get("ordered")
        if note is Note.ALREADY_ORDERED and isinstance(ordered, date):
            return self._card("already-ordered", date=day_text(ordered))
        return self.bundle.wording.notes[note.value]

    def _lead(self, group: Group, items: Sequence[Item]) -> str:
        if group is Group.ORDER:
            return self._card(self._planned("order.lead"), date=self._start())
        if group is Group.CHECKLIST:
            alone = "checklist.none.off" if self._switched_off() else "checklist.none"
            empty = "checklist.none.others" if self.others else alone
            return self._card("checklist.lead" if items else empty, **self._today())
        if group is Group.VACCINE or (group is Group.CRITICAL and _are_about_vaccines(items)):
            return self._card("vaccine.lead")
        if group is Group.CRITICAL:
            return self._card("critical.lead")
        if group is Group.UNCHECKED and not items:
            return self._card("unchecked.booking" if self.unclear_booking else "unchecked.lead.none")
        if group is Group.UNCHECKED:
            return self._card("unchecked.lead")
        follow_up = self.case.follow_up
        if group is Group.LABS and items and follow_up is not None:
            return self._card(
                "labs.lead",
                ends=day_text(follow_up.ends),
                last=day_text(follow_up.last_infusion),
                months=str(self.bundle.label.follow_up_months),
            )
        return ""

    def _remedy(self, group: Group, items: Sequence[Item]) -> list[str]:
        match group:
            case Group.VACCINE | Group.CRITICAL if _are_about_vaccines(items):
                return [self._card("vaccine.remedy")]
            case Group.ORDER:
                drawn = [item for item in items if self._is_open_baseline(item)]
                draw = [self._card("order.draw", **as_text(drawn[0].assessment.facts))] if drawn else []
                return [*draw, self._card("order.text")]
            case Group.UNCHECKED:
                named = self._source_names()
                return [self._card("unchecked.source", list=named)] if named else []
            case Group.COURSE:
                remedies = {_course_remedy(item): as_text(item.assessment.facts) for item in reversed(items)}
                return [self._card(key, **remedies[key]) for key in dict.fromkeys(map(_course_remedy, items))]
            case Group.LABS:
                return [self._card("labs.remedy")]
            case Group.UNCLEAR:
                return [self._card("unclear.remedy.treated" if self.case.courses else "unclear.remedy")]
        return []

    def _footer(self, items: Sequence[Item], topic: Requirement) -> list[str]:
        """Inputs used, inputs missing, and where it is written."""
        absent = [item for item in items if item.assessment.status is Status.MISSING and _nothing_found(item)]
        older = [item for item in items if item.assessment.status is Status.OVERDUE]
        lines = [self._card("used", list=", ".join(self._used(items)))]
        if absent:
            lines.append(self._card("not-found", list=", ".join(self._shorts(absent))))
        if older:
            lines.append(self._card("no-newer", list=", ".join(self._shorts(older))))
        if any(item.why == "wrong-patient" for item in self.case.timeline.unused):
            lines.append(self._card("foreign"))
        behind = [item.requirement for item in items] or [topic]
        cited = dict.fromkeys(f"`{requirement.id}` {requirement.section}" for requirement in behind)
        lines.append(self._card("cite", revision=self.bundle.label.revision, list="; ".join(cited)))
        return [f"{line}  " for line in lines]

    def _used(self, items: Sequence[Item]) -> list[str]:
        used = []
        if self.case.courses:
            count = sum(len(course.days) for course in self.case.courses)
            last = day_text(self.case.courses[-1].last)
            used.append(self._card("used.infusion" if count == 1 else "used.infusions", count=str(count), last=last))
        if self.case.plan is not None:
            used.append(self._card(self._planned("used.order"), date=self._start()))
        done = {self._short(item): item.assessment.last_done for item in items}
        used += [f"{short} {day_text(day)}" for short, day in done.items() if day is not None]
        return used or [self._card("used.results")]

    # --- pieces ------------------------------------------------------------

    def _is_open_baseline(self, item: Item) -> bool:
        rule = item.requirement.rule
        is_drawn = isinstance(rule, Baseline) and rule.window_months is None
        closes = item.assessment.facts.get("closes")
        is_open = isinstance(closes, date) and closes >= self.case.as_of.today
        return is_drawn and is_open and item.assessment.planned and self._start_known()

    def _switched_off(self) -> list[str]:
        """What the site's overlay switched off, by its short names: a card must not read as if it was checked."""
        site, short = self.bundle.site, self.bundle.wording.short
        return [short.get(name, name) for name in site.off] if site is not None else []

    def _source_names(self) -> str:
        gaps = [source.value for source in Source if source in self.case.timeline.gaps]
        named = [*(["ordered"] if self.unreadable_orders else []), *gaps]
        return ", ".join(self.bundle.wording.sources[name] for name in named)

    def _start_known(self) -> bool:
        return self.case.plan is not None and self.case.plan.start_known

    def _start(self) -> str:
        plan = self.case.plan
        return day_text(plan.start.first) if plan is not None else day_text(self.case.as_of.today)

    def _short(self, item: Item) -> str:
        return self.bundle.wording.short[item.requirement.id]

    def _shorts(self, items: Iterable[Item]) -> list[str]:
        return list(dict.fromkeys(self._short(item) for item in items))

    def _card(self, key: str, **facts: str) -> str:
        return self.bundle.wording.cards[key].format_map(Facts({"drug": self.bundle.label.drug, **facts}))

    def _listing(self, key: str, names: Sequence[str], **facts: str) -> str:
        """A sentence with a list that fits the summary: what does not fit is counted."""
        for shown in range(len(names), 0, -1):
            rest = len(names) - shown
            listed = ", ".join(names[:shown]) + (f" and {rest} more" if rest else "")
            sentence = self._card(key, list=listed, **facts)
            if summary_length(sentence) <= SUMMARY_LIMIT:
                return sentence
        return self._card(key, list=f"{len(names)} points", **facts)


def _has_result(item: Item) -> bool:
    """A stale result is there, so the test must not read as "not found"."""
    return item.assessment.last_done is not None


def _nothing_found(item: Item) -> bool:
    """Whether the record holds nothing of what was looked for (a steroid after the start is something)."""
    looked_for = isinstance(item.requirement.rule, Baseline | Screening | Premedication | ProphylaxisStart)
    return looked_for and item.assessment.reason in _NOTHING_FOUND


def _rank(item: Item) -> int:
    return RANK[item.indicator]


def _is_laboratory(item: Item) -> bool:
    """Whether the test is drawn or collected; an examination is none."""
    rule = item.requirement.rule
    return isinstance(rule, Recurring) and rule.test.order[0] == _LOINC


def _are_about_vaccines(items: Sequence[Item]) -> bool:
    """Whether the card is about a live vaccine that is ordered (or given) and nothing else."""
    return bool(items) and all(isinstance(item.requirement.rule, LiveVaccine) for item in items)


def _are_several(items: Sequence[Item]) -> bool:
    return len({item.message for item in items}) > 1


def _course_remedy(item: Item) -> str:
    rule = item.requirement.rule
    if isinstance(rule, Premedication):
        return "course.remedy.premedication"
    if isinstance(rule, ProphylaxisStart | ProphylaxisDuration):
        is_due = item.assessment.status is Status.DUE
        return "course.remedy.count" if is_due else "course.remedy.prophylaxis"
    if isinstance(rule, Screening):
        return "course.remedy.baseline" if item.assessment.status is Status.MISSING else "course.remedy.other"
    if isinstance(rule, InfectionCaution | AllergyCaution | LiveVaccine | VaccinesBefore | PatientRule | CautionRule):
        return "course.remedy.other"
    return "course.remedy.baseline" if isinstance(rule, Baseline) else "course.remedy.dosing"
