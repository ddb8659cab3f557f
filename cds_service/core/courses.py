"""Courses of treatment and the plan of the next one: how infusion days group, and what an order adds to them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from cds_service.core.dates import AsOf, When, add_days, add_months, day_range
from cds_service.core.exposure import InfusionDay, is_drug_order
from cds_service.core.label import Courses, Label
from cds_service.core.timeline import Appointment, DrugOrder, Timeline


class Course(NamedTuple):
    """One course: its number (1-based), its infusion days in order, and whether it was resumed after a long gap."""

    number: int
    days: tuple[InfusionDay, ...]
    resumed: bool = False

    @property
    def first(self) -> date:
        """Day 1 of the course."""
        return self.days[0].date

    @property
    def last(self) -> date:
        """The course's last infusion so far."""
        return self.days[-1].date


class Plan(NamedTuple):
    """What orders still ask for: which course, from which infusion day on, and how many days when they say so.

    `continues`: the order goes on with a course already begun. `start` may be a day only. `dates` are the days the
    orders name together, in order; None as soon as one order does not say which or how many days it covers.
    `booked`: the appointments that make (or move) it.
    """

    course: int
    first_day: int
    continues: bool
    start: When
    start_known: bool
    dates: tuple[date, ...] | None
    length: int
    orders: tuple[DrugOrder, ...]
    booked: tuple[Appointment, ...] = ()

    @property
    def references(self) -> tuple[str, ...]:
        """The orders and appointments behind the plan."""
        return (*(order.reference for order in self.orders), *(item.reference for item in self.booked))

    @property
    def day_count(self) -> int | None:
        """How many days the orders cover, when they say so."""
        return len(self.dates) if self.dates is not None else None

    def date_of(self, day: int) -> date:
        """The date of an infusion day being ordered; one day after the other when the orders name none."""
        index = day - self.first_day
        if self.dates is not None and index < len(self.dates):
            return self.dates[index]
        return add_days(self.start.first, index)

    @property
    def planned_days(self) -> range:
        """Ordinal infusion days being ordered; the label's length stands in when no order says how many."""
        count = self.day_count if self.day_count is not None else max(1, self.length - self.first_day + 1)
        return range(self.first_day, self.first_day + count)


def same_course(last: date, following: date, so_far: int, number: int, rule: Courses) -> tuple[bool, bool]:
    """Whether the next infusion date belongs to the course, and whether that is a resumption after a long gap."""
    gap = (following - last).days
    if gap <= rule.gap_days:
        return True, False
    resumed = gap <= rule.resume_days and so_far < rule.length_of(number)
    return resumed, resumed


def group_courses(days: Iterable[InfusionDay], rule: Courses) -> tuple[Course, ...]:
    """Infusion days (in order of date) grouped into courses."""
    courses: list[Course] = []
    for day in days:
        if courses:
            current = courses[-1]
            same, resumed = same_course(current.last, day.date, len(current.days), current.number, rule)
            if same:
                courses[-1] = Course(current.number, (*current.days, day), current.resumed or resumed)
                continue
        courses.append(Course(len(courses) + 1, (day,)))
    return tuple(courses)


def covers(order: DrugOrder, day: date) -> bool:
    """Whether an order holds that day, as far as it says; one without dates holds every day."""
    if order.days is not None:
        return day in order.days
    if order.starts is None:
        return True
    if order.ends is not None and order.ends.last < day:
        return False
    last = add_days(order.starts.last, order.day_count - 1) if order.day_count is not None else None
    return order.starts.first <= day and (last is None or day <= last)


def order_anchor(order: DrugOrder) -> date | None:
    """The day an order begins to speak of: its start, else when it was written."""
    when = order.starts or order.written
    return when.first if when else None


def open_orders(timeline: Timeline, label: Label, courses: tuple[Course, ...], as_of: AsOf) -> list[DrugOrder]:
    """Draft or active orders for the drug that do not belong to a course already given.

    All of them together are the plan: a draft that adds to an active order is where a double order can be stopped. Of a
    draft for the course under way, what it plans after the last infusion is still to be signed.
    """
    current = courses[-1] if courses else None
    found = []
    for order in timeline.drug_orders:
        if not (order.draft or order.active) or not is_drug_order(order, label.product, timeline):
            continue
        anchor = order_anchor(order) or as_of.today
        if current is None or anchor > current.last:
            found.append(order)
        elif order.draft and len(current.days) < label.courses.length_of(current.number):
            rest = _after(order, current.last)
            found += [rest] if rest is not None else []
    return found


