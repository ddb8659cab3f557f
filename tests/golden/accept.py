"""Take what the service says now as what it must say: `python -m tests.golden.accept [STORY...]`.

Never run by a test or a make target. Read the difference before committing it; a golden file is a promise to readers,
not a record of what the program happened to do.
"""

import sys

from fhir_fixtures import story_names
from tests.golden.stories import EXPECTED, documents


def main(names: list[str]) -> None:
    """Write the files of these stories, or of all; files that belong to no document are removed."""
    for name in names or story_names():
        folder = EXPECTED / name
        folder.mkdir(parents=True, exist_ok=True)
        current = documents(name)
        for stale in {path.name for path in folder.glob("*.json")} - set(current):
            (folder / stale).unlink()
        for file, text in current.items():
            (folder / file).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
