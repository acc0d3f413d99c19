"""The index of experiments: which chapter shows a program, numbered in the order of the book."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sitebuild import marks
from sitebuild.playground import PLAY
from sitebuild.project import Project

CHAPTER = re.compile(r"^ +- (chapters/[\w-]+\.md)$", re.M)
TITLE = re.compile(r"^# (.+?) *\{ *#", re.M)


@dataclass(frozen=True)
class Place:
    """Where a program is shown first."""

    number: str  # "7.2": the second program of the seventh chapter; "" outside the chapters
    uri: str
    title: str


def places(project: Project, lang: str) -> dict[str, Place]:
    """Return where each program is shown first, by its name, in the order of the book."""
    nav = project.root / "mkdocs.yml"
    chapters = CHAPTER.findall(nav.read_text("utf-8")) if nav.is_file() else []
    docs = project.root / "docs" / lang
    texts = {
        path.relative_to(docs).as_posix(): path.read_text("utf-8")
        for path in sorted(docs.rglob("*.md"))
    }
    found: dict[str, Place] = {}
    for count, uri in enumerate([*chapters, *texts], 1):
        text = texts.get(uri, "")  # what the navigation names and is not there, MkDocs tells
        title = TITLE.search(text)
        new = [name for name in _shown(text) if name not in found]
        for place, name in enumerate(new, 1):
            number = f"{count}.{place}" if uri in chapters else ""
            found[name] = Place(number, uri, title[1] if title else uri)
    return found


def _shown(text: str) -> Iterator[str]:
    """Find the programs of which a page shows a figure, a cell or a playground, in order."""
    matches = [
        (match.start(), match[place])
        for pattern, place in ((marks.FIGURE, 2), (marks.FENCE, "name"), (PLAY, 3))
        for match in pattern.finditer(text)
    ]
    yield from dict.fromkeys(name for _, name in sorted(matches))
