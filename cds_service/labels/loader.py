"""From a label folder (label, policy, value_sets, cards, codes) to a `Label` that can judge, or a list of mistakes.

Reads files; knows nothing of FHIR, hooks' wire formats or patients.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from cds_service.core import label as model
from cds_service.core.timeline import Source
from cds_service.labels.fields import Problems, Table
from cds_service.labels.review import GROUPS, UNSIGNED, OpenReading, SignOff, read_open_readings, read_sign_off
from cds_service.labels.rules import KINDS, Policy, RuleReader, read_policy, read_prophylaxis
from cds_service.labels.site import Site
from cds_service.labels.value_sets import Code, ValueSet, read_codes, read_value_sets
from cds_service.labels.wording import Wording, read_wording

HERE = Path(__file__).parent
FILES = ("label.toml", "policy.toml", "value_sets.toml", "cards.toml")
ORDER_SCOPED_KINDS = frozenset(
    {
        *("baseline", "daily-dose", "course-length", "course-interval", "infusion-duration", "premedication"),
        *("prophylaxis-start", "prophylaxis-duration", "vaccines-before", "screening"),
    }
)


class LabelError(Exception):
    """A label folder that cannot be used. `problems` lists every mistake: file, place, what to write instead."""

    what = "label folder"

    def __init__(self, folder: str, problems: list[str]) -> None:
        self.folder, self.problems = folder, problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{self.what} {folder} cannot be used:\n{lines}")


class OverlayError(LabelError):
    """An overlay that cannot be used. `problems` lists every mistake: file, place, what to write instead."""

    what = "overlay folder"


class NotCovered(NamedTuple):
    """Something the label asks that is not checked, and why."""

    what: str
    why: str


class LabelBundle(NamedTuple):
    """A label with everything around it: value sets, codes, wording, sign-off, and what is not covered.

    `groups`: requirement id -> the chapter of the label's page it is read in ("" when the file names none).
    `site`: what an overlay changed; None for the label as it is.
    """

    label: model.Label
    value_sets: Mapping[str, ValueSet]
    codes: tuple[Code, ...]
    wording: Wording
    not_covered: tuple[NotCovered, ...]
    open_readings: tuple[OpenReading, ...]
    groups: Mapping[str, str]
    url: str
    sign_off: SignOff | None
    site: Site | None = None

    @property
    def reviewed(self) -> str:
        """Who reviewed this revision, or that nobody has."""
        return UNSIGNED if self.sign_off is None else self.sign_off.words(self.label.revision)

    @property
    def is_signed_off(self) -> bool:
        """Whether a signature of this very revision is there."""
        return self.sign_off is not None and self.sign_off.revision == self.label.revision


class LabelFiles(NamedTuple):
    """The files of a label folder, read and not yet understood: TOML by file name, and the text of codes.csv."""

    raw: Mapping[str, Mapping[str, object]]
    codes: str


def available_labels() -> tuple[str, ...]:
    """Ids of the labels shipped with the package."""
    folders = [item.name for item in HERE.iterdir() if (item / "label.toml").is_file()]
    return tuple(sorted(name.replace("_", "-") for name in folders))


@cache
def load_label(label_id: str = "lemtrada-us") -> LabelBundle:
    """A shipped label by id; LabelError when there is none of that id or its files are wrong."""
    return build_bundle(label_files(shipped_folder(label_id), label_id), label_id)


def load_label_folder(folder: Path) -> LabelBundle:
    """A label from a folder on disk; LabelError lists every mistake found."""
    return build_bundle(label_files(folder, str(folder)), str(folder))


def shipped_folder(label_id: str) -> Path:
    """Where a shipped label lies; LabelError when there is none of that id."""
    if label_id not in available_labels():
        known = ", ".join(available_labels())
        raise LabelError(label_id, [f'there is no label "{label_id}"; available: {known}'])
    return HERE / label_id.replace("-", "_")


def label_files(folder: Path, name: str) -> LabelFiles:
    """The files of a label folder; LabelError names those that are missing or no TOML."""
    problems = Problems()
    raw = {file: read_toml(folder, file, problems) for file in FILES}
    codes = _read_codes_text(folder, problems)
    if problems.found:
        raise LabelError(name, problems.found)
    return LabelFiles(raw, codes)


def build_bundle(files: LabelFiles, name: str) -> LabelBundle:
    """A label from its files; LabelError lists every mistake found."""
    problems = Problems()
    value_sets = read_value_sets(files.raw["value_sets.toml"], problems)
    codes = read_codes(files.codes, value_sets, problems)
    bundle = _Reader(files.raw, value_sets, codes, problems).read()
    if problems.found:
        raise LabelError(name, problems.found)
    return bundle


def read_leniently(files: LabelFiles, bundle: LabelBundle) -> model.Label:
    """A label as far as its files can be understood: to see what a change would reach, never to judge with.

    `bundle`: what the files gave before the change; value sets and codes are taken from it.
    """
    return _Reader(files.raw, dict(bundle.value_sets), bundle.codes, Problems()).read().label


def _read_codes_text(folder: Path, problems: Problems) -> str:
    path = folder / "codes.csv"
    if not path.is_file():
        problems.add("codes.csv", "is missing from the folder")
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        problems.add("codes.csv", f"is not UTF-8 text: {error}")
        return ""


def read_toml(folder: Path, file: str, problems: Problems) -> dict[str, object]:
    """One TOML file of a folder; empty when it is missing or unreadable (the mistake is recorded)."""
    path = folder.joinpath(file)
    if not path.is_file():
        problems.add(file, "is missing from the folder")
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.add(file, f"is not readable TOML: {error}")
        return {}
    except OSError as error:
        problems.add(file, f"cannot be opened: {error.strerror}")
        return {}


class _Reader:
    def __init__(
        self,
        raw: Mapping[str, Mapping[str, object]],
        value_sets: dict[str, ValueSet],
        codes: tuple[Code, ...],
        problems: Problems,
    ) -> None:
        self.problems, self.value_sets, self.codes = problems, value_sets, codes
        self.groups: dict[str, str] = {}
        self.label_file = Table(raw["label.toml"], "label.toml", problems)
        self.policy = read_policy(Table(raw["policy.toml"], "policy.toml", problems))
        self.cards_raw = raw["cards.toml"]

    def read(self) -> LabelBundle:
        head = self.label_file.table("label")
        tests = self._tests()
        product = self._product()
        courses, follow_up_months = self._courses()
        rules = RuleReader(tests, self._prophylaxes(tests), product, self.policy, self._concepts, self._order)
        requirements = tuple(self._requirement(table, rules) for table in self.label_file.tables("requirement"))
        not_covered = []
        for table in self.label_file.tables("not_covered"):
            not_covered.append(NotCovered(table.text("what"), table.text("why")))
            table.done()
        ids = {requirement.id for requirement in requirements}
        if len(ids) != len(requirements):
            self.problems.add("label.toml", "two requirements have the same id")
        self.policy.check_ids(ids, self.problems)
        label = model.Label(
            id=head.text("id"),
            drug=head.text("drug"),
            title=head.text("title"),
            set_id=head.text("set_id"),
            revision=head.text("revision"),
            product=product,
            courses=courses,
            follow_up_months=follow_up_months,
            active_order_days=self.policy.active_order_days,
            infusion_reach_days=self.policy.course_wait_days,
            requirements=requirements,
            situations=self.policy.situations,
            hooks=MappingProxyType(dict(self.policy.hooks)),
            order_scoped=frozenset(r.id for r in requirements if r.kind in ORDER_SCOPED_KINDS),
            patient_view_days=MappingProxyType(dict(self.policy.patient_view_days)),
        )
        bundle = LabelBundle(
            label=label,
            value_sets=MappingProxyType(self.value_sets),
            codes=self.codes,
            wording=read_wording(self.cards_raw, ids, self.problems),
            not_covered=tuple(not_covered),
            open_readings=read_open_readings(self.label_file),
            groups=MappingProxyType(self.groups),
            url=head.text("url"),
            sign_off=read_sign_off(head),
        )
        head.done()
        self.label_file.done()
        return bundle

    def _concepts(self, names: tuple[str, ...], place: str) -> frozenset[str]:
        for name in names:
            if name not in self.value_sets:
                self.problems.add(place, f'value set "{name}" is not described in value_sets.toml')
        return frozenset(names)

    def _tests(self) -> dict[str, model.Test]:
        file = self.label_file.table("tests")
        found = {}
        for name in file.names():
            table = file.table(name)
            members = tuple(self._member(entry) for entry in table.tables("members"))
            any_of = () if members else table.text_lists("any_of")
            for concepts in any_of:
                self._concepts(tuple(sorted(concepts)), table.place)
            found[name] = model.Test(
                id=name,
                name=table.text("name"),
                any_of=any_of,
                wrong=self._concepts(table.texts("wrong"), table.place),
                ordered_as=self._concepts(table.texts("ordered_as"), table.place),
                order=self._order(table.table("order")),
                members=members,
            )
            table.done()
        return found

    def _member(self, table: Table) -> tuple[str, str]:
        name, concept = table.text("name"), table.text("concept")
        self._concepts((concept,), table.place)
        table.done()
        return name, concept

    def _prophylaxes(self, tests: dict[str, model.Test]) -> dict[str, model.Prophylaxis]:
        file = self.label_file.table("prophylaxis")
        return {
            name: read_prophylaxis(file.table(name), tests, self.policy, self._concepts, self._order)
            for name in file.names()
        }

    def _order(self, table: Table) -> tuple[str, str, str]:
        system, code = table.text("system"), table.text("code")
        table.done()
        for known in self.codes:
            if (known.system, known.code) == (system, code):
                return known.uri, known.code, known.display
        self.problems.add(table.place, f"{system} {code} is not in codes.csv, so it cannot be ordered")
        return "", code, ""

    def _product(self) -> model.Product:
        table = self.label_file.table("product")
        place = table.place
        product = model.Product(
            drug=self._concepts(table.texts("drug"), place),
            unspecified=self._concepts(table.texts("unspecified"), place),
            other_product=self._concepts(table.texts("other_product"), place),
            own_diagnosis=self._concepts(table.texts("own_diagnosis"), place),
            other_diagnosis=self._concepts(table.texts("other_diagnosis"), place),
            daily_mg=table.amount("daily_mg"),
            tolerance_percent=self.policy.dose_tolerance_percent,
            other_product_mg=table.amounts("other_product_mg"),
            other_product_window_days=self.policy.other_product_window_days,
            mg_per_ml=table.amount("mg_per_ml"),
            max_concentrate_ml=self.policy.max_concentrate_ml,
        )
        table.text("section")
        table.text("says")
        table.done()
        return product

    def _courses(self) -> tuple[model.Courses, int]:
        table = self.label_file.table("courses")
        courses = model.Courses(
            gap_days=self.policy.course_gap_days,
            resume_days=self.policy.course_resume_days,
            first_length=table.number("first_length", least=1),
            later_length=table.number("later_length", least=1),
        )
        follow_up = self.label_file.table("follow_up")
        months = follow_up.number("months", least=1)
        for part in (table, follow_up):
            part.text("section")
            part.text("says")
            part.done()
        return courses, months

    def _sources(self, table: Table) -> frozenset[Source]:
        known = {source.value for source in Source}
        names = table.texts("sources")
        for name in names:
            if name not in known:
                self.problems.add(table.place, f'`sources` names "{name}"; use: {", ".join(sorted(known))}')
        return frozenset(Source(name) for name in names if name in known)

    def _requirement(self, table: Table, rules: RuleReader) -> model.Requirement:
        kind, requirement_id = table.text("kind", one_of=KINDS), table.text("id")
        sources = self._sources(table)
        self.groups[requirement_id] = table.text("group", default="", one_of=frozenset({"", *GROUPS}))
        requirement = model.Requirement(
            id=requirement_id,
            kind=kind,
            title=table.text("title"),
            section=table.text("section"),
            strength=table.text("strength", one_of=frozenset({"required", "consider"})),
            confidence=table.text("confidence", one_of=frozenset({"A", "B"})),
            says=table.text("says"),
            rule=rules.read(kind, requirement_id, table),
            sources=sources,
        )
        table.done()
        return requirement


__all__ = [
    "LabelBundle",
    "LabelError",
    "LabelFiles",
    "NotCovered",
    "OverlayError",
    "Policy",
    "available_labels",
    "build_bundle",
    "label_files",
    "load_label",
    "load_label_folder",
    "read_toml",
    "shipped_folder",
]
