"""Made-up patients for tests and the demo: named stories as FHIR records and CDS Hooks requests."""

from fhir_fixtures.assemble import load_story, story_names
from fhir_fixtures.model import REQUIREMENTS, Expect, Story

__all__ = ["REQUIREMENTS", "Expect", "Story", "load_story", "story_names"]
