"""A site's overlay: a folder with what it does otherwise than the label as shipped, laid over that label.

overlay.toml names it and switches requirements off, policy.toml and cards.toml change what is written there, codes/
holds ConceptMaps of local codes. What the label says is never changed. Reads files; knows nothing of FHIR or patients.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cds_service.core.label import Label
from cds_service.labels.fields import Problems, Table
from cds_service.labels.loader import (
    LabelBundle,
    LabelError,
    LabelFiles,
    NotCovered,
    OverlayError,
    available_labels,
    build_bundle,
    label_files,
    load_label,
    load_label_folder,
    read_toml,
    shipped_folder,
)
from cds_service.labels.merging import CARDS, POLICY, Merger, unknown
from cds_service.labels.site import Site

OVERLAY, CODES = "overlay.toml", "codes"
_TABLES = ("overlay", "off")
LABEL_FILES = ("label.toml", "value_sets.toml", "codes.csv")
_KEPT_KIND = "product-check"  # everything else counts from the infusions it tells apart
_NOTES = (".md", ".txt", ".rst")


def load_any(name: str, overlay: Path | None = None) -> LabelBundle:
    """The label a user names: an id, a label folder, or an overlay folder (over the shipped label it is for).

    `overlay`: what the site lays over every label that is no overlay itself. LabelError lists every mistake.
    """
    folder = Path(name)
    if name in available_labels():
        return load_label(name) if overlay is None else load_with_overlay(name, overlay)
    if not folder.is_dir():
        known = ", ".join(available_labels())
        raise LabelError(name, [f"is neither a label (available: {known}) nor a label or overlay folder"])
    if is_overlay(folder):
        return load_with_overlay(label_of(folder), folder)
    return load_label_folder(folder) if overlay is None else load_with_overlay(folder, overlay)


def label_of(folder: Path) -> str:
    """The id of the shipped label an overlay is for: what overlay.toml says, else the first one."""
    raw = read_toml(folder, OVERLAY, Problems())
    head = raw.get("overlay")
    named = head.get("label") if isinstance(head, dict) else None
    return named if isinstance(named, str) and named in available_labels() else available_labels()[0]


def is_overlay(folder: Path) -> bool:
    """Whether a folder is an overlay rather than a label: it says so, or holds no label."""
    return (folder / OVERLAY).exists() or not (folder / "label.toml").exists()


def load_with_overlay(label: str | Path, folder: Path) -> LabelBundle:
    """A label, by id or from a folder, with a site's overlay.

    OverlayError lists every mistake of the overlay; LabelError those of the label itself.
    """
    name = str(label)
    files = label_files(shipped_folder(label) if isinstance(label, str) else label, name)
    shipped = load_label(label) if isinstance(label, str) else build_bundle(files, name)
    problems = Problems()
    written = _read(folder, problems)
    merger = Merger(files.raw["label.toml"], problems)
    raw = {
        **files.raw,
        POLICY: merger.policy(files.raw[POLICY], written[POLICY]),
        CARDS: merger.cards(files.raw[CARDS], written[CARDS]),
    }
    title, off = _overlay_file(written[OVERLAY], shipped, problems, files.raw["label.toml"])
    try:
        bundle = build_bundle(LabelFiles(raw, files.codes), name)
    except LabelError as error:
        problems.found += error.problems
        raise OverlayError(str(folder), problems.found) from None
    if problems.found:
        raise OverlayError(str(folder), problems.found)
    maps = tuple(sorted((folder / CODES).glob("*.json")))
    site = Site(folder, title or folder.resolve().name, tuple(merger.changes), MappingProxyType(off), maps)
    return _switched_off(bundle, off)._replace(site=site)


def _read(folder: Path, problems: Problems) -> dict[str, dict[str, Any]]:
    """The overlay's TOML files; those that are not there are empty."""
    found: dict[str, dict[str, Any]] = {name: {} for name in (OVERLAY, POLICY, CARDS)}
    if not folder.is_dir():
        problems.add(str(folder), "is not a folder; an overlay is one, with overlay.toml, policy.toml or cards.toml")
        return found
    for item in sorted(folder.iterdir()):
        if item.name in found and item.is_file():
            found[item.name] = read_toml(folder, item.name, problems)
        else:
            problems.found += _stray(item)
    if not any((folder / name).exists() for name in (*found, CODES)):
        problems.add(str(folder), f"holds none of {', '.join(found)} and {CODES}/; an overlay needs one of them")
    return found


