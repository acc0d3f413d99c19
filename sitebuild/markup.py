"""Mend the HTML that the theme and the Markdown leave; text in, text out.

Each fault was found by axe, the Nu checker or html-validate. A test says when the theme has mended
one itself, so that nothing stands here in vain.
"""

import re

FAULTS = {
    # a check box has no such attribute
    r'(<input class="md-toggle"[^>]*) autocomplete="off"': r"\1",
    # an empty text is no number
    r' tabindex=""': "",
    # a form that nobody sends
    r'<form (class="md-header__option".*?)</form>': r"<div \1</div>",
    # a dialog without a name: it gets that of the search in it
    r'role="dialog">(.*?<nav class="md-search__options" aria-label="([^"]*)">)': (
        r'role="dialog" aria-label="\2">\1'
    ),
    # every heading with headings under it would be a landmark of its own
    r'<nav class="md-nav" aria-label="[^"]*">': '<nav class="md-nav" role="none">',
    # the contents stand in the drawer, here, and beside the page: one landmark
    r'<nav class="md-nav md-nav--secondary" aria-label="[^"]*">(?=.*"md-nav md-nav--secondary")': (
        '<nav class="md-nav md-nav--secondary" role="none">'
    ),
    # the corner of a table is no heading, and the rest of the row heads its columns
    r"<th([^>]*)></th>": r"<td\1></td>",
    r"<th(?= |>)(?![^>]*scope)": '<th scope="col"',
    # a wide table scrolls in a box: the theme's script makes it, and then all is styled anew
    r'(?<!<div class="md-typeset__table">)<table>(.*?)</table>': (
        r'<div class="md-typeset__scrollwrap"><div class="md-typeset__table">'
        r"<table>\1</table></div></div>"
    ),
    # names and signs look like the code around them, and would be half the elements of a page
    r'<span class="[nopw]">([^<]*)</span>': r"\1",
    # a date is not broken at its hyphens
    r"<td>(\d{4}-\d\d-\d\d)</td>": r"<td><time>\1</time></td>",
    # the manners of HTML
    r"<!doctype html>": "<!DOCTYPE html>",
    r'role="presentation"': 'role="none"',
    r' download=""': " download",
    r"<(img|br|hr|input|link|meta|col|wbr)\b([^>]*?)\s*/>": r"<\1\2>",
}
CHINESE = {
    # a reader's device may prefer the shapes of Japanese or of Traditional Chinese
    r'<html lang="zh"': '<html lang="zh-Hans"',
    # the reference is taken from the code, which speaks English
    r'<div class="doc doc-object doc-module"': r'\g<0> lang="en"',
}
KEPT = re.compile(r"(<pre\b.*?</pre>|<script\b.*?</script>)", re.S)  # where white space counts
GAP = re.compile(r"[ \t]*\n\s*")
TRAIL = re.compile(r"[ \t]+\n")
# The end of a line is no space where words have none, nor beside a full-width comma or stop.
HAN, STOP = "\u4e00-\u9fff", "\u3000-\u303f\uff00-\uffef"
HAN_GAP = re.compile(rf"(?<=[{STOP}])\n|\n(?=[{STOP}])|(?<=[{HAN}])\n(?=[{HAN}])")
FIGURE = re.compile(r'<figure class="run"([^>]*>(?:\s|<p>)*<img [^>]*width="(\d+)")')
WIDE = 520  # px: a drawing this wide has more to show than a column of text has room for


def mend(output: str, lang: str) -> str:
    """Return a page of the site with its faults mended, and without blank lines and indents."""
    for fault, cure in (FAULTS | (CHINESE if lang == "zh" else {})).items():
        output = re.sub(fault, cure, output, flags=re.S)
    output = FIGURE.sub(_wide, output)
    parts = KEPT.split(output)
    parts[::2] = (HAN_GAP.sub("", GAP.sub("\n", part)) for part in parts[::2])
    parts[1::2] = (TRAIL.sub("\n", part) for part in parts[1::2])
    return "".join(parts)


def _wide(match: re.Match[str]) -> str:
    wide = " wide" if int(match[2]) >= WIDE else ""
    return f'<figure class="run{wide}"{match[1]}'
