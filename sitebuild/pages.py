r"""Put runs into pages: text in, text out, nothing known of the site generator.

What a page can ask for stands in `marks`.
"""

import difflib
import html
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import indent

from sitebuild import (
    claims,
    docstrings,
    environment,
    glossary,
    notebook,
    playground,
    playgrounds,
    provenance,
    reference,
)
from sitebuild import figure as drawn
from sitebuild.cache import Run
from sitebuild.marks import FENCE, FIGURE, FORMULA, TABLE, VALUE, WHOLE, alts, snippets
from sitebuild.playground import PLAY
from sitebuild.project import Project
from sitebuild.settings import SettingError
from sitebuild.snippet import Snippet

PROGRAM = re.compile(r'data-program="([^"]*)"')


class PageError(ValueError):
    """A page that asks for what no run has; the message names the page and what there is."""


@dataclass(frozen=True)
class Page:
    """A page to be filled: where it is and in which language."""

    uri: str  # "chapters/mini-batches.md"
    lang: str

    def link(self, uri: str) -> str:
        """Return the way from this page to another file of the site."""
        return posixpath.relpath(uri, posixpath.dirname(self.uri) or ".")

    def address(self, uri: str) -> str:
        """Return the way from where this page is read to another folder of the site."""
        here = posixpath.splitext(self.uri)[0].removesuffix("index")
        return posixpath.relpath(uri, here or ".") + "/"

    def known(self, kind: str, name: str, names: list[str]) -> None:
        """Refuse a name that is not among the known ones."""
        if name in names:
            return
        near = difflib.get_close_matches(name, names, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise PageError(
            f"docs/{self.lang}/{self.uri}: there is no {kind} {name!r}{hint}; "
            f"there are: {', '.join(names) or 'none'}"
        )


def fill(markdown: str, page: Page, project: Project, runs: Mapping[str, Run]) -> str:
    """Replace every reference to a run by what the run gave."""

    def run(name: str) -> Run:
        page.known("snippet", name, sorted(runs))
        return runs[name]

    def value(match: re.Match[str]) -> str:
        name, key, spec = match.groups()
        values = run(name).values
        page.known(f"value of {name} called", key, sorted(values))
        try:
            return format(values[key], spec or "")
        except ValueError as error:
            raise PageError(
                f"docs/{page.lang}/{page.uri}: {match[0]}: {error} (it is {values[key]!r})"
            ) from None

    def figure(match: re.Match[str]) -> str:
        alt, name, key, caption = match.groups()
        if not alt:
            raise PageError(f"docs/{page.lang}/{page.uri}: {match[0]} has no alt text")
        return (
            f'<figure class="run" markdown="span">\n{images(name, key, alt)}\n'
            f'<figcaption markdown="span">{said(name, key, caption)}</figcaption>\n'
            "</figure>"
        )

    def images(name: str, key: str, alt: str) -> str:
        page.known(f"figure of {name} called", key, run(name).figures())
        svg = notebook.drawing(project.run(name), key, page.lang).read_text("utf-8")
        source = page.link(f"runs/{name}/{key}.svg")
        width, height = drawn.size(svg)
        attributes = f"{{ width={width} height={height} loading=lazy }}"
        return "\n".join(
            f"![{alt}]({source}#only-{scheme}){attributes}" for scheme in ("light", "dark")
        )

    @cache
    def figures_of(uri: str) -> dict[tuple[str, str], str]:
        return alts((project.root / "docs" / page.lang / uri).read_text("utf-8"))

    def thumb(uri: str, figure: str) -> str:
        name, _, key = figure.rpartition("/")
        shown = figures_of(uri)
        page.known(f"figure in {uri} called", figure, [f"{one}/{other}" for one, other in shown])
        return images(name, key, shown[name, key]).replace("\n", "")

    def table(match: re.Match[str]) -> str:
        kind, _, topic = match[1].partition(" ")
        if kind == "claims":
            return claims.table(project, topic, page.lang, page.link, thumb)
        if kind in (ours := {"glossary": glossary.table, "verdicts": claims.choice}):
            return ours[kind](project, page.lang)
        return environment.table(project, runs, page.lang, kind)

    def said(name: str, key: str, caption: str | None) -> str:
        link = page.link(f"notebooks/{name}.md")
        note = provenance.note(project, run(name), link, page.lang, figure=key)
        return f"{caption or ''} <small>{note}</small>"

    def play(match: re.Match[str]) -> str:
        is_figure, words, name, key, caption = match.groups()
        kind = playgrounds.of(run(name))
        page.known(f"preset of {name} called", key, kind.presets(run(name)))
        try:
            chosen = kind.check(run(name), key)
        except SettingError as error:
            raise PageError(f"docs/{page.lang}/{page.uri}: {name}.{key}: {error}") from None
        if not words:
            raise PageError(f"docs/{page.lang}/{page.uri}: {match[0]} has no text")
        if not is_figure:
            ours = (m for m in PLAY.finditer(markdown) if m[1] and m[3] == name)
            first = next(ours, None)
            home = "" if first else page.address(kind.HOME)
            target = playground.identity(first[4] if first else kind.FIRST)
            return playgrounds.link(kind, chosen, target, words, home)
        views = [images(name, *view) for view in kind.views(chosen, key, words, page.lang)]
        return str(kind.block(name, key, views, said(name, key, caption)))

    def fence(match: re.Match[str]) -> str:
        name, cell = match["name"], match["cell"]
        titles = [c["title"] for c in run(name).cells]
        page.known(f"cell of {name} called", cell, titles)
        include = f'--8<-- "{name}/{cell}.{match["ext"]}"'
        if match["ext"] == "txt":
            return indent(f"``` {{ .text .output }}\n{include}\n```", match["indent"])
        marked = ""
        if match["before"]:
            page.known(f"cell of {name} called", match["before"], titles)
            lines = changed_lines(Snippet.read(project.source(name)), match["before"], cell)
            marked = f' hl_lines="{" ".join(map(str, lines))}"'
        code = f'``` {{ .python data-program="{name}/{cell}"{marked} }}\n{include}\n```'
        return indent(code, match["indent"])

    def whole(match: re.Match[str]) -> str:
        page.known("program", match[1], project.programs())
        return f'``` {{ .python title="{match[1]}.py" }}\n--8<-- "programs/{match[1]}.py"\n```'

    def formula(match: re.Match[str]) -> str:
        return f"$$\n{docstrings.formula(project.root, match[1])}\n$$"

    def entry(match: re.Match[str]) -> str:
        return reference.entry(project, page.lang, match[1])

    try:
        markdown = reference.ENTRY.sub(entry, TABLE.sub(table, markdown))
        markdown = WHOLE.sub(whole, FORMULA.sub(formula, markdown))
    except (claims.ClaimError, docstrings.NoFormula, reference.EntryError) as error:
        raise PageError(f"docs/{page.lang}/{page.uri}: {error}") from None
    markdown = PLAY.sub(play, VALUE.sub(value, FENCE.sub(fence, markdown)))
    return FIGURE.sub(figure, markdown)


def give_programs(content: str, project: Project) -> str:
    """Let the copy button of each shown cell copy the program that runs."""

    def put(match: re.Match[str]) -> str:
        name, _, cell = html.unescape(match[1]).rpartition("/")
        program = Snippet.read(project.source(name)).program(cell)
        return f'data-copy="{html.escape(program).replace(chr(10), "&#10;")}"'

    return PROGRAM.sub(put, content)


def changed_lines(snippet: Snippet, before: str, after: str) -> list[int]:
    """Return the numbers of the lines of one cell that are not in another."""
    text = {cell.title: cell.text.splitlines() for cell in snippet.cells}
    blocks = difflib.SequenceMatcher(None, text[before], text[after], autojunk=False)
    same = {block.b + i for block in blocks.get_matching_blocks() for i in range(block.size)}
    return [i + 1 for i, line in enumerate(text[after]) if i not in same and line.strip()]


def inputs(markdown: str, project: Project, runs: Mapping[str, Run]) -> list[Path]:
    """Return the files, besides its own, that a page is made of."""
    tables = set(TABLE.findall(markdown))
    names = runs if tables - {"glossary"} else snippets(markdown) & runs.keys()
    found = [project.run(name) / notebook.DERIVED for name in names]
    found += [project.snippets / f"programs/{name}.py" for name in WHOLE.findall(markdown)]
    if tables:
        found += [glossary.path(project), claims.path(project)]
    if reference.ENTRY.search(markdown):
        found += (project.root / "docs").glob("*/api/**/*.md")
    if any(of.search(markdown) for of in (FORMULA, reference.MODULE, reference.ENTRY)):
        found += (project.root / "gdcore").rglob("*.py")
    return found
