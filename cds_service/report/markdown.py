"""The little Markdown our pages need: table cells, tables, parts that are folded away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    """Text that may stand in a table or a line: nothing in it is taken for markup but `code`."""
    one_line = " ".join(text.split())
    return one_line.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table; cells are escaped but for `code`, links and bold made by `link`-like callers beforehand."""
    lines = [f"| {' | '.join(head)} |", f"|{'|'.join('---' for _ in head)}|"]
    lines += [f"| {' | '.join(_kept(text) for text in row)} |" for row in rows]
    return lines


def _kept(text: str) -> str:
    """A cell: bold that a caller put around a whole cell stays."""
    if text.startswith("**") and text.endswith("**") and len(text) > len("****"):
        return f"**{cell(text[2:-2])}**"
    return cell(text)


def fold(summary: str, lines: Iterable[str]) -> list[str]:
    """Lines behind a summary that opens on a click; shown as they are where Markdown knows no such thing."""
    return ["<details>", f"<summary>{cell(summary)}</summary>", "", *lines, "", "</details>"]
