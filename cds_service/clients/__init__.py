"""The other side of the wire: acting as an EHR against a CDS service."""
