"""Cards as an EHR shows them, in a terminal: a box per card, its suggestions as buttons."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

WIDTH = 100
_MARKS = {"info": "i", "warning": "!", "critical": "X"}
_COLOURS = {"info": "\x1b[36m", "warning": "\x1b[33m", "critical": "\x1b[1;31m"}
_RESET = "\x1b[0m"


def show_card(card: dict[str, Any], *, colour: bool = False) -> str:
    """One card as a box of at most `WIDTH` columns, ending in a newline."""
    indicator = str(card.get("indicator", "info"))
    mark = f"[{_MARKS.get(indicator, '?')}] {indicator.upper()}"
    edge = _COLOURS.get(indicator, "") if colour else ""
    reset = _RESET if colour else ""
    lines = [f"{edge}+-- {mark} {'-' * (WIDTH - len(mark) - 6)}+{reset}"]
    lines += [f"{edge}|{reset} {line}" for line in _body(card)]
    lines.append(f"{edge}+{'-' * (WIDTH - 2)}+{reset}")
    return "\n".join(lines) + "\n"


def _body(card: dict[str, Any]) -> list[str]:
    lines = wrap(str(card.get("summary", "")), WIDTH - 4)
    detail = str(card.get("detail", ""))
    if detail:
        lines.append("")
        for paragraph in detail.splitlines():
            indent = "  " if paragraph.startswith("- ") else ""
            lines += wrap(paragraph.rstrip(), WIDTH - 4, subsequent_indent=indent) or [""]
    buttons = [f"[ {item.get('label', '')} ]" for item in card.get("suggestions") or ()]
    if buttons:
        lines += ["", *wrap("  ".join(button.replace(" ", "\u00a0") for button in buttons), WIDTH - 4)]
    source = card.get("source") or {}
    links = ", ".join(str(link.get("label", "")) for link in card.get("links") or ())
    lines += ["", f"from {source.get('label', '')}{f'  |  {links}' if links else ''}"]
    return [line.replace("\u00a0", " ") for line in lines]
