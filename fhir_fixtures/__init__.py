"""Made-up patients for tests and the demo: named stories as FHIR R4 records and CDS Hooks requests."""

from fhir_fixtures.assemble import load_story, story_names
from fhir_fixtures.model import PART_ONE, Expect, Story

__all__ = ["PART_ONE", "Expect", "Story", "load_story", "story_names"]
