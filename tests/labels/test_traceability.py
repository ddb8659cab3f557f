"""From label to card and back: whatever a label's files hold is used by something, and whatever is used is there.

An orphan fails with its file and place. What other tests hold already (every requirement has a table and every table a
requirement, every sentence is brought about, every number matters) is not held twice.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cds_service.core.assessment import Assessment, Note, Reason
from cds_service.core.evaluate import Verdict
from cds_service.core.hooks import CHECK_IN, ORDERING_HOOKS, PATIENT_VIEW
from cds_service.core.indicators import _situation, indicator
from cds_service.core.label import Situation
from cds_service.core.timeline import Source
from cds_service.labels import LabelError, load_label_folder
from cds_service.labels.choices import Choice, read_label_text
from cds_service.labels.loader import shipped_folder
from cds_service.report.label_uses import asked_tests, set_uses
from tests.code_health.source_tree import modules, parse
from tests.labels.case_tables import TableCase, judge, load_tables

TEXT = read_label_text(shipped_folder("lemtrada-us"))
BUNDLE, LABEL = TEXT.bundle, TEXT.bundle.label
VERDICTS: list[tuple[TableCase, Verdict]] = [(case, judge(LABEL, case)) for case in load_tables()]
JUDGED: list[tuple[Verdict, Assessment]] = [(verdict, item) for _, verdict in VERDICTS for item in verdict.assessments]
IDS = {item.id for item in LABEL.requirements}
TEXT_ONLY = {name for name, group in BUNDLE.groups.items() if group == "text"}


# --------------------------------------------------------------------------------------------- requirements
def test_every_requirement_says_where_it_stands_and_how_sure_we_are() -> None:
    bare = {
        f'label.toml, requirement "{item.id}": `{name}` is empty'
        for item in LABEL.requirements
        for name in ("section", "confidence", "title", "says", "sources", "strength")
        if not getattr(item, name) and not (name == "sources" and item.id in TEXT_ONLY)
    }
    assert bare == set()


def test_every_requirement_is_said_at_some_hook_or_is_text_of_a_card() -> None:
    said = set().union(*LABEL.hooks.values())
    mute = {f'policy.toml, [hooks]: no hook speaks of "{name}"' for name in IDS - said - TEXT_ONLY}
    assert mute == set(), 'name it at a hook, or put it into the chapter "text" when it never speaks'
    assert said & TEXT_ONLY == set(), "in the chapter `text`, yet named at a hook"


# ------------------------------------------------------------------------------------- value sets and tests
def used_sets() -> set[str]:
    """Value sets that the label's requirements or its product use, and those kept apart from them."""
    used = set(set_uses(LABEL.product, BUNDLE))
    return used.union(*(set_uses(item.rule, BUNDLE) for item in LABEL.requirements))


def test_every_value_set_is_used() -> None:
    orphans = {f"value_sets.toml, [{name}]" for name in BUNDLE.value_sets.keys() - used_sets()}
    assert orphans == set(), (
        'nothing of label.toml asks for these; if they keep look-alikes apart: look_alike_of = "..."'
    )


def test_a_set_that_keeps_look_alikes_apart_asks_for_nothing_and_counts_nowhere() -> None:
    asked = used_sets()
    apart = {
        value_set.id: value_set.look_alike_of for value_set in BUNDLE.value_sets.values() if value_set.look_alike_of
    }
    assert apart
    for name, other in apart.items():
        assert other in asked, f"value_sets.toml, [{name}]: `look_alike_of` names {other}, which nothing asks for"
        counting = [code.code for code in BUNDLE.codes if code.value_set == name and code.role == "include"]
        assert counting == [], f"codes.csv, {name}: codes of a set kept apart cannot be role include"


def test_every_value_set_has_codes_or_names_and_every_code_a_used_set() -> None:
    with_codes = {code.value_set for code in BUNDLE.codes}
    empty = {name for name, found in BUNDLE.value_sets.items() if name not in with_codes and not found.names}
    assert empty == set(), "value_sets.toml: neither a row of codes.csv nor `names`"
    used = used_sets()
    lost = {f"codes.csv: {code.system} {code.code}" for code in BUNDLE.codes if code.value_set not in used}
    assert lost == set()


def test_every_test_and_prophylaxis_of_the_label_is_asked_for() -> None:
    asked = {test.id for item in LABEL.requirements for test in asked_tests(item.rule)}
    written = TEXT.raw["label.toml"]
    assert {f"label.toml, [tests.{name}]" for name in written["tests"].keys() - asked} == set()
    named = {item.get("prophylaxis") for item in written["requirement"]}
    assert {f"label.toml, [prophylaxis.{name}]" for name in written["prophylaxis"].keys() - named} == set()


