"""What of a site's code maps is left out is told once at the start and shown on /about: counts, never codes."""

from __future__ import annotations

import json
from pathlib import Path

from cds_service.engine import Engine
from cds_service.settings import Settings
from cds_service.web.about import about
from cds_service.web.run import _left_out

LOINC = "http://loinc.org"


def a_map(folder: Path, *lines: tuple[str, str, str]) -> Path:
    """A ConceptMap of (local code, equivalence, target)."""
    elements = [{"code": code, "target": [{"code": target, "equivalence": how}]} for code, how, target in lines]
    group = {"source": "https://ehr.example.org/lab", "target": LOINC, "element": elements}
    path = folder / "map.json"
    path.write_text(json.dumps({"resourceType": "ConceptMap", "group": [group]}), encoding="utf-8")
    return path


def test_lines_left_out_are_counted(tmp_path: Path) -> None:
    path = a_map(
        tmp_path,
        ("TSH1", "equivalent", "3016-3"),
        ("TSH2", "narrower", "3016-3"),
        ("X1", "equivalent", "1-8"),
        ("X2", "equal", "2-8"),
    )
    settings = Settings(code_maps=(path,))
    (line,) = _left_out(settings)
    assert "1 lines left out for another meaning, 2 for a target" in line
    assert "TSH2" not in line
    found = about([Engine.load("lemtrada-us", settings.zone, settings.code_maps)], settings)
    assert found["labels"][0]["localCodes"] == {"used": 1, "unfit": 1, "unknown": 2}


def test_without_anything_left_out_nothing_is_said(tmp_path: Path) -> None:
    assert _left_out(Settings(code_maps=(a_map(tmp_path, ("TSH1", "equivalent", "3016-3")),))) == []
    assert _left_out(Settings()) == []
