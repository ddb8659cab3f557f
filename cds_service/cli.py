"""The command line: `serve`, `check`, `label show`. The one place besides the web shell that asks what time it is.

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
        "--strict", action="store_true", help="refuse resources that full FHIR validation (R4, R5) refuses"
    )
    label = commands.add_parser("label", help="the label as a table")
    actions = label.add_subparsers(dest="action", required=True, metavar="ACTION", prog="cds-service label")
    show = actions.add_parser("show", help="every requirement with section, strength and what it says")
    show.add_argument("--label", default="lemtrada-us")
    return parser


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
    now = datetime.now(settings.zone) if settings.zone is not None else datetime.now().astimezone()
    options = CheckOptions(
        as_of=given.as_of or now.isoformat(timespec="seconds"),
        format=given.format,
        hook=given.hook,
        label=given.label,
        strict=given.strict,
        zone=settings.zone,
        code_maps=settings.code_maps,
        colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
    )
    try:
        checker = Checker(options, sys.stdout, _complain)
    except UsageError as error:
        _complain(str(error))
        return UNUSABLE
    return checker.run(given.files, sys.stdin.buffer)


def _label(given: argparse.Namespace) -> int:
    from cds_service.labels import LabelError, load_label
    from cds_service.report.label_table import label_table

    try:
        bundle = load_label(given.label)
    except LabelError as error:
        _complain(str(error))
        return UNUSABLE
    sys.stdout.write(label_table(bundle))
    return OK


def _serve(given: argparse.Namespace) -> int:
    from cds_service.fhir.code_maps import CodeMapError
    from cds_service.labels import LabelError
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
    except (LabelError, SettingsError) as error:
        _complain(str(error))
        return UNUSABLE
    return OK
