"""`check`: files in, reports out, one after another; a file that cannot be read does not stop the others.

No clock. Reads the files it is given and writes to the streams it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, TextIO, TypeVar

import msgspec

from cds_service.engine import Engine
from cds_service.fhir.code_maps import CodeMapError
from cds_service.fhir.decode import UnreadableInputError, split_lines
from cds_service.labels import LabelError, OverlayError
from cds_service.report.build import Report, has_actionable_rows
from cds_service.report.text import text_report

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

OK, FINDINGS, UNUSABLE = 0, 1, 2
T = TypeVar("T")


class UsageError(Exception):
    """The command cannot be run as given."""


class CheckOptions(NamedTuple):
    """What the user asked for. `as_of` as given (echoed in the report)."""

    as_of: str
    format: str = "text"
    hook: str | None = None
    label: str = "lemtrada-us"
    strict: bool = False
    zone: ZoneInfo | None = None
    code_maps: tuple[Path, ...] = ()
    overlay: Path | None = None
    colour: bool = False


def load_engine(options: CheckOptions) -> Engine:
    """The engine the options ask for; UsageError when label, overlay or code maps cannot be used."""
    try:
        return Engine.load(options.label, options.zone, options.code_maps, options.overlay)
    except OverlayError as error:
        msg = f"CDS_LABEL_OVERLAY: {error}"
        raise UsageError(msg) from None
    except LabelError as error:
        raise UsageError(str(error)) from None
    except CodeMapError as error:
        msg = f"CDS_CODE_MAPS: {error}"
        raise UsageError(msg) from None


class Checker:
    """Judges files and writes their reports."""

    def __init__(self, options: CheckOptions, out: TextIO, complain: Callable[[str], None]) -> None:
        self.options, self.out, self.complain = options, out, complain
        self.engine = load_engine(options)
        try:
            self.engine.check_as_of(options.as_of)
        except ValueError as error:
            msg = f"--as-of: {error}"
            raise UsageError(msg) from None

    def run(self, files: Iterable[str], standard_input: IO[bytes]) -> int:
        """Judge every file; the worst exit status of all."""
        status = OK
        written: list[Report] = []
        for report in judged(files, standard_input, self._reports, self.complain, strict=self.options.strict):
            if report is None:
                status = UNUSABLE
                continue
            if has_actionable_rows(report):
                status = max(status, FINDINGS)
            if self.options.format == "json":
                written.append(report)
            else:
                self._write(report)
        if self.options.format == "json":
            self.out.write(pretty(written) + "\n")
        return status

    def _reports(self, part: bytes, source: str) -> list[Report]:
        return self.engine.reports(part, self.options.as_of, source=source, hook=self.options.hook)

    def _write(self, report: Report) -> None:
        if self.options.format == "ndjson":
            self.out.write(msgspec.json.encode(report).decode() + "\n")
        else:
            self.out.write(
                text_report(report, self.engine.bundle, colour=self.options.colour, noted=self.options.hook is None)
            )


class Replayer:
    """Judges files day by day and writes what appeared, changed and went. `days`: --from, --to and --step as given."""

    def __init__(
        self, options: CheckOptions, days: tuple[str, str, str], out: TextIO, complain: Callable[[str], None]
    ) -> None:
        from cds_service.replay import read_steps

        self.options, self.out, self.complain = options, out, complain
        try:
            self.steps = read_steps(*days)
        except ValueError as error:
            raise UsageError(str(error)) from None
        self.engine = load_engine(options)

    def run(self, files: Iterable[str], standard_input: IO[bytes]) -> int:
        """Replay every file; the worst exit status of all."""
        from cds_service.replay import replay_text

        status = OK
        written: list[Report] = []
        for replay in judged(files, standard_input, self._replays, self.complain, strict=self.options.strict):
            if replay is None:
                status = UNUSABLE
                continue
            if replay["findings"]:
                status = max(status, FINDINGS)
            if self.options.format == "json":
                written.append(replay)
            elif self.options.format == "ndjson":
                self.out.write(msgspec.json.encode(replay).decode() + "\n")
            else:
                self.out.write(replay_text(replay))
        if self.options.format == "json":
            self.out.write(pretty(written) + "\n")
        return status

    def _replays(self, part: bytes, source: str) -> list[Report]:
        from cds_service.replay import replays

        return replays(self.engine, part, self.steps, source, self.options.hook)


def judged(
    files: Iterable[str],
    standard_input: IO[bytes],
    judge: Callable[[bytes, str], Iterable[T]],
    complain: Callable[[str], None],
    *,
    strict: bool = False,
) -> Iterator[T | None]:
    """What `judge` makes of each Bundle in the files, in order; None for each part of them that cannot be read."""
    for name in files:
        try:
            body = standard_input.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            complain(f"{name}: cannot be opened: {error.strerror}")
            yield None
            continue
        source = name.encode(errors="replace").decode()  # a file name need not be UTF-8, the report must be
        for place, part in _parts(name, body):
            try:
                if strict:
                    from cds_service.fhir.strict import validate_bundle

                    validate_bundle(part)
                yield from judge(part, source)
            except UnreadableInputError as error:
                complain(f"{place}: {error}")
                yield None


def _parts(name: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    """(place, Bundle) for a file: the whole of it, or each line when it is NDJSON of several Bundles."""
    lines = list(split_lines(body))
    if _is_ndjson(lines, body, is_named_so=name.lower().endswith((".ndjson", ".jsonl"))):
        for number, line in lines:
            yield f"{name}, line {number}", line
    else:
        yield name, body


def _is_ndjson(lines: list[tuple[int, bytes]], body: bytes, *, is_named_so: bool) -> bool:
    """Whether every line is a Bundle of its own: by its first line, by any (the first one may be damaged), by name."""
    if len(lines) > 1 and _is_whole(lines[0][1]):
        return True
    if is_named_so:
        return bool(lines) and (len(lines) == 1 or not _is_whole(body))
    holds_bundles = any(b'"Bundle"' in line and line[:1] == b"{" and _is_whole(line) for _, line in lines)
    return len(lines) > 1 and holds_bundles and not _is_whole(body)


def _is_whole(line: bytes) -> bool:
    """Whether a line is a JSON value by itself (the first line of one Bundle over many lines is not)."""
    try:
        msgspec.json.decode(line.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def pretty(reports: object) -> str:
    """Plain data as JSON for people."""
    return msgspec.json.format(msgspec.json.encode(reports), indent=2).decode()
