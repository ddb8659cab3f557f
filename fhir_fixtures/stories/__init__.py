"""All stories. Importing this package enters every one of them in :data:`fhir_fixtures.telling.ENTRIES`."""

from fhir_fixtures.stories import (
    charting,
    contraindications,
    evidence,
    first_course,
    later_courses,
    monitoring,
    people,
    premedication,
    products,
    prophylaxis,
    vaccines,
    visits,
)

__all__ = [
    "charting",
    "contraindications",
    "evidence",
    "first_course",
    "later_courses",
    "monitoring",
    "people",
    "premedication",
    "products",
    "prophylaxis",
    "vaccines",
    "visits",
]
