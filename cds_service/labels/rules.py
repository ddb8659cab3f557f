"""Kind by kind: the fields a requirement may carry, and the policy file that completes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from cds_service.core import label as model
from cds_service.core.indicators import ORDERING_HOOKS
from cds_service.labels.fields import Problems, Table

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
        "follow-up-end",
    }
)
STATUSES = frozenset({"met", "due", "overdue", "missing", "violated", "cannot-tell"})
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
    grace_days: int
    intervals: Mapping[int, Interval]
    course_wait_days: int
    premedication_tolerance_percent: int
    premedication_lookback_days: int
    patient_view_days: Mapping[str, int]
    hooks: Mapping[str, frozenset[str]]
    situations: tuple[model.Situation, ...]

    def check_ids(self, ids: set[str], problems: Problems) -> None:
        """Complain about requirement ids of the policy that the label does not have."""
        used = {name for names in self.hooks.values() for name in names} | set(self.patient_view_days)
        used |= {name for situation in self.situations for name in situation.requirements}
        for name in sorted(used - ids):
            problems.add("policy.toml", f'names the requirement "{name}", which label.toml does not have')


def read_policy(file: Table) -> Policy:
    """All of policy.toml."""
    product, courses, orders = file.table("product"), file.table("courses"), file.table("orders")
    baseline, recurring, length = file.table("baseline"), file.table("recurring"), file.table("course_length")
    premedication, view = file.table("premedication"), file.table("patient_view")
    view_days = view.table("days")
    policy = Policy(
        dose_tolerance_percent=product.number("tolerance_percent"),
        other_product_window_days=product.number("other_product_window_days"),
        max_concentrate_ml=product.amount("max_concentrate_ml"),
        course_gap_days=courses.number("gap_days", least=1),
        course_resume_days=courses.number("resume_days", least=1),
        active_order_days=orders.number("active_days"),
        baseline_window_days=baseline.number("window_days", least=1),
        grace_days=recurring.number("grace_days"),
        intervals={interval.months: interval for interval in map(_interval, recurring.tables("interval"))},
        course_wait_days=length.number("wait_days"),
        premedication_tolerance_percent=premedication.number("tolerance_percent"),
        premedication_lookback_days=premedication.number("order_lookback_days"),
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
    for table in (orders, baseline, recurring, length, view):
        table.text("because")
    for table in (product, courses, orders, baseline, recurring, length, premedication, view, view_days, file):
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


def read_rule(
    kind: str,
    table: Table,
    tests: Mapping[str, model.Test],
    policy: Policy,
    concepts: Concepts,
    order: Callable[[Table], tuple[str, str, str]],
) -> model.Rule:
    """The kind's own fields of one requirement, completed by policy."""
    match kind:
        case "baseline":
            return model.Baseline(_test(table, tests), policy.baseline_window_days)
        case "recurring":
            return _recurring(table, tests, policy)
        case "premedication":
            return _premedication(table, policy, concepts, order(table.table("order")))
        case "course-length":
            return model.CourseLength(policy.course_wait_days)
        case "course-interval":
            return model.CourseInterval(table.number("months", least=1))
        case "daily-dose":
            return model.DailyDose()
        case "history":
            return model.History()
        case "follow-up-end":
            return model.FollowUpEnd()
        case _:
            return model.ProductCheck()


def _test(table: Table, tests: Mapping[str, model.Test]) -> model.Test:
    name = table.text("test")
    if name in tests:
        return tests[name]
    table.problems.add(table.place, f'`test` is "{name}"; the tests are: {", ".join(sorted(tests))}')
    return model.Test(name, name, (), frozenset(), frozenset(), ("", "", ""))


def _recurring(table: Table, tests: Mapping[str, model.Test], policy: Policy) -> model.Recurring:
    months = table.number("months", least=1)
    interval = policy.intervals.get(months)
    if interval is None:
        table.problems.add(
            table.place, f"policy.toml has no [[recurring.interval]] for {months} months; add one with its reason"
        )
        interval = Interval(months, 0)
    return model.Recurring(_test(table, tests), months, interval.lead_days, policy.grace_days)


def _premedication(
    table: Table, policy: Policy, concepts: Concepts, order: tuple[str, str, str]
) -> model.Premedication:
    agents = []
    for entry in table.tables("agents"):
        (concept,) = concepts((entry.text("concept"),), entry.place)
        agents.append(
            model.Agent(concept, entry.amount("equivalent_mg"), entry.flag("reference"), entry.flag("form_unclear"))
        )
        entry.done()
    return model.Premedication(
        days=table.number("days", least=1),
        required_mg=table.amount("required_mg"),
        tolerance_percent=policy.premedication_tolerance_percent,
        agents=tuple(agents),
        depot=concepts(table.texts("depot"), table.place),
        order_lookback_days=policy.premedication_lookback_days,
        order=order,
    )
