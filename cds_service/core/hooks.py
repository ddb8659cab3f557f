"""The moments of care at which the label is asked: names of CDS Hooks, and which of them the core tells apart.

Knows names only, nothing of the protocol.
"""

from __future__ import annotations

PATIENT_VIEW = "patient-view"  # the chart is opened
BOOKING = "appointment-book"  # the hook at which appointments make a plan
CHECK_IN = "encounter-start"  # the hook before the pump starts
DISCHARGE = "encounter-discharge"
SIGNING = frozenset({"order-select", "order-sign"})  # the hooks at which drafts are on the screen
ORDERING_HOOKS = SIGNING | {BOOKING}  # the order can still be stopped
HOOKS = (PATIENT_VIEW, *sorted(SIGNING), BOOKING, CHECK_IN, DISCHARGE)
