"""The pure heart: a timeline of one patient's dated facts and a label go in, assessments come out.

What may not be added here: a clock, network, files, FHIR, JSON, pydantic, logging. Only the standard library.
"""