# --------------------------------------------------------------------------------------------------- policy
@pytest.mark.parametrize("choice", TEXT.choices, ids=lambda choice: f"{choice.place} {', '.join(choice.values)}")
def test_every_choice_reaches_something_and_has_its_reason(choice: Choice) -> None:
    assert choice.requirements or choice.parts, f"{choice.place}: nothing of the label depends on {dict(choice.values)}"
    assert len(choice.because.split()) > 1, f"{choice.place}: no reason for {dict(choice.values)}"


def rows_met() -> dict[str, set[tuple[str, str, str | None, str | None]]]:
    """Situation -> what it decided in some case: requirement, status, reason, variant."""
    found: dict[str, set[tuple[str, str, str | None, str | None]]] = {row.name: set() for row in LABEL.situations}
    for _, item in JUDGED:
        row = _situation(LABEL, item)
        if row is not None:
            reason = item.reason.value if item.reason is not None else None
            found[row.name].add((item.requirement, item.status.value, reason, item.variant))
    return found


MET = rows_met()


@pytest.mark.parametrize("row", LABEL.situations, ids=lambda row: row.name)
def test_every_word_of_a_situation_decides_some_case(row: Situation) -> None:
    wanted = (row.requirements, row.statuses, row.reasons, row.variants)
    met = list(zip(*MET[row.name], strict=True)) or [(), (), (), ()]
    idle = [name for names, seen in zip(wanted, met, strict=True) for name in sorted(names - set(seen))]
    assert MET[row.name], f'policy.toml, situation "{row.name}": no case comes to it'
    assert idle == [], f'policy.toml, situation "{row.name}": no case comes to it by these'


def test_no_two_situations_have_one_name() -> None:
    names = [row.name for row in LABEL.situations]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def loud_at(hook: str) -> set[str]:
    """Requirements that some case makes speak at a hook; a check-in counts on an infusion day."""
    return {
        item.requirement
        for verdict, item in JUDGED
        if indicator(LABEL, item, hook, verdict.case.as_of, at_infusion=hook == CHECK_IN) is not None
    }


@pytest.mark.parametrize("hook", sorted(LABEL.hooks.keys() - ORDERING_HOOKS) + sorted(ORDERING_HOOKS)[:1])
def test_every_requirement_named_at_a_hook_speaks_there_in_some_case(hook: str) -> None:
    place = "ordering" if hook in ORDERING_HOOKS else hook
    mute = {
        f'policy.toml, [hooks], "{place}": "{name}" never speaks there' for name in LABEL.hooks[hook] - loud_at(hook)
    }
    assert mute == set()


def test_the_ordering_hooks_speak_of_the_same() -> None:
    assert len({LABEL.hooks[hook] for hook in ORDERING_HOOKS}) == 1


def test_what_leaves_the_chart_is_said_there_and_has_an_event() -> None:
    days = LABEL.patient_view_days
    assert set(days) - LABEL.hooks[PATIENT_VIEW] == set(), "policy.toml, [patient_view.days]: never at the chart"
    with_event = {item.requirement for _, item in JUDGED if item.event is not None}
    assert set(days) - with_event == set(), (
        "policy.toml, [patient_view.days]: no case gives these an event to count from"
    )


# ---------------------------------------------------------------------------------------------------- cards
def test_every_short_name_reason_note_and_source_belongs_to_something() -> None:
    wording = BUNDLE.wording
    known = {
        "short": (wording.short, IDS),
        "reasons": (wording.reasons, {reason.value for reason in Reason}),
        "notes": (wording.notes, {note.value for note in Note}),
        "sources": (wording.sources, {source.value for source in Source} | literals("advice")),
    }
    orphans = {
        f'cards.toml, [{table}], "{key}"' for table, (keys, allowed) in known.items() for key in keys.keys() - allowed
    }
    assert orphans == set()
    lacking = {source.value for item in LABEL.requirements for source in item.sources} - wording.sources.keys()
    assert lacking == set(), "cards.toml, [sources]"


def test_every_note_has_words() -> None:
    assert {note.value for note in Note} - BUNDLE.wording.notes.keys() == set(), "cards.toml, [notes]"


def test_every_card_text_is_used_and_every_text_asked_for_is_there() -> None:
    keys = set(BUNDLE.wording.cards)
    plain, shapes = literals("advice"), [shape for module in layer("advice") for shape in made_keys(module.tree)]
    orphans = {key for key in keys - plain if not any(shape(key, plain) for shape in shapes)}
    assert {f'cards.toml, [cards], "{key}"' for key in orphans} == set()
    asked = {key for module in layer("advice") for key in asked_for(module.tree)}
    assert len(asked) > 30
    assert asked - keys == set(), "asked for in advice, not in cards.toml, [cards]"


