"""The command line: `serve`, `check`, `label`. The one place besides the web shell that asks what time it is.

Imports are made where they are needed: `check` must not pay for the web framework.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cds_service.core.hooks import HOOKS

if TYPE_CHECKING:
    from cds_service.checking import CheckOptions
    from cds_service.settings import Settings

OK, FINDINGS, UNUSABLE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status of interfaces: 0 nothing to act on, 1 findings, 2 unusable input or usage."""
    given = _parser().parse_args(arguments)
    commands = {"check": _check, "label": _label, "serve": _serve}
    try:
        status = commands[given.command](given)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNUSABLE
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cds-service",
        description="Checks FHIR records against the US label of LEMTRADA: a CDS Hooks service and a command line.",
        epilog="A done test is not a normal test: results are counted, not interpreted.",
    )
    # prog is given so that argparse need not format a usage line for it, which imports a third of shutil
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", prog="cds-service")
    serve = commands.add_parser(
        "serve",
        help="run the service",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_settings_text(),
    )
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--workers", type=int, choices=range(1, 65), metavar="N", default=1, help="processes; default 1")
    check = commands.add_parser("check", help="judge the patients of FHIR Bundles (JSON, or NDJSON of Bundles)")
    check.add_argument("files", nargs="+", metavar="FILE", help="a Bundle or NDJSON of Bundles; - is standard input")
    check.add_argument("--as-of", metavar="DATE-or-INSTANT", help="judge from this day's end or instant; default now")
    check.add_argument("--format", choices=("text", "json", "ndjson"), default="text")
    check.add_argument("--hook", choices=HOOKS, help="say only what this hook would say")
    check.add_argument("--label", default="lemtrada-us")
    check.add_argument(
        "--from", dest="first", metavar="DATE", help="replay: judge day by day from here, and say what came and went"
    )
    check.add_argument("--to", dest="last", metavar="DATE", help="replay: up to here, this day included")
    check.add_argument("--step", metavar="STEP", help="replay: every so many days (7), or P1W, P1M, P1Y; default 1")
    check.add_argument(
        "--strict", action="store_true", help="refuse resources that full FHIR validation (R4, R5) refuses"
    )
    _label_parser(commands.add_parser("label", help="the label: show it, check a folder, export it, compare two"))
    return parser


def _label_parser(label: argparse.ArgumentParser) -> None:
    actions = label.add_subparsers(dest="action", required=True, metavar="ACTION", prog="cds-service label")
    show = actions.add_parser("show", help="every requirement with section, strength and what it says")
    show.add_argument("--label", default="lemtrada-us", help="a label, or a label or overlay folder")
    check = actions.add_parser("check", help="every mistake of a label or overlay folder; what an overlay changes")
    check.add_argument("folder", nargs="?", metavar="FOLDER", help="default: the overlay of CDS_LABEL_OVERLAY")
    export = actions.add_parser("export", help="the label as FHIR R4 PlanDefinition, ValueSets and a Bundle of them")
    export.add_argument("folder", metavar="DIR", help="where the files are written")
    export.add_argument("--label", default="lemtrada-us", help="a label, or a label or overlay folder")
    export.add_argument(
        "--base",
        default="https://example.org/fhir",
        metavar="URL",
        help="what canonical addresses begin with; default %(default)s, which is nobody's",
    )
    diff = actions.add_parser("diff", help="which findings a changed label or policy adds, removes or changes")
    for name in ("old", "new"):
        diff.add_argument(name, metavar=name.upper(), help="a label, or a label or overlay folder")
    diff.add_argument("files", nargs="+", metavar="FILE", help="a Bundle or NDJSON of Bundles; - is standard input")
    diff.add_argument("--as-of", metavar="DATE-or-INSTANT", help="judge from this day's end or instant; default now")
    diff.add_argument("--format", choices=("text", "json"), default="text")
    diff.add_argument("--hook", choices=HOOKS, help="compare only what this hook would say")


def _settings_text() -> str:
    from cds_service.settings import SETTINGS

    width = max(map(len, SETTINGS))
    return "settings:\n" + "\n".join(f"  {name:<{width}}  {text}" for name, text in SETTINGS.items())


def _settings() -> Settings | None:
    from cds_service.settings import SettingsError, read_settings

    try:
        return read_settings(os.environ)
    except SettingsError as error:
        _complain(str(error))
        return None


def _complain(message: str) -> None:
    sys.stderr.write(f"cds-service: {message}\n")


def _check(given: argparse.Namespace) -> int:
    from cds_service.checking import Checker, CheckOptions, UsageError

    settings = _settings()
    if settings is None:
        return UNUSABLE
    if (given.first or given.last or given.step) and given.as_of:
        _complain("--as-of: cannot go with --from, --to and --step: a replay has its own days; leave one of them out")
        return UNUSABLE
    now = datetime.now(settings.zone) if settings.zone is not None else datetime.now().astimezone()
    options = CheckOptions(
        as_of=given.as_of or now.isoformat(timespec="seconds"),
        format=given.format,
        hook=given.hook,
        label=given.label,
        strict=given.strict,
        zone=settings.zone,
        code_maps=settings.code_maps,
        overlay=settings.overlay,
        colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
    )
    try:
        if given.first or given.last or given.step:
            return _replay(given, options)
        checker = Checker(options, sys.stdout, _complain)
    except UsageError as error:
        _complain(str(error))
        return UNUSABLE
    return checker.run(given.files, sys.stdin.buffer)


def _replay(given: argparse.Namespace, options: CheckOptions) -> int:
    from cds_service.checking import Replayer, UsageError

    lacking = [name for name, value in (("--from", given.first), ("--to", given.last)) if not value]
    if lacking:
        raise UsageError(f"{lacking[0]}: is missing; a replay needs both, like --from 2026-03-01 --to 2026-12-31")
    replayer = Replayer(options, (given.first, given.last, given.step or "1"), sys.stdout, _complain)
    return replayer.run(given.files, sys.stdin.buffer)


def _label(given: argparse.Namespace) -> int:
    settings = _settings()
    if settings is None:
        return UNUSABLE
    from cds_service.cli_label import run

    return run(given, settings, _complain)


def _serve(given: argparse.Namespace) -> int:
    from cds_service.fhir.code_maps import CodeMapError
    from cds_service.labels import LabelError, OverlayError
    from cds_service.settings import SettingsError

    settings = _settings()
    if settings is None:
        return UNUSABLE
    from cds_service.web.run import serve

    try:
        serve(settings, given.host, given.port, given.workers)
    except CodeMapError as error:
        _complain(f"CDS_CODE_MAPS: {error}")
        return UNUSABLE
    except OverlayError as error:
        _complain(f"CDS_LABEL_OVERLAY: {error}")
        return UNUSABLE
    except (LabelError, SettingsError) as error:
        _complain(str(error))
        return UNUSABLE
    return OK
