"""The only readers of label files: a folder per label becomes `core.label` dataclasses and value sets."""

from cds_service.labels.loader import (
    LabelBundle,
    LabelError,
    NotCovered,
    OverlayError,
    available_labels,
    load_label,
    load_label_folder,
)

__all__ = [
    "LabelBundle",
    "LabelError",
    "NotCovered",
    "OverlayError",
    "available_labels",
    "load_label",
    "load_label_folder",
]