class Shape(NamedTuple):
    """A key put together in the code: `start` is what it may begin with (None: any plain key), `rest` what follows."""

    pattern: re.Pattern[str]
    open_start: bool

    def __call__(self, key: str, plain: set[str]) -> bool:
        match = self.pattern.fullmatch(key)
        return match is not None and (not self.open_start or match.group(1) in plain)


def layer(name: str) -> list[Any]:
    return [module for module in modules() if module.name.startswith(f"cds_service.{name}")]


def literals(name: str) -> set[str]:
    """Every text written in a layer's modules."""
    return {
        node.value
        for module in layer(name)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def made_keys(tree: ast.AST) -> Iterator[Shape]:
    """The keys that f-strings may make: constants of a conditional or of the same function's names are followed."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        assigned: dict[str, set[str]] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                assigned.setdefault(node.targets[0].id, set()).update(constants(node.value, {}))
        for node in ast.walk(function):
            if isinstance(node, ast.JoinedStr):
                yield from shapes_of(node, assigned)


def shapes_of(node: ast.JoinedStr, assigned: dict[str, set[str]]) -> Iterator[Shape]:
    pieces: list[list[str]] = []
    open_start = False
    for number, piece in enumerate(node.values):
        inner = piece.value if isinstance(piece, ast.FormattedValue) else piece
        known = [re.escape(text) for text in sorted(constants(inner, assigned))]
        if not known and number == 0:
            open_start = True
        pieces.append(known or [r"(.+)" if number == 0 else r"[^.]+"])
    for combination in product(*pieces):
        pattern = "".join(combination)
        if pattern.strip("(.+)[^]") and len(node.values) > 1:
            yield Shape(re.compile(pattern), open_start)


def constants(node: ast.AST, assigned: dict[str, set[str]]) -> set[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        return constants(node.body, assigned) | constants(node.orelse, assigned)
    return assigned.get(node.id, set()) if isinstance(node, ast.Name) else set()


def asked_for(tree: ast.AST) -> Iterator[str]:
    """Keys written at the place where a card text is looked up."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            if node.func.attr in {"_card", "_listing"}:
                yield from constants(node.args[0], {})
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith(
            ("wording.cards", "wording", "cards")
        ):
            yield from constants(node.slice, {})


@pytest.mark.parametrize(
    "code, key, found",
    [
        ('def f(self):\n    return self._card(f\'a.{"b" if x else "c"}\')', "a.b", True),
        ('def f(self):\n    return self._card(f\'a.{"b" if x else "c"}\')', "a.d", False),
        ("def f(self):\n    kind = 'p' if x else 'q'\n    return f'{kind}.summary'", "q.summary", True),
        ("def f(self):\n    kind = 'p' if x else 'q'\n    return f'{kind}.summary'", "r.summary", False),
        ("def f(self, key):\n    return f'{key}.undated'", "order.lead.undated", True),
        ("def f(self, key):\n    return f'{key}.undated'", "order.tail.undated", False),
        ("def f(self, key):\n    return f'{key}'", "order.lead", False),
        ("def f(self, key):\n    return f'a.{key}.b'", "a.x.b", True),
        ("def f(self, key):\n    return f'a.{key}.b'", "a.x.y.b", False),
    ],
)
def test_the_search_for_made_keys_finds_what_it_should(code: str, key: str, *, found: bool) -> None:
    shapes = list(made_keys(parse("example", code).tree))
    assert any(shape(key, {"order.lead"}) for shape in shapes) is found


def test_the_cases_and_the_code_were_read() -> None:
    assert len(JUDGED) > 10_000
    assert len(literals("advice")) > 100
    assert Path(TEXT.choices[0].place.split(",")[0]).name == "policy.toml"


@pytest.mark.parametrize(
    "file, old, new, named",
    [
        (
            "value_sets.toml",
            'look_alike_of = "no-cervix"',
            'look_alike_of = "cervix"',
            ["[cervix-remains]", '"cervix"'],
        ),
        ("label.toml", 'group      = "before"', 'group      = "first"', ['`group` is "first"', "before, course"]),
        ("label.toml", "reading = ", "reeding = ", ["open_reading", "`reading` is missing"]),
    ],
)
def test_a_mistake_in_what_only_reviewers_read_is_named(
    tmp_path: Path, file: str, old: str, new: str, named: list[str]
) -> None:
    folder = Path(shutil.copytree(shipped_folder("lemtrada-us"), tmp_path / "label"))
    before = (folder / file).read_text(encoding="utf-8")
    assert old in before
    (folder / file).write_text(before.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LabelError) as caught:
        load_label_folder(folder)
    assert any(all(part in problem for part in named) for problem in caught.value.problems), caught.value.problems
