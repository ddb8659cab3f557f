"""The import rule of docs/architecture.md, and what starting up may not load."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.code_health.source_tree import PACKAGE, ROOT, Module, imports, modules, parse

ANY = frozenset({"*"})
NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rule:
    """What one layer may import of ours (a layer itself is always allowed) and of others."""

    ours: frozenset[str] = NONE
    others: frozenset[str] = NONE


# Everything of ours but the outermost parts: `clients` and `store` speak to the outside, `web` and `cli` join it all.
INNER = frozenset({"core", "labels", "fhir", "cds_hooks", "advice", "report"})
SHELL = INNER | {"engine", "checking", "replay", "label_diff", "settings", "clients", "store", "web", "cli", ""}

RULES = {
    "core": Rule(),
    "labels": Rule(ours=frozenset({"core"}), others=frozenset({"msgspec"})),
    "fhir": Rule(ours=frozenset({"core", "cds_hooks.templates"}), others=ANY),
    "report": Rule(ours=frozenset({"core", "labels"}), others=ANY),
    "cds_hooks": Rule(others=ANY),
    "advice": Rule(
        ours=frozenset({"core", "labels", "cds_hooks", "report", "fhir.orders", "fhir.templates", "fhir.code_maps"}),
        others=ANY,
    ),
    "engine": Rule(ours=INNER, others=frozenset({"msgspec"})),
    "checking": Rule(ours=INNER | {"engine", "replay"}, others=frozenset({"msgspec"})),
    "replay": Rule(ours=INNER | {"engine"}),
    "label_diff": Rule(ours=INNER | {"engine"}),
    "settings": Rule(ours=frozenset({"core"}), others=ANY),
    "clients": Rule(ours=INNER | {"settings"}, others=ANY),
    "store": Rule(ours=frozenset({"core", "cds_hooks", "settings"}), others=ANY),
    "web": Rule(ours=SHELL, others=ANY),
    "cli": Rule(ours=SHELL, others=ANY),
    "": Rule(),  # cds_service/__init__.py: everybody loads it, so it loads nothing
    "__main__": Rule(ours=frozenset({"cli"})),
}

# Standard library, but no business of a pure core: clock, network, files, processes, chance, logging.
IMPURE = frozenset(
    (
        "asyncio",
        "concurrent",
        "ftplib",
        "http",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "pickle",
        "random",
        "secrets",
        "select",
        "shelve",
        "shutil",
        "smtplib",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
        "uuid",
        "warnings",
    )
)


def layer_of(name: str) -> str:
    """`core.dates` belongs to `core`; `cli.py` and `cli_check.py` to `cli`; `__version__` to the package itself."""
    part = name.removeprefix(PACKAGE).removeprefix(".").partition(".")[0]
    if part.startswith("__") and part != "__main__":
        return ""
    return "cli" if part.startswith("cli_") else part


def allowed(target: str, rule: Rule, layer: str) -> bool:
    """Whether this rule lets the imported name pass."""
    top = target.partition(".")[0]
    if top == PACKAGE:
        inside = target.removeprefix(PACKAGE).removeprefix(".")
        entries = rule.ours | {layer}
        return layer_of(target) in entries or any(inside == e or inside.startswith(f"{e}.") for e in entries if e)
    if top in sys.stdlib_module_names:
        return layer != "core" or top not in IMPURE
    return "*" in rule.others or top in rule.others


def breaches(module: Module) -> Iterator[str]:
    """One sentence for every import that the rule of the module's layer forbids."""
    layer = layer_of(module.name)
    rule = RULES.get(layer)
    if rule is None:
        yield f"{module.place}: no import rule for {layer!r}; add a row to RULES and to docs/architecture.md"
        return
    for item in imports(module):
        if not allowed(item.target, rule, layer):
            yield f"{module.place}:{item.line}: {layer or PACKAGE} must not import {item.target}"


def seen(layer: str) -> tuple[Module, ...]:
    return tuple(m for m in modules() if layer_of(m.name) == layer)


@pytest.mark.parametrize("layer", list(RULES))
def test_a_layer_imports_only_what_its_rule_allows(layer: str) -> None:
    found = seen(layer)
    if not found:
        folder = ROOT / PACKAGE / layer
        assert not (layer and folder.is_dir() and any(folder.rglob("*.py"))), f"{layer} exists but was not read"
        pytest.skip(f"cds_service has no {layer or 'package'} yet")
    assert [line for module in found for line in breaches(module)] == []


def test_every_module_has_a_rule() -> None:
    unknown = sorted({layer_of(m.name) for m in modules()} - set(RULES))
    assert unknown == [], f"add a row to RULES for {unknown}"


def test_only_the_outermost_layers_import_clients_and_store() -> None:
    outside = frozenset({"web", "cli", "clients", "store"})
    found = [
        f"{module.place}:{item.line}: imports {item.target}"
        for module in modules()
        if layer_of(module.name) not in outside
        for item in imports(module)
        if item.target.startswith((f"{PACKAGE}.clients", f"{PACKAGE}.store"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "name, text, expected",
    [
        ("core.dates", "import datetime\nfrom dataclasses import dataclass", 0),
        ("core.dates", "from cds_service.core import label", 0),
        ("core.dates", "from . import label", 0),
        ("core.dates", "import logging", 1),
        ("core.dates", "import pydantic", 1),
        ("core.dates", "def f():\n    from urllib.request import urlopen", 1),
        ("core.dates", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import msgspec", 1),
        ("core.dates", "from ..labels import load", 1),
        ("labels.load", "import tomllib\nimport msgspec\nfrom cds_service.core.label import Label", 0),
        ("labels.load", "import pydantic", 1),
        ("fhir.orders", "from cds_service.labels import load", 1),
        ("fhir.orders", "import fhir.resources.R4B", 0),
        ("cds_hooks.cards", "from cds_service.core import dates", 1),
        ("cds_hooks.cards", "from cds_service import __version__", 1),
        ("advice.cards", "from cds_service.fhir.orders import build\nfrom cds_service.fhir import orders", 0),
        ("advice.cards", "from cds_service.fhir.reader import read", 1),
        ("engine", "from cds_service.store import feedback", 1),
        ("cli_check", "from cds_service import engine, __version__\nimport cds_service.web.app", 0),
        ("nonsense.thing", "import datetime", 1),
    ],
)
def test_the_check_itself_sees_what_it_should(name: str, text: str, expected: int) -> None:
    assert len(list(breaches(parse(f"{PACKAGE}.{name}", text)))) == expected


def test_the_command_line_starts_without_the_heavy_packages() -> None:
    if not any(m.name == f"{PACKAGE}.cli" for m in modules()):
        pytest.skip("cds_service.cli is not there yet")
    probe = "import json, sys, cds_service.cli; print(json.dumps(sorted({n.partition('.')[0] for n in sys.modules})))"
    run = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=True, capture_output=True, text=True)
    loaded = set(json.loads(run.stdout))
    assert "cds_service" in loaded
    assert loaded & {"fastapi", "starlette", "uvicorn", "pydantic", "fhir", "requests"} == set()


@pytest.mark.parametrize("package", ["fhir", "engine"])
def test_reading_and_judging_need_no_fhir_models(package: str) -> None:
    """fhir.resources costs half a second to import: only orders and strict validation may load it, when called."""
    if not seen(package):
        pytest.skip(f"cds_service has no {package} yet")
    probe = f"import sys, cds_service.{package}; print(int('fhir.resources' in sys.modules))"
    run = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "0"
