"""The adapter from FHIR JSON to timelines (in) and to suggested orders (out). Value sets reach it as arguments."""
