"""The FastAPI shell: reads bodies and the clock, calls the pure parts, writes answers and errors."""