def _stray(item: Path) -> Iterator[str]:
    """What is wrong with something in the folder that is none of the overlay's TOML files."""
    if item.name.startswith(".") or item.suffix in _NOTES:
        return
    if item.name in LABEL_FILES:
        yield (
            f"{item.name}: an overlay never changes what the label says; take this file out "
            f"(local codes go into {CODES}/ as ConceptMaps; another label is a label folder of its own)"
        )
    elif item.name == CODES and item.is_dir():
        for part in sorted(item.iterdir()):
            if part.suffix != ".json" and not part.name.startswith(".") and part.suffix not in _NOTES:
                yield f"{CODES}/{part.name}: is no .json file; local codes are FHIR ConceptMaps in JSON"
    else:
        yield f"{item.name}: {unknown(item.name, (OVERLAY, POLICY, CARDS, CODES))}"


def _overlay_file(
    raw: Mapping[str, Any], shipped: LabelBundle, problems: Problems, label: Mapping[str, object]
) -> tuple[str, dict[str, str]]:
    """The site's name for the overlay, and what is switched off: requirement id -> reason."""
    for name in raw:
        if name in label:
            problems.add(OVERLAY, f"`{name}` is what the label says, in label.toml; an overlay never changes it")
        elif name not in _TABLES:
            problems.add(OVERLAY, unknown(name, _TABLES))
    title = ""
    if "overlay" in raw:
        head = Table(raw["overlay"], f"{OVERLAY}, [overlay]", problems)
        title, wanted = head.text("name", default=""), head.text("label", default=shipped.label.id)
        if wanted != shipped.label.id:
            problems.add(head.place, f'`label` is "{wanted}"; it is laid over "{shipped.label.id}" here')
        head.done()
    off: dict[str, str] = {}
    if "off" in raw:
        kinds = {item.id: item.kind for item in shipped.label.requirements}
        table = Table(raw["off"], f"{OVERLAY}, [off]", problems)
        for name in table.names():
            reason = raw["off"][name]
            if name not in kinds:
                problems.add(table.place, f"{unknown(name, kinds)} (each requirement is named by itself)")
            elif kinds[name] == _KEPT_KIND:
                problems.add(table.place, f'"{name}" stays on: every count starts from the infusions it tells apart')
            elif not isinstance(reason, str) or not reason.strip():
                problems.add(table.place, f'"{name}" is switched off without a reason; write it as text in quotes')
            else:
                off[name] = reason
    return title, off


def _switched_off(bundle: LabelBundle, off: Mapping[str, str]) -> LabelBundle:
    """The label without some of its requirements, which are then listed as not covered."""
    if not off:
        return bundle
    label, gone = bundle.label, frozenset(off)
    told = tuple(
        NotCovered(f"Switched off at this site: {label.requirement(name).title} ({name})", why)
        for name, why in off.items()
    )
    return bundle._replace(label=_without(label, gone), not_covered=(*told, *bundle.not_covered))


def _without(label: Label, gone: frozenset[str]) -> Label:
    # A row of the indicator table without requirements means all of them: one that loses all its own must go.
    rows = [row._replace(requirements=row.requirements - gone) for row in label.situations]
    kept = [new for old, new in zip(label.situations, rows, strict=True) if new.requirements or not old.requirements]
    return replace(
        label,
        requirements=tuple(item for item in label.requirements if item.id not in gone),
        situations=tuple(kept),
        hooks=MappingProxyType({hook: names - gone for hook, names in label.hooks.items()}),
        order_scoped=label.order_scoped - gone,
        patient_view_days=MappingProxyType({k: v for k, v in label.patient_view_days.items() if k not in gone}),
    )
