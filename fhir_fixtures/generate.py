"""Write the stories to files: ``python -m fhir_fixtures.generate [--check] [--shift-to YYYY-MM-DD] [--out DIR]``.

Without options, the files of this package are written anew. ``--check`` writes nothing and exits with status 1 if a
file is missing, differs or belongs to no story. ``--shift-to`` moves every story so that its ``as_of`` falls on that
date; with ``--out`` the files go to another folder.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from fhir_fixtures.assemble import load_story, story_names
from fhir_fixtures.model import Story

Resource = dict[str, Any]

HERE = Path(__file__).resolve().parent
FOLDERS = ("patients", "requests")
README = "README.md"
_WRITTEN: dict[str, Any] = {"sort_keys": True, "ensure_ascii": False}
TABLE_BEGINS, TABLE_ENDS = "<!-- stories: begin -->\n", "<!-- stories: end -->\n"


def build(name: str, shift_to: date | None = None) -> dict[str, str]:
    """The files of one story: path below the output folder -> text."""
    story = load_story(name, shift_to)
    files = {
        f"patients/{name}/bundle.json": text_of(story.bundle),
        f"patients/{name}/story.json": text_of(story.as_json()),
    }
    return files | {f"requests/{hook}/{name}.json": text_of(body) for hook, body in story.requests.items()}


def build_all(shift_to: date | None = None) -> dict[str, str]:
    """The files of all stories."""
    files: dict[str, str] = {}
    for name in story_names():
        files |= build(name, shift_to)
    return files


def text_of(value: Resource) -> str:
    """Sorted keys, one space of indentation, a newline at the end; a Bundle entry is one line, to keep files short."""
    marked: dict[str, str] = {}

    def fold(value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, dict):
            return {key: entries(member) if key == "entry" else fold(member) for key, member in value.items()}
        return value

    def entries(found: list[Resource]) -> list[str]:
        marks = [f"@entry-{len(marked) + place}@" for place in range(len(found))]
        lines = (json.dumps(one, **_WRITTEN, separators=(",", ":")) for one in found)
        marked.update(zip(marks, lines, strict=True))
        return marks

    return (
        re.sub(r'"(@entry-\d+@)"', lambda mark: marked[mark[1]], json.dumps(fold(value), **_WRITTEN, indent=1)) + "\n"
    )


def table() -> str:
    """The table of stories for the README."""
    rows = [_row(load_story(name)) for name in story_names()]
    head = ("| # | story | what happens | judged at | expected |", "|---|---|---|---|---|")
    return "\n".join([*head, *rows]) + "\n"


def _row(story: Story) -> str:
    named = dict.fromkeys(f"{one.requirement} {_verdict(story, one.requirement)}" for one in story.expect)
    found = ", ".join(named) or "nothing"
    if named and story.quiet:
        found = f"nothing ({found})"
    vignette = f" (vignette {story.vignette})" if story.vignette else ""
    return f"| {story.number} | `{story.name}` | {story.description}{vignette} | {story.as_of[:16]} | {found} |"


def _verdict(story: Story, requirement: str) -> str:
    found = [one for one in story.expect if one.requirement == requirement]
    days = [str(one.day) for one in found if one.day]
    codes = ((one.status, one.reason or one.note) for one in found)
    words = dict.fromkeys(f"{status} ({code})" if code else status for status, code in codes)
    return "/".join(words) + (f", day {', '.join(days)}" if days else "")


def readme(text: str) -> str:
    """The README with the present table between its two markers."""
    before, begins, rest = text.partition(TABLE_BEGINS)
    _, ends, after = rest.partition(TABLE_ENDS)
    if not (begins and ends):
        raise ValueError(f"{README} lacks one of the lines {TABLE_BEGINS.strip()!r} and {TABLE_ENDS.strip()!r}")
    return before + begins + table() + ends + after


def stale(files: dict[str, str], folder: Path) -> Iterator[str]:
    """One line for every file that is missing, differs or belongs to no story."""
    for path, text in sorted(files.items()):
        if not (folder / path).is_file():
            yield f"{path}: missing"
        elif (folder / path).read_bytes() != text.encode():
            yield f"{path}: differs"
    for path in _present(folder):
        if path not in files:
            yield f"{path}: belongs to no story"


def _present(folder: Path) -> list[str]:
    found = [path for top in FOLDERS for path in (folder / top).rglob("*.json")]
    return sorted(path.relative_to(folder).as_posix() for path in found)


def write(files: dict[str, str], folder: Path) -> None:
    """Write what is new and remove what belongs to no story."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    for path in _present(folder):
        if path not in files:
            (folder / path).unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m fhir_fixtures.generate", description="Write the stories to files.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 naming the files that are stale")
    parser.add_argument(
        "--shift-to", type=date.fromisoformat, metavar="YYYY-MM-DD", help="move every as_of to this day"
    )
    parser.add_argument("--out", type=Path, default=HERE, metavar="DIR", help="another folder than this package's")
    options = parser.parse_args(arguments)
    files = build_all(options.shift_to)
    if options.out == HERE:
        files[README] = readme((HERE / README).read_text(encoding="utf-8"))
    if options.check:
        old = list(stale(files, options.out))
        for line in old:
            print(line, file=sys.stderr)
        if old:
            print("run: python -m fhir_fixtures.generate", file=sys.stderr)
        return 1 if old else 0
    write(files, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
