"""What stands around every page: the sign, the card, the style of formulas, and a lighter theme."""

import re
from pathlib import Path

from sitebuild import formulas, logo

CARD = "assets/card.png"
# Pieces of the theme's scripts, each of which stands there once, and what they are changed into.
CHANGES = {
    re.compile(r"assets/javascripts/bundle\.\w+\.min\.js"): {
        # The search index, as heavy as all else on the page, is fetched when the search is opened,
        'location.protocol!=="file:"': "!1",
        # or when its words are to be marked on the page that it led to.
        '("search.highlight")?': '("search.highlight")&&/[?&]h=/.test(location.search)?',
        # So is the worker that searches: it starts with the first thing that it is told.
        "t=new Worker(e)": (
            "t=((w,told)=>({addEventListener:(n,f)=>{told.push(f)},"
            "removeEventListener:(n,f)=>{told.splice(told.indexOf(f)>>>0,1)},"
            'postMessage(m){w||(w=new Worker(e),w.addEventListener("message",d=>'
            "told.forEach(f=>f(d)))),w.postMessage(m)}}))(null,[])"
        ),
        # A page's twin in another language is no other version of the site, with a map to fetch.
        "link[rel=alternate]": "link[rel=version]",
        # The tables have their boxes (markup.py).
        'M("table:not([class])",e)': 'M("_",e)',
        # No link shows a preview of its page.
        '...M("a",e).map(': '...M("a[data-preview]",e).map(',
        # Blocks of code get their buttons one after the other, not all in one breath.
        '...M("pre:not(.mermaid) > code",e).map(i=>Yn(i,{target$:o,print$:n}))': (
            '...M("pre:not(.mermaid) > code",e).map((i,k)=>$(i).pipe(nt(16*k),'
            "b(i=>Yn(i,{target$:o,print$:n}))))"
        ),
        # A scheme that stays as it is has no transitions to hold back, and a light one need not be
        # told to the browser: each would have every element of the page styled anew.
        'if(document.body.setAttribute("data-md-color-switching",""),': (
            "if(document.body.dataset.mdColorScheme!==s.color.scheme&&"
            'document.body.setAttribute("data-md-color-switching",""),'
        ),
        "document.head.appendChild(o);let n=": "let n=",
        "return o.content=a.colorScheme,": (
            'return(a.colorScheme==="dark"||o.content)&&'
            "document.head.appendChild(o).setAttribute('content',a.colorScheme),"
        ),
    },
    re.compile(r"assets/javascripts/workers/search\.\w+\.min\.js"): {
        # Chinese is looked up in pieces that the index has. The whole is one of them: the loop
        # ended a character too early.
        "for(let o=s+1;o<t.length;o++)t.slice(s,o)in e": (
            "for(let o=s+1;o<=t.length;o++)t.slice(s,o)in e"
        ),
        # A word of several pieces is found where all of them are.
        's=>[...fe(s,this.index.invertedIndex)].join("* ")': (
            "s=>(p=>p.join('')===s?p.map(t=>`+${t}*`).join(' '):p.join('* '))"
            "([...fe(s,this.index.invertedIndex)])"
        ),
    },
}
STEMMERS = {"en": (), "zh": ("lunr.stemmer.support", "lunr.multi", "lunr.zh")}


def files(cache: Path, lang: str, title: str, text: str, published: bool) -> dict[str, str | bytes]:
    """Return the files that every language needs, by their place in the site.

    Args:
        cache: Where KaTeX is kept.
        lang: The language.
        title: Name of the site.
        text: Its description.
        published: Whether the site's address is known: without it no other site shows the card.
    """
    dist = formulas.katex(cache)
    made: dict[str, str | bytes] = {
        "assets/logo.svg": logo.svg(),
        "assets/katex/katex.css": formulas.stylesheet(dist),
    }
    for font in sorted((dist / "fonts").glob("*.woff2")):
        made[f"assets/katex/fonts/{font.name}"] = font.read_bytes()
    if published:
        from sitebuild import card  # Matplotlib takes a second to come

        made[CARD] = card.png(title, text, lang)
    return made


def unused(uri: str, lang: str) -> bool:
    """Whether a file of the theme serves the search in languages that the site does not speak."""
    stem = uri.rpartition("/")[2].removesuffix(".js").removesuffix(".min")
    return "/javascripts/lunr/" in uri and stem not in STEMMERS[lang]


def changed(uri: str, path: Path) -> str | None:
    """Return a script of the theme as it should be served; None if as it is."""
    for name, changes in CHANGES.items():
        if name.fullmatch(uri):
            script = path.read_text("utf-8")
            for now, then in changes.items():
                script = script.replace(now, then)
            return script
    return None
