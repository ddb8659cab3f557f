"""What this service checks and does not check, by which label revision: the page behind /about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cds_service import __version__
from cds_service.engine import Engine
from cds_service.labels import LabelBundle
from cds_service.settings import Settings

COUNTED = "Results are counted, not interpreted: a done test is not a normal test."


def about(engines: Iterable[Engine], settings: Settings) -> dict[str, Any]:
    """Everything as plain data."""
    return {
        "service": "cds-service",
        "version": __version__,
        "profile": settings.profile,
        "authentication": "none: development profile, for loopback use only",
        "intendedUse": "Decision support for health professionals who treat adults with LEMTRADA under the US label. "
        "No alarms for reactions during an infusion; not for the other alemtuzumab product.",
        "limits": COUNTED,
        "feedback": "Checked and counted in the log; not stored by this version.",
        "labels": [label_about(engine) for engine in engines],
    }


def label_about(engine: Engine) -> dict[str, Any]:
    """One label: revision, sign-off, requirements, and what is not covered."""
    bundle = engine.bundle
    label = bundle.label
    return {
        "id": label.id,
        "title": label.title,
        "setId": label.set_id,
        "revision": label.revision,
        "reviewed": bundle.reviewed,
        "signedOff": bundle.is_signed_off,
        "url": bundle.url,
        "checked": [
            {
                "requirement": item.id,
                "title": item.title,
                "section": item.section,
                "strength": item.strength,
                "confidence": item.confidence,
                "says": item.says,
            }
            for item in label.requirements
        ],
        "localCodes": {"used": len(engine.local_codes), **engine.left_out._asdict()},
        "notCovered": [{"what": item.what, "why": item.why} for item in bundle.not_covered],
        "site": _site(bundle),
    }


def _site(bundle: LabelBundle) -> dict[str, Any] | None:
    """What this site does otherwise than the label as shipped; null without an overlay."""
    if bundle.site is None:
        return None
    return {
        "name": bundle.site.name,
        "changes": [change._asdict() for change in bundle.site.changes],
        "switchedOff": dict(bundle.site.off),
        "codeMaps": [path.name for path in bundle.site.code_maps],
    }
