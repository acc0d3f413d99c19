"""Make the files that pages use out of a recorded run; needs no new run when only prose changed."""

import copy
import json
from pathlib import Path
from typing import Any

from sitebuild import figure
from sitebuild.cache import Run, digest, meaning
from sitebuild.project import HERE, LANGUAGES, Project
from sitebuild.snippet import Snippet

DERIVED = "derived"  # written last: what the files of a run were made from


def derived(project: Project, name: str, run: Run) -> bool:
    """Whether all that pages use is there, and made of what the sources say now."""
    done, snippet = project.run(name) / DERIVED, Snippet.read(project.source(name))
    if not done.is_file() or done.read_text("utf-8") != _stamp(project, snippet):
        return False
    return all(path.is_file() for path in _files(project, name, run, snippet))


def _stamp(project: Project, snippet: Snippet) -> str:
    labels = [figure.words(project.snippets, lang) for lang in LANGUAGES]
    makers = (meaning(HERE.root / "sitebuild" / f) for f in ("figure.py", "notebook.py"))
    return digest(snippet.source, json.dumps(labels), *makers)


def derive(project: Project, name: str, run: Run) -> None:
    """Write excerpts, printed outputs, finished figures and notebooks."""
    folder, snippet = project.run(name), Snippet.read(project.source(name))
    labels = {lang: figure.words(project.snippets, lang) for lang in LANGUAGES}
    done = folder / DERIVED
    done.unlink(missing_ok=True)
    for cell, output in zip(snippet.cells, run.cells, strict=True):
        (folder / f"{cell.title}.py").write_text(cell.text + "\n", "utf-8")
        (folder / f"{cell.title}.txt").write_text(output["text"], "utf-8")
    for name_ in run.figures():
        svg = figure.finish((folder / f"{name_}.raw.svg").read_text("utf-8"))
        for lang in LANGUAGES:
            drawn = figure.translate(svg, labels[lang]) if labels[lang] else svg
            drawing(folder, name_, lang).write_text(drawn, "utf-8")
    _notebooks(project, name, run, snippet)
    done.write_text(_stamp(project, snippet), "utf-8")


def _files(project: Project, name: str, run: Run, snippet: Snippet) -> list[Path]:
    """Return the files that `derive` makes."""
    folder = project.run(name)
    cells = [
        folder / f"{cell.title}{ending}" for cell in snippet.cells for ending in (".py", ".txt")
    ]
    figures = [drawing(folder, figure, lang) for figure in run.figures() for lang in LANGUAGES]
    return (
        cells
        + figures
        + [book(project, name, lang, kind) for lang in LANGUAGES for kind in ("page", "download")]
    )


def book(project: Project, name: str, lang: str, kind: str) -> Path:
    """File of a notebook in a language: the "page" of the site, or the "download"."""
    return project.run(name) / lang / kind / f"{name.rpartition('/')[2]}.ipynb"


def drawing(folder: Path, name: str, lang: str) -> Path:
    """File of a finished figure in a language."""
    return folder / f"{name}.{lang}.svg"


def _notebooks(project: Project, name: str, run: Run, snippet: Snippet) -> None:
    import jupytext

    plain = jupytext.reads(snippet.source, fmt="py:percent")
    stem = name.rpartition("/")[2]
    for lang in LANGUAGES:
        for kind in ("page", "download"):
            cells, outputs = copy.deepcopy(plain), iter(run.cells)
            cells.cells = [c for c in cells.cells if c.metadata.pop("lang", lang) == lang]
            for count, cell in enumerate(cells.cells, 1):
                cell.id = f"{stem}-{count}"
                if cell.cell_type == "code":
                    cell.execution_count, cell.metadata = count, {}
                    cell.outputs = _outputs(project, name, lang, kind, next(outputs))
            cells.metadata = {
                "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                "language_info": {"name": "python"},
            }
            file = book(project, name, lang, kind)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(cells, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _outputs(
    project: Project, name: str, lang: str, kind: str, cell: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return a cell's outputs; its figures lie inside a download, and beside the page of a site."""
    text = (
        [{"output_type": "stream", "name": "stdout", "text": cell["text"]}] if cell["text"] else []
    )
    shown = []
    for name_ in cell["figures"]:
        svg = drawing(project.run(name), name_, lang).read_text("utf-8")
        data = {"text/plain": name_}
        if kind == "page":
            data["text/html"] = images(f"../../../runs/{name}/{name_}.svg", name_, svg)
        else:
            data["image/svg+xml"] = figure.on_paper(svg)
        shown.append({"output_type": "display_data", "metadata": {}, "data": data})
    return text + shown


def images(source: str, alt: str, svg: str) -> str:
    """Return the two images of a figure, of which the theme shows the one for its scheme."""
    width, height = figure.size(svg)
    return "".join(
        f'<img src="{source}#only-{scheme}" alt="{alt}" width="{width}" height="{height}"'
        ' loading="lazy">'
        for scheme in ("light", "dark")
    )
