"""From models to bytes and back: camelCase names, no nulls, no empties (row A2).

May not know what a card says. Suggested resources and extensions were cleaned when their model was built, so they go
to the encoder as they are; only our own models are walked here.
"""

from functools import cache
from uuid import UUID

import msgspec
from pydantic import ValidationError

from cds_service.cds_hooks.base import Outbound
from cds_service.cds_hooks.empties import find_empties
from cds_service.cds_hooks.models import CdsResponse

_encoder = msgspec.json.Encoder(decimal_format="number")


def to_wire(model: Outbound) -> dict[str, object]:
    """The model as the object to send: wire names, empty members left out, except those the model must always send."""
    result: dict[str, object] = {}
    for name, wire_name, keep in _members(type(model)):
        value = getattr(model, name)
        if value or value is False:  # members are models, strings, tuples, objects, uuids, flags: never a number
            result[wire_name] = _value(value)
        elif keep:
            result[wire_name] = []
    return result


def encode(model: Outbound, *, check: bool = False) -> bytes:
    """UTF-8 JSON of any model we send.

    `check` walks the result for empties and raises ValueError naming their paths: for tests and for a debugging mode,
    since a model that went through its validators has none.
    """
    body = to_wire(model)
    if check and (paths := find_empties(body)):
        raise ValueError(f"empty values in the response at {', '.join(paths)}")
    return _encoder.encode(body)


def encode_response(response: CdsResponse, *, check: bool = False) -> bytes:
    """The body of a successful call (row F1); `{"cards":[]}` when there is nothing to say (row F2)."""
    return encode(response, check=check)


def decode_response(body: bytes) -> CdsResponse:
    """Read a service's answer as this specification allows it; unknown members are ignored.

    Raises ValueError for what is no JSON or breaks a rule of section G (which other services' answers sometimes do).
    """
    try:
        return CdsResponse.model_validate(msgspec.json.decode(body), extra="ignore", by_alias=True, by_name=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError("the response is not JSON") from error
    except ValidationError as error:
        places = sorted({".".join(map(str, item["loc"])) or "$" for item in error.errors(include_input=False)})
        raise ValueError(f"the response breaks the specification at {', '.join(places)}") from error


@cache
def _members(model: type[Outbound]) -> tuple[tuple[str, str, bool], ...]:
    """(attribute, wire name, send even when empty) of each member that goes over the wire, in order."""
    return tuple(
        (name, alias, alias in model.keep_empty)
        for name, field in model.model_fields.items()
        if not field.exclude and (alias := field.alias or name)
    )


def _value(value: object) -> object:
    """One member's value: models and tuples of models unfolded, everything else as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return [_value(item) for item in value]
    if isinstance(value, Outbound):
        return to_wire(value)
    return str(value) if isinstance(value, UUID) else value
