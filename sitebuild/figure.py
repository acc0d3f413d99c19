"""Finish a figure: one drawing that serves both colour schemes and both languages."""

import html
import json
import re
from pathlib import Path

INKS = {  # light -> dark; the data colours stand at least 3:1 on both backgrounds and stay
    "#1f2430": "#e6e8ee",
    "#6b7280": "#9aa1b2",
    "#4b5563": "#b9bfcc",
    "#d9dce3": "#3c4152",
}
FONTS = (
    "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'DejaVu Sans', 'PingFang SC', "
    "'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
)
NODE = re.compile(r"(<text\b[^>]*>)([^<]+)(</text>)")
LONG = re.compile(r"-?\d+\.\d{3,}")
LETTERS = re.compile(r"[A-Za-z]")


def finish(svg: str) -> str:
    """Return the drawing as the site serves it.

    Coordinates get two decimals. As an image, `x.svg#only-dark` makes the root element the
    target, which turns the dark inks on; Material shows `#only-dark` images in its dark scheme
    alone. Any other viewer sees the light drawing. The inks are variables, because markers are
    drawn as copies of a shape, and a copy inherits variables but is not reached by selectors.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    svg = re.sub(r"<[^>]*>", lambda tag: LONG.sub(_round, tag[0]), svg)  # not the text between
    svg = re.sub(r"font: ([^;\"]*?)'DejaVu Sans'[^;\"]*", rf"font: \1{FONTS}", svg)
    for number, light in enumerate(INKS):
        svg = svg.replace(light, f"var(--ink{number})")
    light, dark = (
        "".join(f"--ink{number}:{ink};" for number, ink in enumerate(inks))
        for inks in (INKS.keys(), INKS.values())
    )
    # Text without a fill of its own would be black, which no dark page can show.
    rules = f"svg{{{light}}}svg:target{{{dark}}}text{{fill:var(--ink0)}}"
    svg = svg.replace("<svg ", '<svg id="only-dark" ', 1)
    svg = svg.replace("<defs>", f"<style>{rules}</style><defs>", 1)
    return re.sub(r">\s+<", "><", svg) + "\n"


def _round(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def on_paper(svg: str) -> str:
    """Return a finished drawing with a white ground, for places whose background is unknown."""
    return svg.replace("<defs>", '<rect width="100%" height="100%" fill="#fff"/><defs>', 1)


def size(svg: str) -> tuple[int, int]:
    """Return width and height in CSS pixels."""
    found = re.search(r'<svg[^>]* width="([\d.]+)pt"[^>]*', svg)
    height = re.search(r'<svg[^>]* height="([\d.]+)pt"', svg)
    if not found or not height:
        raise ValueError("the drawing names no width and height in pt")
    return round(float(found[1]) * 4 / 3), round(float(height[1]) * 4 / 3)


def words(folder: Path, lang: str) -> dict[str, str]:
    """Read the figure labels of a language: snippets/labels.<lang>.json."""
    path = folder / f"labels.{lang}.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def translate(svg: str, labels: dict[str, str]) -> str:
    """Return the drawing with its labels in another language."""
    return NODE.sub(lambda m: m[1] + html.escape(_label(html.unescape(m[2]), labels)) + m[3], svg)


def untranslated(svg: str, labels: dict[str, str]) -> list[str]:
    """Return the labels with letters for which there is no translation."""
    found = (html.unescape(m[2]) for m in NODE.finditer(svg))
    loose = (text for text in found if _part(text, labels) is None)
    parts = [part for text in loose for part in text.split(", ") if LETTERS.search(part)]
    return sorted({part for part in parts if _part(part, labels) is None})


def _label(text: str, labels: dict[str, str]) -> str:
    """Translate a label part by part: "SGD, batch size 1, lr 0.01" has three."""
    if not LETTERS.search(text):
        return text
    if (whole := _part(text, labels)) is not None:
        return whole
    return "，".join(_part(part, labels) or part for part in text.split(", "))


def _part(part: str, labels: dict[str, str]) -> str | None:
    """Look a part up; {} in an entry stands for a number: "batch size {}"."""
    if part in labels:
        return labels[part]
    numbers = re.findall(r"[\d,.]*\d", part)
    entry = labels.get(re.sub(r"[\d,.]*\d", "{}", part))
    return entry.format(*numbers) if entry is not None else None
