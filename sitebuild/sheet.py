"""One style sheet for all pages: a phone waits for one answer, not for six."""

import posixpath
import re
from collections.abc import Iterable, Mapping

ALL = "assets/site.css"
THEME = re.compile(r"assets/stylesheets/(?:main|palette)\.\w+\.min\.css(?:\.map)?")
RELATIVE = re.compile(r"url\((?![\"']?(?:data:|[a-z]+://|[/#]))([\"']?)")


def order(files: Iterable[str], extra: Iterable[str]) -> list[str]:
    """Return the sheets of a page in their order: the theme's, then those of plugins and our own.

    Args:
        files: Places of all files of the site.
        extra: Places of the sheets that are not the theme's.
    """
    return [*sorted(uri for uri in files if THEME.fullmatch(uri)), *extra]  # main, then palette


def join(sheets: Mapping[str, str]) -> str:
    """Return one sheet for several, given by their places in the site."""
    return "\n".join(moved(text, uri) for uri, text in sheets.items() if uri.endswith(".css"))


def moved(text: str, uri: str) -> str:
    """Return a sheet without comments, as it must be to find from `ALL` what lies beside it.

    Args:
        text: The sheet, in UTF-8.
        uri: Where it was.
    """
    way = posixpath.relpath(posixpath.dirname(uri), posixpath.dirname(ALL))
    comment = r"/\*#.*?\*/" if uri.endswith(".min.css") else r"\s*/\*.*?\*/"
    text = re.sub(rf'@charset "UTF-8";|{comment}', "", text, flags=re.DOTALL)
    return RELATIVE.sub(rf"url(\1{way}/", text).replace("url(./", "url(")
