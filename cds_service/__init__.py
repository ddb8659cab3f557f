"""Clinical decision support for LEMTRADA (alemtuzumab) as a CDS Hooks service."""

__version__ = "0.1.0"
