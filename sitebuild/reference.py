"""The reference: pages under `api/` that show modules, and a list of all the names on them.

A line `{{ api/batches }}` becomes the entry of that page: its title, its first paragraph, and a
link to each name that is found there. The code is read, not imported.
"""

import ast
import itertools
import re

from sitebuild.project import Project

ENTRY = re.compile(r"^\{\{ *(api/[\w/]+) *\}\}$", re.M)
MODULE = re.compile(r"^::: (gdcore[\w.]*)$", re.M)  # mkdocstrings
HEAD = re.compile(r"# (?P<title>.+?) \{ *#(?P<id>[\w-]+) *\}\n\n(?P<words>.+)")


class EntryError(ValueError):
    """A page that is not there, or says nothing of itself; the message says which."""


def entry(project: Project, lang: str, name: str) -> str:
    """Return what the list says of one page, as Markdown.

    Each name carries the anchor that it has on its page: links made when all stood on one page
    lead here, one step from there.
    """
    path = project.root / "docs" / lang / f"{name}.md"
    text = path.read_text("utf-8") if path.is_file() else ""
    if not (head := HEAD.match(text)):
        raise EntryError(
            f"docs/{lang}/{name}.md should begin with `# Title {{ #id }}` and a paragraph"
        )
    links = "\u00a0· ".join(
        f"[`{written}`]({name}.md#{module}.{each}){{ #{module}.{each} }}"
        for module in MODULE.findall(text)
        for each, written in names(project, module).items()
    )
    title = f"### [{head['title']}]({name}.md) {{ #{head['id']} }}"
    return f"{title}\n\n{head['words']}\n\n{links}\n{{ .names }}"


def names(project: Project, module: str) -> dict[str, str]:
    """Return what a module shows on its page, and how it is written: functions with brackets.

    It shows what it lists in `__all__`, or else all that has a docstring.
    """
    found = {}
    body = ast.parse((project.root / f"{module.replace('.', '/')}.py").read_text("utf-8")).body
    for node, after in itertools.pairwise([*body, ast.Pass()]):
        match node:
            case ast.Assign([ast.Name("__all__")], listed):
                return {name: name for name in ast.literal_eval(listed)}
            case ast.ClassDef(name) | ast.FunctionDef(name):
                said = ast.get_docstring(node) is not None
            case ast.Assign([ast.Name(name)]) | ast.AnnAssign(ast.Name(name)):
                said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            case _:
                continue
        if said and not name.startswith("_"):
            found[name] = f"{name}()" if isinstance(node, ast.FunctionDef) else name
    return found
