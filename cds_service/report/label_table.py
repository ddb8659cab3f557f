"""The label as a table for people: every requirement with its section, strength, confidence and paraphrase."""

from __future__ import annotations

from textwrap import wrap

from cds_service.labels import LabelBundle

_WIDTH = 96


def label_table(bundle: LabelBundle) -> str:
    """Plain text, one block per requirement, then what is not covered and why."""
    label = bundle.label
    lines = [f"{label.id}: {label.title}", f"revision {label.revision}; {bundle.reviewed}", ""]
    for item in label.requirements:
        head = f"{item.id}  [{item.kind}]  section {item.section}, {item.strength}, confidence {item.confidence}"
        lines += [head, *_indented(item.title), *_indented(item.says), ""]
    lines.append("Not covered:")
    for entry in bundle.not_covered:
        lines += [f"- {entry.what}", *_indented(entry.why)]
    return "\n".join(lines) + "\n"


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in wrap(text, _WIDTH)]
