"""Formulas stand once, in the docstrings of gdcore; pages take them from there.

A line `$$ gdcore.optimizers.SGD $$` in a chapter becomes the displayed formula of that class or
function, the first of its docstring. The code is read, not imported.
"""

import ast
import re
from pathlib import Path

DISPLAYED = re.compile(r"\$\$(.+?)\$\$", re.S)


class NoFormula(ValueError):  # noqa: N818 - says what is missing
    """A name that is not in the code, or has no displayed formula; the message says which."""


def formula(root: Path, name: str) -> str:
    """Return the first displayed formula in the docstring of `package.module.Name`."""
    module, _, member = name.rpartition(".")
    path = root / f"{module.replace('.', '/')}.py"
    if not path.is_file():
        raise NoFormula(f"there is no module {module}: give package.module.Name")
    named = {
        node.name: ast.get_docstring(node) or ""
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    found = {
        key: match[1].strip() for key, doc in named.items() if (match := DISPLAYED.search(doc))
    }
    if member not in found:
        raise NoFormula(f"{name} has no formula; in {module} these have: {', '.join(found)}")
    return found[member]
