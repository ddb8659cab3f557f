"""The `label` commands: show, check, export, diff. Imported only when one of them is asked for."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cds_service.labels import LabelBundle, LabelError, OverlayError
from cds_service.labels.overlay import is_overlay, load_any
from cds_service.report.label_table import label_table
from cds_service.settings import Settings

if TYPE_CHECKING:
    from cds_service.engine import Engine
    from cds_service.labels.export import SiteMap

OK, DIFFERENT, UNUSABLE = 0, 1, 2
Complain = Callable[[str], None]


def run(given: argparse.Namespace, settings: Settings, complain: Complain) -> int:
    """One `label` command; its exit status."""
    from cds_service.fhir.code_maps import CodeMapError

    commands = {"show": _show, "check": _check, "export": _export, "diff": _diff}
    try:
        return commands[given.action](given, settings, complain)
    except OverlayError as error:
        is_configured = settings.overlay is not None and error.folder == str(settings.overlay)
        complain(f"CDS_LABEL_OVERLAY: {error}" if is_configured else str(error))
    except CodeMapError as error:
        complain(f"CDS_CODE_MAPS: {error}")
    except (LabelError, OSError) as error:
        complain(str(error))
    return UNUSABLE


def _show(given: argparse.Namespace, settings: Settings, _: Complain) -> int:
    bundle = load_any(given.label, settings.overlay)
    engine = _engine(bundle, settings)  # first: a map that cannot be used is said before anything is shown
    sys.stdout.write(label_table(bundle))
    if bundle.site is not None:
        sys.stdout.write(f"\n{_changes(bundle)}{_local_codes(bundle, engine)}")
    return OK


def _check(given: argparse.Namespace, settings: Settings, complain: Complain) -> int:
    """Every mistake of a label or overlay folder, each on its line; without mistakes, what it holds or changes."""
    name = given.folder or str(settings.overlay or "lemtrada-us")
    folder = Path(name)
    if given.folder and not folder.is_dir():
        complain(f"{name}: is not a folder; give a label folder or an overlay folder")
        return UNUSABLE
    bundle = load_any(name, None if folder.is_dir() and is_overlay(folder) else settings.overlay)
    engine = _engine(bundle, settings)
    label = bundle.label
    told = f"{len(label.requirements)} requirements, {len(bundle.value_sets)} value sets, {len(bundle.codes)} codes"
    sys.stdout.write(f"{name}: no mistakes\n{label.id}, revision {label.revision}: {told}; {bundle.reviewed}\n")
    if bundle.site is not None:
        sys.stdout.write(f"\n{_changes(bundle)}{_local_codes(bundle, engine)}")
    return OK


def _engine(bundle: LabelBundle, settings: Settings) -> Engine:
    from cds_service.engine import Engine

    return Engine.of(bundle, settings.zone, settings.code_maps)


def _changes(bundle: LabelBundle) -> str:
    """What the site does otherwise, for people."""
    site = bundle.site
    if site is None:
        return ""
    lines = [f'The overlay "{site.name}" ({site.folder}) changes:']
    for change in site.changes:
        lines.append(f"- {change.place}: {change.shipped} -> {change.here}")
        if change.because:
            lines.append(f"    because: {change.because}")
    lines += [f"- {path.name}: local codes" for path in site.code_maps]
    if not site.changes and not site.code_maps and not site.off:
        lines.append("- nothing")
    if site.off:
        lines.append("Switched off, not judged:")
        for name, why in site.off.items():
            lines += [f"- {name}", f"    because: {why}"]
    return "\n".join(lines) + "\n"


def _local_codes(bundle: LabelBundle, engine: Engine) -> str:
    """How much of each map of the overlay counts."""
    from cds_service.engine import code_index, read_map

    site, index = bundle.site, code_index(engine.bundle)
    lines = []
    for path in site.code_maps if site is not None else ():
        read = read_map(path, index)
        told = [f"local codes that count: {len(read.codes)}"]
        for count, what in ((read.unfit, "mean something else"), (read.unknown, "lead nowhere in the label")):
            if count:
                told.append(f"lines that {what}: {count}")
        lines.append(f"{path.name}: {'; '.join(told)}")
        lines += [f"- {line.system} {line.code} = {line.target_system} {line.target}" for line in read.lines]
    return "".join(f"{line}\n" for line in lines)


def _export(given: argparse.Namespace, settings: Settings, complain: Complain) -> int:
    from cds_service import __version__
    from cds_service.labels.export import export_label

    parts = urlsplit(given.base)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        complain(f"--base: {given.base!r} is no http(s) address such as https://fhir.example.org/r4")
        return UNUSABLE
    bundle = load_any(given.label, settings.overlay)
    engine = _engine(bundle, settings)
    resources = export_label(bundle, __version__, given.base, _site_maps(engine, settings))
    folder = Path(given.folder)
    folder.mkdir(parents=True, exist_ok=True)
    names = {f"{item['resourceType']}-{item['id']}.json": item for item in resources}
    for name, item in names.items():
        text = json.dumps(item, indent=2, ensure_ascii=False) + "\n"
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    for path in sorted(folder.iterdir()):
        if path.name not in names:
            complain(f"{path}: was there before and is no part of this export; take it out if it is of an older one")
    sys.stdout.write(f"{len(names)} files written to {folder}, the last one a transaction Bundle of all others\n")
    return OK


def _site_maps(engine: Engine, settings: Settings) -> list[SiteMap]:
    """The ConceptMap files of the site, as far as their lines count."""
    from cds_service.engine import code_index, read_map
    from cds_service.labels.export import MappedCode, SiteMap

    site, index = engine.bundle.site, code_index(engine.bundle)
    paths = [*(site.code_maps if site is not None else ()), *settings.code_maps]
    return [
        SiteMap(
            path.name,
            tuple(
                MappedCode(line.system, line.code, line.target_system, line.target, line.equivalence)
                for line in read_map(path, index).lines
            ),
        )
        for path in paths
    ]


def _diff(given: argparse.Namespace, settings: Settings, complain: Complain) -> int:
    from cds_service.checking import judged, pretty
    from cds_service.label_diff import Difference, diff_text, differs

    sides = [_engine(load_any(name, settings.overlay), settings) for name in (given.old, given.new)]
    as_of = given.as_of or now(settings).isoformat(timespec="seconds")
    try:
        sides[0].check_as_of(as_of)
    except ValueError as error:
        complain(f"--as-of: {error}")
        return UNUSABLE
    difference = Difference(*sides)
    found = list(
        judged(
            given.files,
            sys.stdin.buffer,
            lambda part, source: difference.patients(part, as_of, source, given.hook),
            complain,
        )
    )
    patients = [patient for patient in found if patient is not None]
    summary = difference.summary(as_of, patients)
    sys.stdout.write(f"{pretty(summary)}\n" if given.format == "json" else diff_text(summary))
    if len(patients) < len(found):
        return UNUSABLE
    return DIFFERENT if any(map(differs, patients)) else OK


def now(settings: Settings) -> datetime:
    """The clock, in the site's time zone."""
    return datetime.now(settings.zone) if settings.zone is not None else datetime.now().astimezone()
