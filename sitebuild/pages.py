r"""Put runs into pages: text in, text out, nothing known of the site generator.

In a chapter's Markdown:

- `![alt](run:batch/three_methods/race "caption")` is a figure, with a line that says where it
  comes from;
- `{{ batch/three_methods.sgd_updates:,d }}` is a value in a Python format. The name needs its
  slash and its dot, so that LaTeX's `{{...}}` is never taken for one;
- a python fence around `--8<-- "batch/three_methods/race.py"` shows a cell, and its copy button
  gives the program that runs;
- a fence around `--8<-- "batch/three_methods/race.txt"` shows what the cell printed; both may be
  indented, as in the solution of an exercise (`??? success "Solution"`);
- a python fence around `--8<-- "programs/name.py"` shows `snippets/programs/name.py` whole;
- `![alt](play:playground/presets/bowl "caption")` is a playground, and without the `!` a link that
  sets one (see `playground`);
- a line `$$ gdcore.optimizers.SGD $$` is the formula in the docstring of that name;
- lines `{{ runs }}`, `{{ versions }}` and `{{ measured }}` are the tables of what made the site;
- a line `{{ glossary }}` is the table of its words.
"""

import difflib
import html
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

from sitebuild import (
    docstrings,
    environment,
    glossary,
    notebook,
    playground,
    playgrounds,
    provenance,
)
from sitebuild import figure as drawn
from sitebuild.cache import Run
from sitebuild.playground import NAME, PLAY
from sitebuild.project import Project
from sitebuild.settings import SettingError
from sitebuild.snippet import Snippet

VALUE = re.compile(rf"\{{\{{\s*({NAME})\.(\w+)(?::([^}}\s]+))?\s*\}}\}}")
FIGURE = re.compile(rf'!\[([^\]]*)\]\(run:({NAME})/(\w+)(?:\s+"([^"]*)")?\)')
FENCE = re.compile(  # indented where it stands in a folded solution
    rf'^(?P<indent> *)```(?P<lang>python|text)(?: changed-from="(?P<before>\w+)")?\n'
    rf'(?P=indent)--8<-- "(?P<name>{NAME})/(?P<cell>\w+)\.(?P<ext>py|txt)"\n(?P=indent)```$',
    re.M,
)
WHOLE = re.compile(r'^```python\n--8<-- "programs/(\w+)\.py"\n```$', re.M)
FORMULA = re.compile(r"^\$\$ *(gdcore(?:\.\w+)+) *\$\$$", re.M)
AUTODOC = re.compile(r"^::: ", re.M)  # mkdocstrings
TABLE = re.compile(r"^\{\{ *(runs|versions|measured) *\}\}$", re.M)
GLOSSARY = re.compile(r"^\{\{ *glossary *\}\}$", re.M)
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
        try:
            return f"$$\n{docstrings.formula(project.root, match[1])}\n$$"
        except docstrings.NoFormula as error:
            raise PageError(f"docs/{page.lang}/{page.uri}: {error}") from None

    if TABLE.search(markdown):
        tables = environment.tables(project, runs, page.lang)
        markdown = TABLE.sub(lambda match: tables[match[1]], markdown)
    markdown = GLOSSARY.sub(lambda match: glossary.table(project, page.lang), markdown)
    markdown = WHOLE.sub(whole, FORMULA.sub(formula, markdown))
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


def snippets(markdown: str) -> set[str]:
    """Return the names of the snippets that a page shows something of."""
    fences = {match["name"] for match in FENCE.finditer(markdown)}
    return (
        fences
        | {name for _, name, *_ in FIGURE.findall(markdown)}
        | {match[3] for match in PLAY.finditer(markdown)}
        | {name for name, *_ in VALUE.findall(markdown)}
    )


def inputs(markdown: str, project: Project, runs: Mapping[str, Run]) -> list[Path]:
    """Return the files, besides its own, that a page is made of."""
    names = runs if TABLE.search(markdown) else snippets(markdown) & runs.keys()
    found = [project.run(name) / notebook.DERIVED for name in names]
    found += [project.snippets / f"programs/{name}.py" for name in WHOLE.findall(markdown)]
    if GLOSSARY.search(markdown):
        found.append(glossary.path(project))
    if FORMULA.search(markdown) or AUTODOC.search(markdown):
        found += (project.root / "gdcore").rglob("*.py")
    return found


def alts(markdown: str) -> dict[tuple[str, str], str]:
    """Return the alt text of each figure that a page shows, by (snippet, figure)."""
    played = {(m[3], m[4]): m[2] for m in PLAY.finditer(markdown) if m[1]}
    return played | {(name, key): alt for alt, name, key, _ in FIGURE.findall(markdown)}
