"""`--strict`: full FHIR validation with fhir.resources, off the hot path. Slow by nature; import it when asked.

A resource passes that is valid in R4 or in R5; the problems named are those of R4.
"""

from __future__ import annotations

from fhir.resources import get_fhir_model_class as r5_model_class
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from cds_service.fhir.decode import NotABundleError, UnreadableInputError, as_text
from cds_service.fhir.structs import any_decoder

_SHOWN = 5


def validate_bundle(body: bytes) -> None:
    """Validate every resource of a Bundle; UnreadableInputError names up to five places and fields, never values."""
    try:
        plain = any_decoder.decode(as_text(body))
    except (ValueError, RecursionError) as error:
        msg = f"the input is not JSON ({type(error).__name__})"
        raise UnreadableInputError(msg) from None
    if not isinstance(plain, dict) or plain.get("resourceType") != "Bundle":
        msg = "the input is not a Bundle"
        raise NotABundleError(msg)
    entries = plain.get("entry")
    if entries is None:
        return
    if not isinstance(entries, list):
        msg = "the Bundle cannot be read: its entry is no array"
        raise NotABundleError(msg)
    problems = [
        problem
        for number, entry in enumerate(entries)
        for problem in _problems(entry.get("resource") if isinstance(entry, dict) else None, number)
    ]
    if problems:
        more = f" and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        msg = f"strict FHIR R4 validation: {'; '.join(problems[:_SHOWN])}{more}"
        raise UnreadableInputError(msg)


def _problems(resource: object, number: int) -> list[str]:
    if resource is None:
        return []
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    place = f"entry[{number}]"
    if not isinstance(kind, str):
        return [f"{place}: no resource with a resourceType"]
    try:
        model = get_fhir_model_class(kind)
    except (LookupError, ValueError):
        return [] if _is_r5(kind, resource) else [f"{place}: not a resource type of FHIR R4"]
    try:
        model.model_validate(resource)
    except ValidationError as error:
        if _is_r5(kind, resource):
            return []
        found = error.errors(include_input=False)
        return [f"{place} {kind}.{'.'.join(map(str, item['loc']))}: {item['type']}" for item in found]
    return []


def _is_r5(kind: str, resource: object) -> bool:
    """Whether a resource that is not R4's is as R5 wants it."""
    try:
        r5_model_class(kind).model_validate(resource)
    except (LookupError, ValueError):  # no such type; a ValidationError is a ValueError
        return False
    return True
