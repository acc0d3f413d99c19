r"""The marks by which a page asks for what runs have, and what a page asks for.

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
- a line `{{ glossary }}` is the table of its words;
- a line `{{ claims speed }}` is the table of a topic's claims, `{{ verdicts }}` chooses among them;
- a line `{{ api/batches }}` is the entry of that page in the list of the reference.
"""

import re

from sitebuild.playground import NAME, PLAY

VALUE = re.compile(rf"\{{\{{\s*({NAME})\.(\w+)(?::([^}}\s]+))?\s*\}}\}}")
FIGURE = re.compile(rf'!\[([^\]]*)\]\(run:({NAME})/(\w+)(?:\s+"([^"]*)")?\)')
FENCE = re.compile(  # indented where it stands in a folded solution
    rf'^(?P<indent> *)```(?P<lang>python|text)(?: changed-from="(?P<before>\w+)")?\n'
    rf'(?P=indent)--8<-- "(?P<name>{NAME})/(?P<cell>\w+)\.(?P<ext>py|txt)"\n(?P=indent)```$',
    re.M,
)
WHOLE = re.compile(r'^```python\n--8<-- "programs/(\w+)\.py"\n```$', re.M)
FORMULA = re.compile(r"^\$\$ *(gdcore(?:\.\w+)+) *\$\$$", re.M)
TABLE = re.compile(r"^\{\{ *(runs|versions|measured|glossary|verdicts|claims \w+) *\}\}$", re.M)


def snippets(markdown: str) -> set[str]:
    """Return the names of the snippets that a page shows something of."""
    fences = {match["name"] for match in FENCE.finditer(markdown)}
    return (
        fences
        | {name for _, name, *_ in FIGURE.findall(markdown)}
        | {match[3] for match in PLAY.finditer(markdown)}
        | {name for name, *_ in VALUE.findall(markdown)}
    )


def alts(markdown: str) -> dict[tuple[str, str], str]:
    """Return the alt text of each figure that a page shows, by (snippet, figure)."""
    played = {(m[3], m[4]): m[2] for m in PLAY.finditer(markdown) if m[1]}
    return played | {(name, key): alt for alt, name, key, _ in FIGURE.findall(markdown)}
