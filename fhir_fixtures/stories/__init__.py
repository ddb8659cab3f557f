"""All stories. Importing this package enters every one of them in :data:`fhir_fixtures.telling.ENTRIES`."""

from fhir_fixtures.stories import first_course, later_courses, monitoring, premedication, products

__all__ = ["first_course", "later_courses", "monitoring", "premedication", "products"]
