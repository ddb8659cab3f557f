"""Write the page of every label anew: `python -m tests.labels.build_pages` (`make docs`).

The service may not know the tests, so the case tables and the decisions reach the page from here.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cds_service.labels import available_labels
from cds_service.labels.choices import read_label_text
from cds_service.labels.loader import shipped_folder
from cds_service.report.label_page import Decision, PageCase, label_page

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "labels"
DECISIONS = ROOT / "docs" / "decisions"
TABLES = Path(__file__).parent
_ROW = re.compile(r"\| (.+?) \| (.+) \|")
_SAID = {"indicator": "report", "ordering": "at ordering", "chart": "at the chart", "at_hook": "at the hook"}


def page(label_id: str) -> str:
    """The page of one label, as it should be on disk."""
    return label_page(read_label_text(shipped_folder(label_id)), page_cases(label_id), readings())


def main() -> None:
    """Write all pages; a page without a label is removed."""
    PAGES.mkdir(parents=True, exist_ok=True)
    for stale in {path.stem for path in PAGES.glob("*.md")} - set(available_labels()):
        PAGES.joinpath(f"{stale}.md").unlink()
    for label_id in available_labels():
        path = PAGES / f"{label_id}.md"
        path.write_text(page(label_id), encoding="utf-8", newline="\n")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")


def page_cases(label_id: str) -> dict[str, list[PageCase]]:
    """The cases of a label by requirement, in the order of their tables."""
    found = {}
    for path in sorted(TABLES.joinpath(label_id.replace("-", "_")).glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        usual = table.get("usual", {})
        found[path.stem] = [PageCase(case["name"], _outcome({**usual, **case})) for case in table["case"]]
    return found


def readings() -> list[Decision]:
    """The decision records that are tables of readings."""
    found = []
    for path in sorted(DECISIONS.glob("*.md")):
        lines = path.read_text(encoding="utf-8").splitlines()
        if "| point | reading |" in lines:
            rows = [
                match.groups()
                for line in lines[lines.index("| point | reading |") + 2 :]
                if (match := _ROW.match(line))
            ]
            title = lines[0].lstrip("# ").partition(" ")[2]
            found.append(Decision(title, f"../decisions/{path.name}", [(point, reading) for point, reading in rows]))
    return found


def _outcome(case: Mapping[str, Any]) -> str:
    return "; ".join(dict.fromkeys(_expected(expected, case.get("hook")) for expected in case["expect"]))


def _expected(expected: Mapping[str, Any], hook: str | None) -> str:
    """The status, why, and how loudly, as far as the case says."""
    parts = [str(expected.get("status", "any status"))]
    if expected.get("reason", "none") != "none":
        parts[0] += f" ({expected['reason']})"
    for field, place in _SAID.items():
        if field in expected:
            where = f"at {hook}" if field == "at_hook" and hook is not None else place
            parts.append(f"{where} {'nothing' if expected[field] == 'none' else expected[field]}")
    return ", ".join(parts)


if __name__ == "__main__":
    main()
