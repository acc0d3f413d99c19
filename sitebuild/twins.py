"""Hold the two languages to one another: same pages, same sections, same runs."""

import re
from pathlib import Path

from sitebuild.marks import FENCE, FIGURE, FORMULA, TABLE, VALUE, WHOLE
from sitebuild.playground import PLAY
from sitebuild.project import LANGUAGES
from sitebuild.reference import ENTRY, MODULE

HEADING = re.compile(r"^(#{1,6}) .*?(?:\{ *#([\w-]+) *\})?$", re.M)
BLOCK = re.compile(r"^```.*?^```$", re.M | re.S)


def differences(docs: Path) -> list[str]:
    """Return every way in which the languages under `docs` differ, one line each."""
    pages = {lang: _pages(docs / lang) for lang in LANGUAGES}
    first, *others = LANGUAGES
    found = []
    for lang in others:
        for page in sorted(pages[first] ^ pages[lang]):
            there, missing = (first, lang) if page in pages[first] else (lang, first)
            found.append(f"{page} is in docs/{there} and not in docs/{missing}")
        for page in sorted(pages[first] & pages[lang]):
            ours = outline((docs / first / page).read_text("utf-8"))
            theirs = outline((docs / lang / page).read_text("utf-8"))
            for kind, one in ours.items():
                if one != theirs[kind]:
                    found.append(f"{page}: {kind}: {first} has {one}, {lang} has {theirs[kind]}")
    return found


def outline(markdown: str) -> dict[str, list[str]]:
    """Return what twins share: heading ids, code, figures, formulas, modules, values and so on."""
    prose = BLOCK.sub("", markdown)
    return {
        "headings": [f"{marks} {name}" for marks, name in HEADING.findall(prose)],
        "code": [f"{m['name']}/{m['cell']}.{m['ext']}" for m in FENCE.finditer(markdown)],
        "programs": WHOLE.findall(markdown),
        "figures": [f"{name}/{figure}" for _, name, figure, _ in FIGURE.findall(markdown)],
        "playgrounds": [f"{m[1]}{m[3]}/{m[4]}" for m in PLAY.finditer(markdown)],
        "formulas": FORMULA.findall(markdown),
        "entries": ENTRY.findall(markdown),
        "modules": MODULE.findall(markdown),
        "tables": TABLE.findall(markdown),
        "values": sorted(f"{name}.{key}:{spec}" for name, key, spec in VALUE.findall(markdown)),
    }


def _pages(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")}
