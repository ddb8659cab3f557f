"""Reasons for dismissing a card, from HL7's non-adherence reason codes (section G; suggested set of 3.0).

Codes and system are HL7's, the wording is ours. Analytics compare them across services, so each is one constant, sent
the same way every time. Which card offers which reason is not known here.
"""

from cds_service.cds_hooks.models import OverrideReason

NON_ADHERENCE_SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"


def _reason(code: str, display: str) -> OverrideReason:
    return OverrideReason(code=code, system=NON_ADHERENCE_SYSTEM, display=display)


ACTION_COMPLETED = _reason("action-completed", "Already done")
PATIENT_INELIGIBLE = _reason("patient-ineligible", "Does not apply to this patient")
INDICATION_ORDER_EXISTS = _reason("indication-order-exists", "Already ordered")
PATIENT_CONTRAINDICATION = _reason("patient-contraindication", "Contraindicated in this patient")
RISK_BENEFIT_RATIO = _reason("risk-benefit-ratio", "Risk outweighs benefit for this patient")
PATIENT_REFUSES = _reason("patient-refuses", "Patient declines")
LIMITED_TIME = _reason("limited-time", "No time now")
WRONG_TIME_WORKFLOW = _reason("wrong-time-workflow", "Not the right moment")
NEED_MORE_INFO = _reason("need-more-info", "Need more information first")
SERVICE_NOT_AVAILABLE = _reason("service-not-available", "Not available here")
DOES_NOT_ALIGN_LATEST_EVIDENCE = _reason("does-not-align-latest-evidence", "Disagree: newer evidence differs")

ALL_REASONS: tuple[OverrideReason, ...] = (
    ACTION_COMPLETED,
    PATIENT_INELIGIBLE,
    INDICATION_ORDER_EXISTS,
    PATIENT_CONTRAINDICATION,
    RISK_BENEFIT_RATIO,
    PATIENT_REFUSES,
    LIMITED_TIME,
    WRONG_TIME_WORKFLOW,
    NEED_MORE_INFO,
    SERVICE_NOT_AVAILABLE,
    DOES_NOT_ALIGN_LATEST_EVIDENCE,
)
"""Every reason defined here, in the order a menu would show them."""
