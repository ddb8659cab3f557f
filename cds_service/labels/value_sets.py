"""Value sets of a label: which codes mean what, and which words match a drug written as text only."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from cds_service.labels.fields import Problems, Table

SYSTEMS: dict[str, tuple[str, ...]] = {
    "RxNorm": ("http://www.nlm.nih.gov/research/umls/rxnorm", "urn:oid:2.16.840.1.113883.6.88"),
    "LOINC": ("http://loinc.org", "urn:oid:2.16.840.1.113883.6.1"),
    "SNOMED": ("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96"),
    "ICD10CM": ("http://hl7.org/fhir/sid/icd-10-cm", "urn:oid:2.16.840.1.113883.6.90"),
    "CVX": ("http://hl7.org/fhir/sid/cvx", "urn:oid:2.16.840.1.113883.12.292"),
    "NDC": ("http://hl7.org/fhir/sid/ndc", "urn:oid:2.16.840.1.113883.6.69"),
    "ATC": ("http://www.whocc.no/atc", "urn:oid:2.16.840.1.113883.6.73"),
    "HCPCS": (
        "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "http://www.cms.gov/Medicare/Coding/MedHCPCSGenInfo/index.html",
        "https://www.cms.gov/Medicare/Coding/MedHCPCSGenInfo/index.html",
        "http://hl7.org/fhir/sid/hcpcs",
        "urn:oid:2.16.840.1.113883.6.285",
        "urn:oid:2.16.840.1.113883.6.14",
    ),
    "CPT": ("http://www.ama-assn.org/go/cpt", "urn:oid:2.16.840.1.113883.6.12"),
}
HIERARCHICAL = frozenset({"ICD10CM"})  # a code stands for everything below it
ROLES = frozenset({"include", "trap", "ambiguous"})
_VALUES = frozenset({"count", "outcome", "finding", "none"})
COLUMNS = ("value_set", "system", "code", "display", "role", "source")


class Code(NamedTuple):
    """One code of a value set. `system` is the short name used in codes.csv (LOINC, RxNorm, ...)."""

    value_set: str
    system: str
    code: str
    display: str
    role: str
    source: str

    @property
    def uri(self) -> str:
        """The canonical system URI."""
        return SYSTEMS[self.system][0]


def spellings(code: Code) -> tuple[str, ...]:
    """A code as it is written; vaccine codes are padded in the list and not always in charts."""
    bare = code.code.lstrip("0") if code.system == "CVX" else ""
    return (code.code, bare) if bare and bare != code.code else (code.code,)


def other_forms(uri: str) -> tuple[str, ...]:
    """How else charts write the URI of a code system: https for http, or a slash at the end."""
    if uri.startswith("urn:"):
        return ()
    secure = uri.replace("http://", "https://", 1)
    return tuple({secure, f"{uri}/", f"{secure}/"} - {uri})


class ValueSet(NamedTuple):
    """What a value set means.

    `panel`: "counts" (a panel that counts by itself), "members" (only its members do). `value`: what of a result is
    read besides that it is there: "count" (a number in `unit`, UCUM), "outcome" (what a qualitative test found) or
    "finding" (the same, where it is written; a bare number says nothing).
    `name_decides`: a drug with such a code is what its written name says.
    `examination`: the reason of a finished visit shows it as done.
    `look_alike_of`: nothing asks for this set; its codes and names are kept so that none is taken for that other set.
    """

    id: str
    title: str
    names: tuple[str, ...]
    panel: str | None
    numeric: bool
    value: str | None = None
    unit: str | None = None
    name_decides: bool = False
    examination: bool = False
    look_alike_of: str | None = None


def read_value_sets(raw: object, problems: Problems) -> dict[str, ValueSet]:
    """The meanings of value_sets.toml by id."""
    file = Table(raw, "value_sets.toml", problems)
    found = {}
    for name in file.names():
        table = file.table(name)
        panel = table.text("panel", default="none", one_of=frozenset({"counts", "members", "none"}))
        value = table.text("value", default="none", one_of=_VALUES)
        found[name] = ValueSet(
            id=name,
            title=table.text("title"),
            names=table.texts("names", required=False),
            panel=None if panel == "none" else panel,
            numeric=table.flag("numeric"),
            value=None if value == "none" else value,
            unit=table.text("unit") if value == "count" else None,
            name_decides=table.flag("name_decides"),
            examination=table.flag("examination"),
            look_alike_of=table.text("look_alike_of", default="") or None,
        )
        table.done()
    for value_set in found.values():
        if value_set.look_alike_of is not None and value_set.look_alike_of not in found:
            place = f"value_sets.toml, [{value_set.id}]"
            problems.add(place, f'`look_alike_of` names "{value_set.look_alike_of}", which is not described here')
    return found


def read_codes(text: str, value_sets: dict[str, ValueSet], problems: Problems) -> tuple[Code, ...]:
    """The rows of codes.csv; each mistake names the line."""
    rows = csv.reader(io.StringIO(text))
    header = next(rows, [])
    if tuple(header) != COLUMNS:
        problems.add("codes.csv, line 1", f"the columns must be: {','.join(COLUMNS)}")
        return ()
    found: list[Code] = []
    seen: set[tuple[str, str]] = set()
    for row in rows:
        place = f"codes.csv, line {rows.line_num}"
        if len(row) != len(COLUMNS):
            problems.add(place, f"has {len(row)} columns; it needs {len(COLUMNS)}")
            continue
        code = Code(*row)
        if code.value_set not in value_sets:
            problems.add(place, f'value set "{code.value_set}" is not described in value_sets.toml')
        if code.system not in SYSTEMS:
            problems.add(place, f'system "{code.system}" is unknown; use one of: {", ".join(sorted(SYSTEMS))}')
        if code.role not in ROLES:
            problems.add(place, f'role "{code.role}" is unknown; use one of: {", ".join(sorted(ROLES))}')
        if (code.system, code.code) in seen:
            problems.add(place, f"{code.system} {code.code} is listed twice; a code belongs to one value set")
        seen.add((code.system, code.code))
        found.append(code)
    return tuple(found)
