"""From a verdict to what a reader outside sees: the report as data, and as text for a terminal."""
