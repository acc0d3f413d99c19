"""MkDocs glue, and the only file that knows MkDocs: run first, then lend the runs to the pages.

One `mkdocs build` makes every language: the main configuration builds English, and when it is done
each `mkdocs.<lang>.yml` is built into `site/<lang>` with a configuration object of its own.
Nothing is ever written under docs/.
"""

from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemBytecodeCache
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page as MkDocsPage
from mkdocs.utils import get_relative_url

from sitebuild import (
    formulas,
    frame,
    jupyter,
    marks,
    markup,
    notebook,
    pages,
    playgrounds,
    pool,
    provenance,
    sheet,
    summary,
)
from sitebuild.cache import Run
from sitebuild.project import LANGUAGES, Project

log = get_plugin_logger("sitebuild")
NOTEBOOKS = "notebooks/"

runs: dict[str, Run] = {}
was_failed = failed = False  # while serving: some snippet failed, and its last good run is shown
serving = False
partly = False  # only pages that something has happened to are rendered
math: formulas.Formulas
rendered: dict[tuple[str, bool], str] = {}  # formulas, for the next build while serving
alt_texts: dict[tuple[str, str], str] = {}  # of the language that is being built


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """Remember whether this is a build, which fails on a failing snippet, or a preview."""
    global serving, partly
    serving, partly = command == "serve", dirty


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Watch what pages are made of, and start the formulas of this build."""
    global math
    root = _project(config).root
    math = formulas.Formulas(root / ".cache", rendered)
    config.watch += [
        str(root / folder) for folder in ("snippets", "gdcore", "docs", "mkdocs.zh.yml")
    ]
    config.extra_css.insert(0, "assets/katex/katex.css")
    config.extra["home"] = (config.site_url or "").removesuffix(f"{_lang(config)}/")
    return config


def on_pre_build(config: MkDocsConfig) -> None:
    """Bring the runs up to date, once for all languages."""
    global failed, was_failed
    if _lang(config) != LANGUAGES[0] and runs:
        return
    was_failed = failed
    if serving:
        pool.warm(_project(config))
    try:
        fresh = pool.update(_project(config), say=log.info)
        failed = False
    except pool.SnippetsFailed as error:
        if not serving:
            raise PluginError(str(error)) from None
        log.error(str(error))  # an exception would leave the preview answering nothing
        fresh, failed = error.runs, True
    runs.clear()
    runs.update(fresh)


@event_priority(-100)  # after mkdocs-jupyter, whose wrapper cannot hold generated files
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the runs and what both languages share, as files that lie elsewhere."""
    project, lang = _project(config), _lang(config)
    alt_texts.clear()
    for chapter in files.documentation_pages():
        text = Path(str(chapter.abs_src_path)).read_text("utf-8")
        alt_texts.update(marks.alts(text) | playgrounds.alts(text, runs, lang))
    shared = {
        path.relative_to(project.root / "docs").as_posix(): path
        for path in sorted((project.root / "docs" / "assets").rglob("*"))
        if path.is_file()
    }
    for name, run in runs.items():
        folder = project.run(name)
        for figure in run.figures():
            shared[f"runs/{name}/{figure}.svg"] = notebook.drawing(folder, figure, lang)
        shared[f"runs/{name}.py"] = project.source(name)
        shared[f"runs/{name}.ipynb"] = notebook.book(project, name, lang, "download")
        # mkdocs-jupyter goes by the path of the source
        shared[f"{NOTEBOOKS}{name}.md"] = notebook.book(project, name, lang, "page")
    for uri, path in shared.items():
        files.append(File.generated(config, uri, abs_src_path=str(path)))
    about = config.site_name, config.site_description or ""
    published = bool(config.site_url) and not serving
    made = frame.files(project.root / ".cache", lang, *about, published)
    for name, run in runs.items():
        made |= playgrounds.files(name, run)
    for file in [file for file in files if file.src_uri.startswith("assets/javascripts/")]:
        changed = frame.changed(file.src_uri, Path(str(file.abs_src_path)))
        if changed or frame.unused(file.src_uri, lang):
            files.remove(file)
        if changed:
            made[file.src_uri] = changed
    for uri, content in made.items():
        files.append(File.generated(config, uri, content=content))
    if partly:
        _mark(files, project)
    return files


def _mark(files: Files, project: Project) -> None:
    """Tell MkDocs, which looks at a page's own file, what else a page is made of."""
    frame = [*project.root.glob("mkdocs*.yml"), *(project.root / "docs" / "theme").rglob("*.html")]
    for file in files.documentation_pages():
        out, source = Path(file.abs_dest_path), Path(str(file.abs_src_path))
        made_of = list(frame)
        if not file.src_uri.startswith(NOTEBOOKS):
            made_of += pages.inputs(source.read_text("utf-8"), project, runs)
        newer = out.is_file() and any(p.stat().st_mtime > out.stat().st_mtime for p in made_of)
        if newer or failed or was_failed:  # the mark of a failure stands on every page
            file.is_modified = lambda: True  # type: ignore[method-assign]


