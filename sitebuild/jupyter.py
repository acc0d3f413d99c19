"""Make a page that mkdocs-jupyter has rendered one of ours; HTML in, HTML out."""

import re
from collections.abc import Mapping

from bs4 import BeautifulSoup

from sitebuild.cache import Run

BULK = re.compile(r"<(style|script)\b.*?</\1>", re.S)


def tame(
    content: str,
    name: str,
    run: Run,
    made: str,
    anchors: list[str],
    alts: Mapping[tuple[str, str], str],
) -> str:
    """Return the page with the theme's code blocks, and without the CSS and scripts it came with.

    Args:
        content: What mkdocs-jupyter made of the notebook.
        name: The snippet, such as "batch/three_methods".
        run: Its recorded run.
        made: Where it comes from, in the language of the page.
        anchors: Ids of the headings, in order.
        alts: Alt texts of figures by (snippet, figure), as the chapters give them.
    """
    soup = BeautifulSoup(BULK.sub("", content), "html.parser")
    for tag in soup.select(".clipboard-copy-txt, .zeroclipboard-container, .anchor-link"):
        tag.decompose()
    for tag in soup.select('[id^="cell-id="]'):
        del tag["id"]  # the theme would build a selector of it, and "=" is not allowed there
    headings = soup.select("h1, h2, h3, h4, h5, h6")
    for tag, anchor in zip(headings, anchors, strict=False):
        tag["id"] = anchor
    for tag, cell in zip(soup.select(".highlight-ipynb"), run.cells, strict=True):
        tag["class"] = ["highlight"]
        tag["data-program"] = f"{name}/{cell['title']}"
        if tag.pre is not None:
            tag.pre.wrap(soup.new_tag("pre")).pre.name = "code"  # type: ignore[union-attr]
    for image in soup.select("img[alt]"):
        image["alt"] = alts.get((name, str(image["alt"])), image["alt"])
    stem = name.rpartition("/")[2]
    links = "".join(
        f'<a href="../../../runs/{name}.{kind}" download>{stem}.{kind}</a> · '
        for kind in ("py", "ipynb")
    )
    note = links + made
    if headings:
        headings[0].insert_after(BeautifulSoup(f'<p class="provenance">{note}</p>', "html.parser"))
    return str(soup)
