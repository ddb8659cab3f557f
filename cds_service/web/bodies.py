"""Request bodies: read within the limit, refused when they are not JSON text by their own account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds_service.cds_hooks.errors import CdsHooksError, Issue, unsupported_media_type

if TYPE_CHECKING:
    from starlette.requests import Request

_JSON = frozenset({"application/json", "application/fhir+json", "text/json"})


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body. CdsHooksError 415 for another media type or a content encoding, 413 over the limit."""
    media_type = request.headers.get("content-type", "application/json").split(";", 1)[0].strip().lower()
    if media_type not in _JSON or request.headers.get("content-encoding", "identity").lower() != "identity":
        raise unsupported_media_type()
    announced = request.headers.get("content-length", "0")
    if announced.isascii() and announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limit: int) -> CdsHooksError:
    text = f"The body is larger than {limit} bytes, the limit set by CDS_MAX_BODY_BYTES."
    return CdsHooksError(413, [Issue("too-long", text)])
