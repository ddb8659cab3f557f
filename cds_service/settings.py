"""Settings from `CDS_*` environment variables and an optional TOML file; a wrong one stops the start, by name.

May not open anything but the settings file. Every setting is listed in `SETTINGS`, which the help text prints.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

MEBIBYTE = 1024 * 1024

SETTINGS: Mapping[str, str] = {
    "CDS_PROFILE": "development (default): loopback, no authentication; a service in production needs a later version",
    "CDS_PUBLIC_BASE_URL": "the address callers use, for links; default http://127.0.0.1:8000",
    "CDS_CORS_ORIGINS": "origins that may call from a browser, comma-separated; default * in development, none else",
    "CDS_TIMEZONE": "the site's time zone, such as America/New_York; times written in Z are read in it",
    "CDS_MAX_BODY_BYTES": "largest request body in bytes; default 33554432 (32 MiB)",
    "CDS_LABELS": "labels to serve, comma-separated; default lemtrada-us",
    "CDS_LABEL_OVERLAY": "a folder with the site's policy, wording, local codes and switched-off requirements",
    "CDS_CODE_MAPS": "FHIR ConceptMap files (JSON), comma-separated: local codes and the label's codes they stand for",
    "CDS_LENIENT_HOOK_INSTANCE": "true: a hookInstance that is no UUID passes; default false",
    "CDS_CONFIG_FILE": "a TOML file with the same settings, in lower case without CDS_; the environment wins",
}
_LATER_HARMLESS = frozenset(
    {"CDS_ISSUERS_FILE", "CDS_DATABASE_URL", "CDS_DEADLINE_SECONDS", "CDS_METRICS_PORT", "CDS_OPEN_DISCOVERY"}
)
_LATER_CHANGING_ANSWERS = frozenset({"CDS_STRICT_JSON"})
_SMALLEST_BODY = 1024


class SettingsError(Exception):
    """A setting that cannot be used; the message names it and says what to write instead."""


class Settings(NamedTuple):
    """How the service runs. `notices` are settings that have no effect in this version."""

    profile: str = "development"
    public_base_url: str = "http://127.0.0.1:8000"
    cors_origins: tuple[str, ...] = ("*",)
    zone: ZoneInfo | None = None
    max_body_bytes: int = 32 * MEBIBYTE
    labels: tuple[str, ...] = ("lemtrada-us",)
    lenient_hook_instance: bool = False
    code_maps: tuple[Path, ...] = ()
    overlay: Path | None = None
    notices: tuple[str, ...] = ()


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from the environment and the file it names. SettingsError for anything wrong."""
    given = {**_file_settings(environment), **{k: v for k, v in environment.items() if k.startswith("CDS_")}}
    changing = sorted(_LATER_CHANGING_ANSWERS & set(given))
    if changing:
        msg = f"{changing[0]}: not supported by this version; unset it: ignoring it would change answers"
        raise SettingsError(msg)
    unknown = sorted(set(given) - set(SETTINGS) - _LATER_HARMLESS)
    if unknown:
        msg = f"{unknown[0]}: no such setting; known: {', '.join(SETTINGS)}"
        raise SettingsError(msg)
    return Settings(
        profile=_one_of(given, "CDS_PROFILE", ("development", "production")),
        public_base_url=_url(given.get("CDS_PUBLIC_BASE_URL", "http://127.0.0.1:8000")),
        cors_origins=_origins(given.get("CDS_CORS_ORIGINS", "*")),
        zone=_zone(given.get("CDS_TIMEZONE", "")),
        max_body_bytes=_number(given, "CDS_MAX_BODY_BYTES", 32 * MEBIBYTE, _SMALLEST_BODY),
        labels=_labels(given.get("CDS_LABELS", "lemtrada-us")),
        lenient_hook_instance=_one_of(given, "CDS_LENIENT_HOOK_INSTANCE", ("false", "true")) == "true",
        code_maps=tuple(Path(name) for name in _list(given.get("CDS_CODE_MAPS", ""))),
        overlay=Path(given["CDS_LABEL_OVERLAY"].strip()) if given.get("CDS_LABEL_OVERLAY", "").strip() else None,
        notices=tuple(f"{name} has no effect in this version" for name in sorted(_LATER_HARMLESS & set(given))),
    )


def check_servable(settings: Settings) -> None:
    """SettingsError when a service must not be started with these settings (the command line may use them)."""
    if settings.profile == "production":
        msg = (
            "CDS_PROFILE=production: this version cannot verify who is calling, so it does not start in production; "
            "use development on loopback"
        )
        raise SettingsError(msg)


def _file_settings(environment: Mapping[str, str]) -> dict[str, str]:
    name = environment.get("CDS_CONFIG_FILE")
    if not name:
        return {}
    try:
        raw = tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"CDS_CONFIG_FILE: {name} cannot be read: {error}"
        raise SettingsError(msg) from None
    return {f"CDS_{key.upper()}": _as_text(value) for key, value in raw.items()}


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _one_of(given: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = given.get(name, allowed[0]).strip().lower()
    if value not in allowed:
        msg = f"{name}: {given[name]!r} is not one of {', '.join(allowed)}"
        raise SettingsError(msg)
    return value


def _number(given: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not text.strip().isascii() or not text.strip().isdigit() or int(text) < least:
        msg = f"{name}: {text!r} is not a whole number of at least {least}"
        raise SettingsError(msg)
    return int(text)


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        msg = f"CDS_PUBLIC_BASE_URL: {value!r} is not an http(s) address such as https://cds.example.org"
        raise SettingsError(msg)
    return value.rstrip("/")


def _origins(value: str) -> tuple[str, ...]:
    origins = _list(value)
    for origin in origins:
        parts = urlsplit(origin)
        is_origin = parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/")
        if origin != "*" and not is_origin:
            msg = f"CDS_CORS_ORIGINS: {origin!r} is not an origin such as https://ehr.example.org"
            raise SettingsError(msg)
    return tuple(origin.rstrip("/") for origin in origins)


def _labels(value: str) -> tuple[str, ...]:
    labels = tuple(dict.fromkeys(_list(value)))
    if not labels:
        msg = f"CDS_LABELS: {value!r} names no label; write lemtrada-us"
        raise SettingsError(msg)
    return labels


def _list(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _zone(name: str) -> ZoneInfo | None:
    if not name.strip():
        return None
    try:
        from zoneinfo import ZoneInfo

        return ZoneInfo(name.strip())
    except (ValueError, OSError, KeyError):
        msg = f"CDS_TIMEZONE: {name!r} is no time zone such as America/New_York"
        raise SettingsError(msg) from None