def _after(order: DrugOrder, last: date) -> DrugOrder | None:
    """What an order plans after that day; None when that is nothing."""
    days = days_of_order(order)
    left = frozenset(day for day in days if day > last) if days is not None else None
    if left is not None and not left:
        return None
    following = add_days(last, 1)
    return order._replace(starts=When(following, following), days=left, day_count=None)


def booked_appointments(timeline: Timeline, orders: list[DrugOrder], as_of: AsOf) -> tuple[Appointment, ...]:
    """Appointments still to come that are the drug's: by themselves, or since an active order starts that very day."""
    days = {order.starts.first for order in orders if order.active and order.starts is not None}
    return tuple(
        item
        for item in timeline.appointments
        if (item.about_drug and (item.starts is None or item.starts.last >= as_of.today))
        or (item.starts is not None and item.starts.is_exact_day and as_of.today <= item.starts.first in days)
    )


def make_plan(
    orders: list[DrugOrder],
    courses: tuple[Course, ...],
    label: Label,
    as_of: AsOf,
    booked: tuple[Appointment, ...] = (),
) -> Plan | None:
    """What the open orders add to the courses so far; None without an open order and without appointments.

    The day being booked is day 1, also when an order says another day: it is the booking that can still be changed.
    """
    if not orders and not booked:
        return None
    starts = [item.starts for item in (booked or orders) if item.starts is not None]
    start = min(starts, key=_by_day) if starts else When(as_of.today, as_of.today)
    number, first_day, continues = 1, 1, False
    if courses:
        current = courses[-1]
        same, _ = same_course(current.last, start.first, len(current.days), current.number, label.courses)
        continues = same
        number = current.number if same else current.number + 1
        first_day = len(current.days) + 1 if same else 1
    return Plan(
        course=number,
        first_day=first_day,
        continues=continues,
        start=start,
        start_known=bool(starts),
        dates=_booked_dates(booked, orders) if booked else _planned_dates(orders, start),
        length=label.courses.length_of(number),
        orders=tuple(orders),
        booked=booked,
    )


def _booked_dates(booked: tuple[Appointment, ...], orders: list[DrugOrder]) -> tuple[date, ...] | None:
    """The days booked; one day alone is day 1 of as many as an order covers, or of an unknown number."""
    days = sorted({item.starts.first for item in booked if item.starts is not None})
    if len(days) > 1 or not days:
        return tuple(days) or None
    ordered = _planned_dates(orders, When(days[0], days[0])) if orders else None
    return tuple(day_range(days[0], add_days(days[0], len(ordered) - 1))) if ordered is not None else None


def _by_day(when: When) -> tuple[date, bool, date]:
    return when.first, when.instant is None, when.last


def _planned_dates(orders: list[DrugOrder], start: When) -> tuple[date, ...] | None:
    """Days the orders cover together: the union of their days; None as soon as one does not say."""
    days: set[date] = set()
    for order in orders:
        planned = days_of_order(order, start)
        if planned is None:
            return None
        days |= planned
    return tuple(sorted(days))


def days_of_order(order: DrugOrder, start: When | None = None) -> frozenset[date] | None:
    """The days an order covers; None when it does not say. `start` stands in for an order without one."""
    begins = order.starts or start
    if order.days is not None or order.day_count is None or begins is None:
        return order.days
    return frozenset(day_range(begins.first, add_days(begins.first, order.day_count - 1)))


class FollowUp(NamedTuple):
    """The months of follow-up: counted from the last infusion; due dates count from `anchor` at the earliest.

    More than the follow-up's length between two courses starts it again with the later course.
    """

    anchor: date
    last_infusion: date
    ends: date


def follow_up(courses: tuple[Course, ...], months: int) -> FollowUp | None:
    """The follow-up that runs (or ran) after the last course; None before any infusion."""
    if not courses:
        return None
    anchor = courses[0].first
    for earlier, later in pairwise(courses):
        if later.first > add_months(earlier.last, months):
            anchor = later.first
    last = courses[-1].last
    return FollowUp(anchor, last, add_months(last, months))
