"""What a screening test found, where that is written: a bare number says nothing, and immunity has words of its own.

Source: "Result that decides" in the readings (docs/labels): amounts are never judged, a done test is enough.
"""

from __future__ import annotations

import re

from cds_service.core.timeline import Outcome
from cds_service.fhir.outcomes import Holder, interpretation_codes, read_outcome, written_texts

_DENIED = re.compile(
    r"\b(?:non|not|no|without|lack\w*)\b[^;,.\n]*\b(?:immun(?:e|ity)|antibod(?:y|ies))\b|\bnonimmune\b|\bsusceptible\b",
    re.IGNORECASE,
)
_IMMUNE = re.compile(r"\bimmun(?:e|ity)\b", re.IGNORECASE)
_FLAGGED = frozenset({"A", "AA", "H", "HH", "L", "LL"})  # outside its range: no all-clear, and no finding either


def read_finding(holder: Holder) -> Outcome | None:
    """What the test found; None when it was done and nothing that is written says what it found."""
    found = read_outcome(holder, by_amount=False)
    if found is not None:
        return found
    texts = written_texts(holder)
    if any(_DENIED.search(text) for text in texts):
        return Outcome.NEGATIVE
    if any(_IMMUNE.search(text) for text in texts):
        return Outcome.POSITIVE
    return Outcome.INDETERMINATE if not _FLAGGED.isdisjoint(interpretation_codes(holder)) else None
