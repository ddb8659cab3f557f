"""The sentences of a card: one line on top, what was found, what was used, where it is written.

Everything said comes from the label's own wording and from dates and numbers; no text of a record is repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cds_service.advice.items import Group, Item, most_urgent
from cds_service.cds_hooks.models import SUMMARY_LIMIT, shorten_summary, summary_length
from cds_service.core.assessment import Status
from cds_service.core.case import Case
from cds_service.core.label import Baseline
from cds_service.core.timeline import Source
from cds_service.labels import LabelBundle
from cds_service.report.messages import Facts, as_text, day_text, message


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the text of one patient's cards."""

    bundle: LabelBundle
    case: Case
    unreadable_orders: bool = False

    def summary(self, group: Group, items: Sequence[Item]) -> str:
        """The card's one line, at most 139 characters."""
        return shorten_summary(self._summary(group, items))

    def _summary(self, group: Group, items: Sequence[Item]) -> str:
        first = most_urgent(items).assessment
        if group is Group.ORDER:
            missing = [item for item in items if item.assessment.status is Status.MISSING and not _has_result(item)]
            if missing:
                return self._listing("order.summary.missing", self._shorts(missing), date=self._start())
            if len(self._shorts(items)) > 1:
                return self._listing("order.summary.other", self._shorts(items))
        if group is Group.LABS:
            overdue = [item for item in items if item.assessment.status is Status.OVERDUE]
            key = "labs.summary.overdue" if overdue else "labs.summary.due"
            return self._listing(key, self._shorts(overdue or items))
        if group is Group.UNCHECKED:
            return self._listing("unchecked.summary", self._shorts(items) or [self._source_names()])
        if group is Group.UNCLEAR and first.reason is not None and first.reason.value == "exposure-unclear":
            return self._card("unclear.summary")
        if group is Group.FOLLOW_UP:
            return self._card("follow-up.summary", **as_text(first.facts))
        sentences = list(dict.fromkeys(self._message(item) for item in items))
        if group is Group.COURSE and len(sentences) > 1:
            days = [str(item.assessment.day) for item in items if item.assessment.day is not None]
            courses = {item.assessment.course for item in items}
            if len(days) == len(items) and len(courses) == 1 and len(self._shorts(items)) == 1:
                return self._listing(
                    "course.summary.days", self._shorts(items), course=str(first.course), days=", ".join(days)
                )
            return self._listing("course.summary.many", self._shorts(items), count=str(len(sentences)))
        return self._message(most_urgent(items))

    def detail(self, group: Group, items: Sequence[Item]) -> str:
        """The card's body in Markdown: findings, remedy, inputs used and missing, citation."""
        lines = [self._lead(group, items), "", *self.bullets(items)]
        remedy = self._remedy(group, items)
        if remedy:
            lines += ["", *remedy]
        lines += ["", *self.footer(items)]
        return "\n".join(lines).strip()

    def bullets(self, items: Iterable[Item]) -> list[str]:
        """One line per finding, each with its section; the same sentence only once."""
        rows: dict[str, None] = {}
        for item in items:
            section = self.bundle.label.requirement(item.assessment.requirement).section
            notes = ", ".join(self.bundle.wording.notes[note.value] for note in item.assessment.notes)
            rows[f"- {self._message(item)}{f' ({notes})' if notes else ''} (label {section})"] = None
        return list(rows)

    def footer(self, items: Sequence[Item]) -> list[str]:
        """Inputs used, inputs missing, and where it is written."""
        absent = [item for item in items if item.assessment.status in (Status.MISSING, Status.OVERDUE)]
        lines = [self._card("used", list=", ".join(self._used(items)))]
        if absent:
            lines.append(self._card("not-found", list=", ".join(self._shorts(absent))))
        if any(item.why == "wrong-patient" for item in self.case.timeline.unused):
            lines.append(self._card("foreign"))
        cited = dict.fromkeys(
            f"`{item.assessment.requirement}` {self.bundle.label.requirement(item.assessment.requirement).section}"
            for item in items
        )
        lines.append(self._card("cite", revision=self.bundle.label.revision, list="; ".join(cited) or "-"))
        return [f"{line}  " for line in lines]

    def _lead(self, group: Group, items: Sequence[Item]) -> str:
        if group is Group.ORDER:
            return self._card("order.lead", date=self._start())
        if group is Group.CRITICAL:
            return self._card("critical.lead")
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
        if group is Group.ORDER:
            drawn = [item for item in items if self._is_open_baseline(item)]
            draw = [self._card("order.draw", **as_text(drawn[0].assessment.facts))] if drawn else []
            return [*draw, self._card("order.text")]
        if group is Group.UNCHECKED:
            named = self._source_names()
            return [self._card("unchecked.source", list=named)] if named else []
        keys = {Group.LABS: "labs.remedy", Group.COURSE: "course.remedy", Group.UNCLEAR: "unclear.remedy"}
        return [self._card(keys[group])] if group in keys else []

    def _is_open_baseline(self, item: Item) -> bool:
        rule = self.bundle.label.requirement(item.assessment.requirement).rule
        is_dated = self.case.plan is not None and self.case.plan.start_known
        return isinstance(rule, Baseline) and item.assessment.planned and is_dated

    def _used(self, items: Sequence[Item]) -> list[str]:
        used = []
        if self.case.courses:
            count = sum(len(course.days) for course in self.case.courses)
            last = day_text(self.case.courses[-1].last)
            used.append(self._card("used.infusions", count=str(count), last=last))
        if self.case.plan is not None:
            used.append(self._card("used.order", date=self._start()))
        done = [item.assessment for item in items if item.assessment.last_done is not None]
        used += [f"{self._short(found.requirement)} {day_text(found.last_done)}" for found in done if found.last_done]
        return used or [self.bundle.wording.cards["used.results"]]

    def _source_names(self) -> str:
        gaps = [source.value for source in Source if source in self.case.timeline.gaps]
        named = [*(["ordered"] if self.unreadable_orders else []), *gaps]
        return ", ".join(self.bundle.wording.sources[name] for name in named)

    def _start(self) -> str:
        plan = self.case.plan
        return day_text(plan.start.first) if plan is not None else day_text(self.case.as_of.today)

    def _message(self, item: Item) -> str:
        return message(self.bundle, item.assessment, self.case.timeline.gaps)

    def _short(self, requirement: str) -> str:
        return self.bundle.wording.short[requirement]

    def _shorts(self, items: Iterable[Item]) -> list[str]:
        return list(dict.fromkeys(self._short(item.assessment.requirement) for item in items))

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
