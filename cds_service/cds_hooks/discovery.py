"""The discovery document: which services there are, at which hook, with which prefetch (checklist section B).

Knows no service in particular. Of 3.0 only `version` is sent, on each service, where 3.0 puts it; clients that do not
know it ignore it.
"""

import re
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from cds_service.cds_hooks.base import JsonObject, OptionalText, Outbound, Text
from cds_service.cds_hooks.templates import check_template
from cds_service.cds_hooks.wire import encode

SPECIFICATION_VERSION = "2.0.1"
DISCOVERY_PATH = "/cds-services"


def service_path(service_id: str) -> str:
    """Where a service is called, below the base URL."""
    return f"{DISCOVERY_PATH}/{service_id}"


def feedback_path(service_id: str) -> str:
    """Where feedback on a service's cards is sent, below the base URL."""
    return f"{DISCOVERY_PATH}/{service_id}/feedback"


def _path_segment(value: str) -> str:
    if not re.fullmatch(r"(?!\.+$)[A-Za-z0-9._~\-]+", value):
        raise ValueError("must be usable in a URL: letters, digits, '-', '.', '_' or '~'")
    return value


def _hook_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+([.\-][a-z0-9]+)*", value):
        raise ValueError("must be a hook name: noun-verb, or reverse-domain for a hook of one's own")
    return value


class Service(Outbound):
    """One entry of the discovery document (rows B4-B6). `prefetch` maps key to template; each template is checked."""

    hook: Annotated[str, AfterValidator(_hook_name)]
    title: OptionalText = None
    description: Text
    id: Annotated[str, AfterValidator(_path_segment)]
    prefetch: dict[Text, Text] = Field(default_factory=dict)
    usage_requirements: OptionalText = None
    version: OptionalText = SPECIFICATION_VERSION
    extension: JsonObject | None = None

    @model_validator(mode="after")
    def _templates_in_subset(self) -> Self:
        for key, template in self.prefetch.items():
            if problems := check_template(template, self.hook):
                raise ValueError(f"prefetch.{key}: {' '.join(problems)}")
        return self


class DiscoveryResponse(Outbound):
    """The body of `GET /cds-services`; `services` is sent even when empty (row B3).

    Ids differ unless `allow_shared_ids` is set: one id on several hooks is legal and means "update stale guidance",
    but a well-known client keeps only the last of them (row B9). One id twice on the same hook is always wrong.
    """

    keep_empty: ClassVar[frozenset[str]] = frozenset({"services"})

    services: tuple[Service, ...] = ()
    extension: JsonObject | None = None
    allow_shared_ids: bool = Field(default=False, exclude=True)

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        seen: set[tuple[str, str]] = set()
        for service in self.services:
            key = (service.id, service.hook if self.allow_shared_ids else "")
            if key in seen:
                raise ValueError(f"service id {service.id} is used twice")
            seen.add(key)
        return self


def encode_discovery(discovery: DiscoveryResponse, *, check: bool = False) -> bytes:
    """The body of the discovery response; `check` as in `wire.encode`."""
    return encode(discovery, check=check)
