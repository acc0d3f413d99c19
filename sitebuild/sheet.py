"""One style sheet for all pages: a phone waits for one answer, not for six."""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ALL = "assets/site.css"
THEME = re.compile(r"assets/stylesheets/(?:main|palette)\.\w+\.min\.css(?:\.map)?")
RELATIVE = re.compile(r"url\((?![\"']?(?:data:|[a-z]+://|[/#]))([\"']?)")


def gather(files: Files, config: MkDocsConfig) -> None:
    """Put the sheets of the theme, of the plugins and our own in one, in the order of a page."""
    theme = sorted(uri for uri in files.src_uris if THEME.fullmatch(uri))  # main, then palette
    sheets = []
    for uri in (*theme, *config.extra_css):
        written = Path(config.site_dir, uri)  # by a plugin
        if file := files.get_file_from_path(uri):
            files.remove(file)
            text = file.content_string
        elif written.is_file():
            text = written.read_text("utf-8")
            written.unlink()
        else:
            continue
        if uri.endswith(".css"):
            sheets.append(moved(text, uri))
    config.extra_css.clear()
    files.append(File.generated(config, ALL, content="\n".join(sheets)))


def moved(text: str, uri: str) -> str:
    """Return a sheet as it must be where `ALL` is: what lies beside it is found from there.

    Args:
        text: The sheet, in UTF-8.
        uri: Where it was.
    """
    way = posixpath.relpath(posixpath.dirname(uri), posixpath.dirname(ALL))
    text = re.sub(r'@charset "UTF-8";|/\*# sourceMappingURL=.*?\*/', "", text, flags=re.IGNORECASE)
    return RELATIVE.sub(rf"url(\1{way}/", text).replace("url(./", "url(")
