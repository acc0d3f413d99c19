"""The register of claims: one file in both languages, from which each makes its tables.

`docs/claims.toml` has a table for each claim:

    [a-claim]
    topic = "speed"                                # `{{ claims speed }}` is the table of the topic
    verdict = "if"                                 # a key of VERDICTS
    page = "chapters/mini-batches.md#race"         # where it is decided
    figure = "batch/three_methods/clocks"          # by which of that page's figures
    said = ["Wilson and Martinez 2003"]            # sources that say so
    denied = ["Shallue et al. 2019"]               # sources that say otherwise
    en = ["The claim, as it is heard.", "The ruling, with {{ topic/snippet.value }}."]
    zh = ["…", "…"]

A verdict needs a ground: a figure, a value in its ruling, or a source.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sitebuild.project import LANGUAGES, Project

VERDICTS = {
    "en": {"true": "true", "if": "true if …", "contested": "contested", "false": "false"},
    "zh": {"true": "对", "if": "有条件", "contested": "有争议", "false": "错"},
}
HEADS = {"en": ("Verdict", "Claim and ruling", "Decided by"), "zh": ("裁定", "说法与理由", "依据")}
SIDES = {
    "en": {"said": "Says so:", "denied": "Says otherwise:"},
    "zh": {"said": "主张：", "denied": "反对："},
}
FILTER = {"en": ("Show", "all"), "zh": ("显示", "全部")}
QUOTED = re.compile(r"\{\{.*?\}\}")


class ClaimError(ValueError):
    """A claim without a ground, or one that its two languages tell differently."""

    def __init__(self, said: str) -> None:
        super().__init__(f"docs/claims.toml: {said}")


def path(project: Project) -> Path:
    """File of the claims."""
    return project.root / "docs" / "claims.toml"


def read(project: Project) -> dict[str, dict[str, Any]]:
    """Return the claims by name, each with a verdict that has a ground."""
    claims = tomllib.loads(path(project).read_text("utf-8"))
    for name, claim in claims.items():
        verdict, verdicts = claim["verdict"], list(VERDICTS[LANGUAGES[0]])
        if verdict not in verdicts:
            raise ClaimError(
                f"{name}: the verdict must be one of {', '.join(verdicts)}, got {verdict!r}"
            )
        quoted = {lang: sorted(QUOTED.findall(claim[lang][1])) for lang in LANGUAGES}
        if len(set(map(tuple, quoted.values()))) > 1:
            raise ClaimError(f"{name}: the languages quote different values: {quoted}")
        if not (claim.keys() & {"figure", "said", "denied"} or quoted[LANGUAGES[0]]):
            raise ClaimError(f"{name}: a verdict needs a figure, a quoted value or a source")
    return claims


def table(
    project: Project, topic: str, lang: str, link: Callable[[str], str], thumb: Callable[..., str]
) -> str:
    """Return the claims of a topic as a Markdown table.

    Args:
        project: Where the claims are.
        topic: Which of them.
        lang: In which language.
        link: From the path of a page to the way there.
        thumb: From the path of a page and the name of a figure on it to its picture.
    """
    register = read(project)
    claims = {name: claim for name, claim in register.items() if claim["topic"] == topic}
    if not claims:
        topics = sorted({claim["topic"] for claim in register.values()})
        raise ClaimError(f"no claim has the topic {topic!r}; there are: {', '.join(topics)}")
    rows = [HEADS[lang], ("---",) * 3]
    for name, claim in claims.items():
        verdict = claim["verdict"]
        word = VERDICTS[lang][verdict]
        words, ruling = claim[lang]
        sides = [
            f'<small>{said} <span lang="en">{"; ".join(claim[side])}</span></small>'
            for side, said in SIDES[lang].items()
            if side in claim
        ]
        uri, _, place = claim["page"].partition("#")
        where = f"[{_heading(project, lang, uri, place)}]({link(uri)}#{place})"
        if "figure" in claim:
            where = f"[{thumb(uri, claim['figure'])}]({link(uri)}#{place})<br>{where}"
        mark = f'<a id="{name}"></a><span class="verdict is-{verdict}">{word}</span>'
        rows.append((mark, f"**{words}**<br>{ruling}{''.join(sides)}", where))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def choice(project: Project, lang: str) -> str:
    """Return the buttons that choose a verdict; the style sheet does what they say."""
    found = Counter(claim["verdict"] for claim in read(project).values())
    legend, everything = FILTER[lang]
    options = {"all": (everything, found.total())}
    options |= {verdict: (word, found[verdict]) for verdict, word in VERDICTS[lang].items()}
    buttons = "".join(
        f'<label><input type="radio" name="verdict" value="{value}"'
        f"{' checked' if value == 'all' else ''}> {word} ({count})</label> "
        for value, (word, count) in options.items()
    )
    return f'<fieldset class="verdicts"><legend>{legend}</legend> {buttons}</fieldset>'


def _heading(project: Project, lang: str, uri: str, place: str) -> str:
    text = (project.root / "docs" / lang / uri).read_text("utf-8")
    found = re.search(rf"^#+ (.*?) *\{{ *#{re.escape(place)} *\}}", text, re.M)
    if not found:
        raise ClaimError(f"docs/{lang}/{uri} has no heading #{place}")
    return found[1]
