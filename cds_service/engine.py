"""The whole way from bytes to reports, for one or more labels: load once, use for every record.

No clock: `as_of` is an argument. Shared by the command line, the service and the benchmarks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cds_service.core.dates import AsOf
from cds_service.core.evaluate import Verdict, evaluate
from cds_service.core.timeline import Timeline
from cds_service.fhir.code_maps import CodeMap, CodeMapError, LocalCode, read_code_map
from cds_service.fhir.codes import CodeEntry, CodeIndex, Special
from cds_service.fhir.dates import read_as_of
from cds_service.fhir.decode import as_text, decode_bundle
from cds_service.fhir.reader import Record, RecordReader, bundle_record
from cds_service.fhir.structs import CodeableConcept, Coding
from cds_service.labels import LabelBundle, OverlayError, load_label
from cds_service.labels.value_sets import HIERARCHICAL, SYSTEMS, other_forms, spellings
from cds_service.report.build import Report, build_report

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def code_index(bundle: LabelBundle, local: Iterable[LocalCode] = ()) -> CodeIndex:
    """The code index of a label's value sets, and of a site's own codes."""
    entries = [
        CodeEntry(code.value_set, SYSTEMS[code.system], written, code.system in HIERARCHICAL)
        for code in bundle.codes
        for written in spellings(code)
    ]
    entries += [
        CodeEntry(concept, (code.system,), code.code, hierarchical=False) for code in local for concept in code.concepts
    ]
    sets = bundle.value_sets.values()
    index = CodeIndex(
        entries,
        {value_set.id: value_set.names for value_set in sets},
        numeric=frozenset(value_set.id for value_set in sets if value_set.numeric),
        member_panels=frozenset(value_set.id for value_set in sets if value_set.panel == "members"),
        counting_panels=frozenset(value_set.id for value_set in sets if value_set.panel == "counts"),
        special=Special(
            values={item.id: (item.value, item.unit) for item in sets if item.value is not None},
            name_decides=frozenset(item.id for item in sets if item.name_decides),
            examinations=frozenset(item.id for item in sets if item.examination),
            own=bundle.label.product.drug | bundle.label.product.unspecified,
            other=bundle.label.product.other_product,
        ),
    )
    for uri in [uri for uris in SYSTEMS.values() for uri in uris]:
        index.alias(uri, other_forms(uri))
    return index


class LeftOut(NamedTuple):
    """Lines of a site's code maps that are not used: another meaning, or a target the label does not have."""

    unfit: int
    unknown: int


NOTHING_LEFT_OUT = LeftOut(0, 0)


@dataclass(frozen=True, slots=True)
class Engine:
    """One label, ready to judge. Build with `Engine.load`; safe to share between threads."""

    bundle: LabelBundle
    reader: RecordReader
    local_codes: tuple[LocalCode, ...] = ()
    left_out: LeftOut = NOTHING_LEFT_OUT

    @classmethod
    def load(
        cls,
        label: str = "lemtrada-us",
        zone: ZoneInfo | None = None,
        code_maps: tuple[Path, ...] = (),
        overlay: Path | None = None,
    ) -> Engine:
        """An engine for a shipped label, a site's overlay folder and its code maps (FHIR ConceptMap files).

        LabelError when the label cannot be used (OverlayError: the overlay), CodeMapError when a map cannot.
        """
        return _load(label, zone, code_maps, overlay)

    @classmethod
    def of(cls, bundle: LabelBundle, zone: ZoneInfo | None = None, code_maps: tuple[Path, ...] = ()) -> Engine:
        """An engine for a label from anywhere; the code maps of its overlay are read too."""
        index = code_index(bundle)
        maps = [*_site_maps(bundle, index), *(read_map(path, index) for path in code_maps)]
        local = tuple(code for code_map in maps for code in code_map.codes)
        if local:
            index = code_index(bundle, local)
        left_out = LeftOut(sum(code_map.unfit for code_map in maps), sum(code_map.unknown for code_map in maps))
        return cls(bundle, RecordReader(index, zone), local, left_out)

    def timelines(self, body: bytes) -> list[Timeline]:
        """The timelines of a Bundle in JSON, one per patient. UnreadableInputError when it is no Bundle."""
        return self.reader.read_all(bundle_record(decode_bundle(as_text(body))))

    def judge(self, timeline: Timeline, as_of: AsOf, hook: str | None = None) -> Verdict:
        """Every requirement judged for one patient, as seen at a hook (None: the plain report)."""
        return evaluate(self.bundle.label, timeline, as_of, hook)

    def judge_record(self, record: Record, patient_id: str, as_of: AsOf, hook: str) -> Verdict:
        """The patient a hook call is about, judged."""
        return self.judge(self.reader.read_one(record, patient_id), as_of, hook)

    def check_as_of(self, as_of: str) -> None:
        """ValueError, saying what to write, when `as_of` is neither a date nor an instant."""
        read_as_of(as_of)

    def reports(self, body: bytes, as_of: str, source: str | None = None, hook: str | None = None) -> list[Report]:
        """The reports of a Bundle, one per patient, in order of patient. ValueError for an unreadable `as_of`."""
        moment = read_as_of(as_of)
        verdicts = [self.judge(timeline, moment, hook) for timeline in self.timelines(body)]
        verdicts.sort(key=lambda verdict: verdict.case.timeline.patient or "")
        return [self.report(verdict, as_of, source, hook) for verdict in verdicts]

    def report(self, verdict: Verdict, as_of: str, source: str | None = None, hook: str | None = None) -> Report:
        """One patient's report."""
        return build_report(self.bundle, verdict, as_of, source, hook)


@cache
def _load(label: str, zone: ZoneInfo | None, code_maps: tuple[Path, ...], overlay: Path | None) -> Engine:
    if overlay is None:
        return Engine.of(load_label(label), zone, code_maps)
    from cds_service.labels.overlay import load_with_overlay

    return Engine.of(load_with_overlay(label, overlay), zone, code_maps)


def _site_maps(bundle: LabelBundle, index: CodeIndex) -> list[CodeMap]:
    """The overlay's maps; OverlayError lists every map that cannot be used."""
    if bundle.site is None:
        return []
    found: list[CodeMap] = []
    problems: list[str] = []
    for path in bundle.site.code_maps:
        try:
            found.append(read_map(path, index))
        except CodeMapError as error:
            problems.append(str(error))
    if problems:
        raise OverlayError(str(bundle.site.folder), problems)
    return found


def read_map(path: Path, index: CodeIndex) -> CodeMap:
    """One ConceptMap file as local codes of the label the index was made from; CodeMapError when it cannot be used."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise CodeMapError(f"{path}: cannot be opened: {error.strerror}") from None

    def concepts_of(system: str, code: str) -> frozenset[str]:
        return index.coded(CodeableConcept([Coding(system, code)]))

    return read_code_map(str(path), body, concepts_of)
