"""All stories. Importing this package enters every one of them in :data:`fhir_fixtures.telling.ENTRIES`."""

from fhir_fixtures.stories import (
    charting,
    contraindications,
    events,
    evidence,
    first_course,
    later_courses,
    monitoring,
    observation,
    people,
    premedication,
    products,
    prophylaxis,
    screening,
    suited,
    vaccines,
    visits,
)

__all__ = [
    "charting",
    "contraindications",
    "events",
    "evidence",
    "first_course",
    "later_courses",
    "monitoring",
    "observation",
    "people",
    "premedication",
    "products",
    "prophylaxis",
    "screening",
    "suited",
    "vaccines",
    "visits",
]
