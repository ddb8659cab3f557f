"""Kind by kind: the fields a requirement may carry, and the policy file that completes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from cds_service.core import label as model
from cds_service.core.hooks import ORDERING_HOOKS
from cds_service.core.timeline import Outcome
from cds_service.labels.caution_rules import CAUTION_KINDS, CautionPolicy, read_caution, read_caution_policy
from cds_service.labels.fields import Problems, Table
from cds_service.labels.patient_rules import PATIENT_KINDS, read_patient_rule

KINDS = frozenset(
    {
        "product-check",
        "history",
        "baseline",
        "recurring",
        "daily-dose",
        "course-length",
        "course-interval",
        "premedication",
        "consecutive-days",
        "infusion-duration",
        "prophylaxis-start",
        "prophylaxis-duration",
        "vaccines-before",
        "live-vaccine",
        "infection",
        "allergy",
        "follow-up-end",
        "screening",
        "text-only",
        *PATIENT_KINDS,
        *CAUTION_KINDS,
    }
)
STATUSES = frozenset({"met", "due", "overdue", "missing", "violated", "cannot-tell"})
GENDERS = frozenset({"", "female", "male", "other", "unknown"})
OUTCOMES = frozenset({"positive", "negative"})
INDICATORS = frozenset({"", "info", "warning", "critical"})


class Interval(NamedTuple):
    """How a test of that many months reminds: days before it is due."""

    months: int
    lead_days: int


class Policy(NamedTuple):
    """policy.toml: what we chose."""

    dose_tolerance_percent: int
    other_product_window_days: int
    max_concentrate_ml: Decimal
    course_gap_days: int
    course_resume_days: int
    active_order_days: int
    baseline_window_days: int
    baseline_window_months: Mapping[str, int]
    grace_days: int
    intervals: Mapping[int, Interval]
    periodic_months: int
    course_wait_days: int
    premedication_tolerance_percent: int
    premedication_lookback_days: int
    infusion_tolerance_minutes: int
    prophylaxis_lead_days: int
    live_vaccine_months: int
    cautions: CautionPolicy
    patient_view_days: Mapping[str, int]
    hooks: Mapping[str, frozenset[str]]
    situations: tuple[model.Situation, ...]

    def check_ids(self, ids: set[str], problems: Problems) -> None:
        """Complain about requirement ids of the policy that the label does not have."""
        used = {name for names in self.hooks.values() for name in names} | set(self.patient_view_days)
        used |= set(self.baseline_window_months)
        used |= {name for situation in self.situations for name in situation.requirements}
        for name in sorted(used - ids):
            problems.add("policy.toml", f'names the requirement "{name}", which label.toml does not have')


def read_policy(file: Table) -> Policy:
    """All of policy.toml."""
    product, courses, orders = file.table("product"), file.table("courses"), file.table("orders")
    baseline, recurring, length = file.table("baseline"), file.table("recurring"), file.table("course_length")
    premedication, view = file.table("premedication"), file.table("patient_view")
    view_days, windows, periodic = view.table("days"), baseline.table("window_months"), recurring.table("periodic")
    infusion, prophylaxis, live = file.table("infusion"), file.table("prophylaxis"), file.table("live_vaccine")
    policy = Policy(
        dose_tolerance_percent=product.number("tolerance_percent"),
        other_product_window_days=product.number("other_product_window_days"),
        max_concentrate_ml=product.amount("max_concentrate_ml"),
        course_gap_days=courses.number("gap_days", least=1),
        course_resume_days=courses.number("resume_days", least=1),
        active_order_days=orders.number("active_days"),
        baseline_window_days=baseline.number("window_days", least=1),
        baseline_window_months={name: windows.number(name, least=1) for name in windows.names() if name != "because"},
        grace_days=recurring.number("grace_days"),
        intervals={interval.months: interval for interval in map(_interval, recurring.tables("interval"))},
        periodic_months=periodic.number("months", least=1),
        course_wait_days=length.number("wait_days"),
        premedication_tolerance_percent=premedication.number("tolerance_percent"),
        premedication_lookback_days=premedication.number("order_lookback_days"),
        infusion_tolerance_minutes=infusion.number("tolerance_minutes"),
        prophylaxis_lead_days=prophylaxis.number("lead_days"),
        live_vaccine_months=live.number("months", least=1),
        cautions=read_caution_policy(file),
        patient_view_days={name: view_days.number(name) for name in view_days.names()},
        hooks=_hooks(file.table("hooks")),
        situations=tuple(_situation(table) for table in file.tables("situation")),
    )
    for reason in ("tolerance_because", "other_product_window_because", "max_concentrate_because"):
        product.text(reason)
    for reason in ("gap_because", "resume_because"):
        courses.text(reason)
    for reason in ("tolerance_because", "order_lookback_because"):
        premedication.text(reason)
    explained = (orders, baseline, windows, recurring, periodic, length, infusion, prophylaxis, live, view)
    for table in explained:
        table.text("because")
    for table in (*explained, product, courses, premedication, view_days, file):
        table.done()
    return policy


def _interval(table: Table) -> Interval:
    interval = Interval(table.number("months", least=1), table.number("lead_days"))
    table.text("because")
    table.done()
    return interval


def _hooks(table: Table) -> dict[str, frozenset[str]]:
    ordering = frozenset(table.texts("ordering"))
    hooks = dict.fromkeys(sorted(ORDERING_HOOKS), ordering)
    for name in table.names():
        if name not in ("ordering", "because"):
            hooks[name] = frozenset(table.texts(name))
    table.text("because")
    table.done()
    return hooks


def _situation(table: Table) -> model.Situation:
    statuses = table.texts("statuses")
    for status in statuses:
        if status not in STATUSES:
            table.problems.add(table.place, f'status "{status}" is unknown; use: {", ".join(sorted(STATUSES))}')
    situation = model.Situation(
        name=table.text("name"),
        requirements=frozenset(table.texts("requirements", required=False)),
        statuses=frozenset(statuses),
        reasons=frozenset(table.texts("reasons", required=False)),
        variants=frozenset(table.texts("variants", required=False)),
        beyond_days=table.optional_number("beyond_days"),
        ordering=table.text("ordering", one_of=INDICATORS) or None,
        afterwards=table.text("afterwards", one_of=INDICATORS) or None,
        for_days=table.optional_number("for_days"),
        because=table.text("because"),
    )
    table.done()
    return situation


Concepts = Callable[[tuple[str, ...], str], frozenset[str]]
# Kinds without fields of their own.
_BARE: Mapping[str, Callable[[], model.Rule]] = {
    "product-check": model.ProductCheck,
    "history": model.History,
    "daily-dose": model.DailyDose,
    "consecutive-days": model.ConsecutiveDays,
    "follow-up-end": model.FollowUpEnd,
    "text-only": model.TextOnly,
}
_NO_TEST = model.Test("", "", (), frozenset(), frozenset(), ("", "", ""))


@dataclass(frozen=True, slots=True)
class RuleReader:
    """Reads the kind's own fields of a requirement, completed by policy and by what the label defines once.

    `concepts` checks value-set names; `prophylaxes` are the label's prophylaxes by name.
    """

    tests: Mapping[str, model.Test]
    prophylaxes: Mapping[str, model.Prophylaxis]
    product: model.Product
    policy: Policy
    concepts: Concepts
    order: Callable[[Table], tuple[str, str, str]]

    def read(self, kind: str, requirement_id: str, table: Table) -> model.Rule:
        """The rule of one requirement."""
        policy = self.policy
        match kind:
            case "baseline":
                months = policy.baseline_window_months.get(requirement_id)
                return model.Baseline(self._test(table), policy.baseline_window_days, months)
            case "screening":
                return self._screening(table)
            case "recurring":
                return self._recurring(table)
            case "premedication":
                return self._premedication(table)
            case "course-length":
                return model.CourseLength(policy.course_wait_days)
            case "course-interval":
                return model.CourseInterval(table.number("months", least=1))
            case "infusion-duration":
                hours = table.number("hours", least=1)
                return model.InfusionDuration(hours, hours * 60 - policy.infusion_tolerance_minutes)
            case _ if kind in _BARE:
                return _BARE[kind]()
            case _:
                return self._second_half(kind, table)

    def _second_half(self, kind: str, table: Table) -> model.Rule:
        """Kinds around the infusion: other drugs, vaccines, and what rules the drug out."""
        match kind:
            case "prophylaxis-start":
                return model.ProphylaxisStart(self._prophylaxis(table))
            case "prophylaxis-duration":
                return model.ProphylaxisDuration(self._prophylaxis(table))
            case "vaccines-before":
                days = table.number("days", least=1)
                return model.VaccinesBefore(days, self._named(table, "live"), self._named(table, "no_vaccine"))
            case "live-vaccine":
                count = next(iter(self.prophylaxes.values()), None)
                return model.LiveVaccine(
                    live=self._named(table, "live"),
                    unclear=self._named(table, "unclear"),
                    months=self.policy.live_vaccine_months,
                    counted=count.counted if count is not None else frozenset(),
                    least_count=count.least_count if count is not None else Decimal(0),
                )
            case _ if kind in PATIENT_KINDS:
                return read_patient_rule(kind, table, self._named)
            case _ if kind in CAUTION_KINDS:
                return read_caution(kind, table, self.policy.cautions, self.concepts)
            case "infection":
                return model.InfectionCaution(
                    self._named(table, "diagnoses"), self._named(table, "confirming"), self._named(table, "screening")
                )
            case _:
                return model.AllergyCaution(self.product.ingredient, self._named(table, "excipients"))

    def _named(self, table: Table, name: str) -> frozenset[str]:
        return self.concepts(table.texts(name), table.place)

    def _test(self, table: Table) -> model.Test:
        return named_test(table, "test", self.tests)

    def _prophylaxis(self, table: Table) -> model.Prophylaxis:
        name = table.text("prophylaxis")
        if name in self.prophylaxes:
            return self.prophylaxes[name]
        known = ", ".join(sorted(self.prophylaxes))
        table.problems.add(table.place, f'`prophylaxis` is "{name}"; those of the label are: {known}')
        none: frozenset[str] = frozenset()
        return model.Prophylaxis(none, none, 1, 0, none, Decimal(0), _NO_TEST, ("", "", ""))

    def _screening(self, table: Table) -> model.Screening:
        names = ("history", "vaccines", "diagnoses", "settled_by", "signs")
        found = {name: self.concepts(table.texts(name, required=False), table.place) for name in names}
        is_negative = table.text("finding", one_of=OUTCOMES) == "negative"
        return model.Screening(self._test(table), Outcome.NEGATIVE if is_negative else Outcome.POSITIVE, **found)

    def _recurring(self, table: Table) -> model.Recurring:
        periodic = table.flag("periodic")
        months = self.policy.periodic_months if periodic else table.number("months", least=1)
        interval = self.policy.intervals.get(months)
        if interval is None:
            table.problems.add(
                table.place, f"policy.toml has no [[recurring.interval]] for {months} months; add one with its reason"
            )
            interval = Interval(months, 0)
        return model.Recurring(
            self._test(table),
            months,
            interval.lead_days,
            self.policy.grace_days,
            never_overdue=periodic,
            gender=table.text("gender", default="", one_of=GENDERS) or None,
            unless=self.concepts(table.texts("unless", required=False), table.place),
        )

    def _premedication(self, table: Table) -> model.Premedication:
        agents = []
        for entry in table.tables("agents"):
            (concept,) = self.concepts((entry.text("concept"),), entry.place)
            agents.append(
                model.Agent(concept, entry.amount("equivalent_mg"), entry.flag("reference"), entry.flag("form_unclear"))
            )
            entry.done()
        return model.Premedication(
            days=table.number("days", least=1),
            required_mg=table.amount("required_mg"),
            tolerance_percent=self.policy.premedication_tolerance_percent,
            agents=tuple(agents),
            depot=self._named(table, "depot"),
            order_lookback_days=self.policy.premedication_lookback_days,
            order=self.order(table.table("order")),
        )


def named_test(table: Table, name: str, tests: Mapping[str, model.Test]) -> model.Test:
    """The test a field names."""
    wanted = table.text(name)
    if wanted in tests:
        return tests[wanted]
    table.problems.add(table.place, f'`{name}` is "{wanted}"; the tests are: {", ".join(sorted(tests))}')
    return _NO_TEST


def read_prophylaxis(
    table: Table,
    tests: Mapping[str, model.Test],
    policy: Policy,
    concepts: Concepts,
    order: Callable[[Table], tuple[str, str, str]],
) -> model.Prophylaxis:
    """One [prophylaxis.NAME] of label.toml."""
    test = named_test(table, "count_test", tests)
    found = model.Prophylaxis(
        concepts=concepts(table.texts("drugs"), table.place),
        unclear=concepts(table.texts("unclear"), table.place),
        months=table.number("months", least=1),
        lead_days=policy.prophylaxis_lead_days,
        counted=test.concepts,
        least_count=table.amount("least_count"),
        count_test=test,
        order=order(table.table("order")),
    )
    table.text("section")
    table.text("says")
    table.done()
    return found
