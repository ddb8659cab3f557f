"""What a site does otherwise than the label as shipped: the outcome of an overlay, carried with the label."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Change(NamedTuple):
    """One thing done otherwise: in which file and place, as shipped, as here, and the site's reason."""

    place: str
    shipped: str
    here: str
    because: str


class Site(NamedTuple):
    """What an overlay made of a label. `off`: requirement id -> why it is not judged. `code_maps`: ConceptMap files."""

    folder: Path
    name: str
    changes: tuple[Change, ...]
    off: Mapping[str, str]
    code_maps: tuple[Path, ...]