@event_priority(-100)  # after mkdocstrings, which writes a style sheet
def on_env(env: Environment, config: MkDocsConfig, files: Files) -> None:
    """Join the style sheets; keep the compiled templates, which each build would compile anew."""
    sheets = {}
    for uri in sheet.order(files.src_uris, config.extra_css):
        written = Path(config.site_dir, uri)  # by a plugin
        if file := files.get_file_from_path(uri):
            files.remove(file)
            sheets[uri] = file.content_string
        elif written.is_file():
            sheets[uri] = written.read_text("utf-8")
            written.unlink()
    config.extra_css.clear()
    files.append(File.generated(config, sheet.ALL, content=sheet.join(sheets)))
    (kept := _project(config).root / ".cache" / "templates").mkdir(parents=True, exist_ok=True)
    env.bytecode_cache = FileSystemBytecodeCache(str(kept))


@event_priority(50)  # after mkdocs-jupyter's 100
def on_page_markdown(markdown: str, page: MkDocsPage, config: MkDocsConfig, files: Files) -> str:
    """Fill a chapter with its runs."""
    uri = page.file.src_uri
    if uri.startswith(NOTEBOOKS):
        return jupyter.BULK.sub("", markdown)
    try:
        return pages.fill(markdown, pages.Page(uri, _lang(config)), _project(config), runs)
    except pages.PageError as error:
        raise PluginError(str(error)) from None


def on_page_content(
    content: str,
    page: MkDocsPage,
    config: MkDocsConfig,
    files: Files,
) -> str:
    """Take the formulas out, give the copy buttons their programs, tame the notebooks."""
    uri = page.file.src_uri
    if uri.startswith(NOTEBOOKS):
        name = uri.removeprefix(NOTEBOOKS).removesuffix(".md")
        made = provenance.note(_project(config), runs[name], "", _lang(config)).partition(" · ")[2]
        content = jupyter.tame(content, name, runs[name], made, list(_flat(page.toc)), alt_texts)
    for shown in (" doc-signature ", '"language-text '):  # what is no program
        content = content.replace(shown, f"{shown}no-copy ")
    content = pages.give_programs(content, _project(config))
    content = playgrounds.finish(content, runs, _lang(config))
    page.meta.setdefault("description", summary.summary(content) or config.site_description)
    return math.take(content, f"docs/{_lang(config)}/{uri}")


def on_post_page(output: str, page: MkDocsPage, config: MkDocsConfig) -> str:
    """Set the formulas in, and mend what the theme leaves undone."""
    try:
        output, has_math = math.put_back(output)
    except formulas.FormulaError as error:
        raise PluginError(str(error)) from None
    if has_math:
        output = formulas.preload(output, lambda uri: get_relative_url(uri, page.url))
    output = playgrounds.head(output, lambda uri: get_relative_url(uri, page.url))
    if failed:
        output = output.replace("<article", '<article data-stale="true"', 1)
    return markup.mend(output, _lang(config))


def on_post_template(output: str, template_name: str, config: MkDocsConfig) -> str:
    """Mend the page for what is not there, as any other."""
    return markup.mend(output, _lang(config)) if template_name.endswith(".html") else output


def on_template_context(context: Any, template_name: str, config: MkDocsConfig) -> Any:
    """Lead from the other languages' 404 pages to their own start, wherever the site stands."""
    if template_name == "404.html" and not config.site_url and _lang(config) != LANGUAGES[0]:
        context["base_url"] = f"/{_lang(config)}/"
    return context


@event_priority(-100)
def on_post_build(config: MkDocsConfig) -> None:
    """After the first language build the others."""
    if _lang(config) != LANGUAGES[0]:
        return
    for lang in LANGUAGES[1:]:
        other = load_config(
            str(_project(config).root / f"mkdocs.{lang}.yml"),
            site_dir=f"{config.site_dir}/{lang}",
            strict=config.strict,
            site_url=config.site_url and f"{config.site_url}{lang}/",
        )
        other.plugins.on_startup(command="serve" if serving else "build", dirty=partly)
        build(other, dirty=partly)
        other.plugins.on_shutdown()


def _lang(config: MkDocsConfig) -> str:
    return str(config.theme["language"])


def _project(config: MkDocsConfig) -> Project:
    return Project(Path(config.config_file_path).resolve().parent)


def _flat(items: Any) -> Any:
    for item in items:
        yield item.id
        yield from _flat(item.children)
