"""The real site: built strictly, rebuilt only where needed, broken on purpose."""

import re
import shutil

import pytest

from sitebuild import cache, notebook
from sitebuild.project import HERE

pytestmark = pytest.mark.slow
RACE = "batch/three_methods"


def stale(project):
    names = project.names()
    runs = {name: cache.load(project.run(name)) for name in names}
    return {n: why for n in names if (why := cache.why_stale(project, n, runs[n]))}


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_both_languages_hold_the_chapter_its_figures_and_its_downloads(site):
    for lang in ("", "zh/"):
        page = (site / f"{lang}chapters/mini-batches/index.html").read_text("utf-8")
        for figure in re.findall(r'src="([^"]+\.svg)#only-dark"', page):
            assert (site / f"{lang}chapters/mini-batches" / figure).resolve().is_file()
        assert "1,000, 8,000" in page or "1,000、8,000" in page
        assert "--8&lt;--" not in page
        assert "{{" not in page
        for kind in ("py", "ipynb"):
            assert (site / f"{lang}runs/{RACE}.{kind}").is_file()
        book = (site / f"{lang}notebooks/{RACE}/index.html").read_text("utf-8")
        assert f'href="../../../runs/{RACE}.ipynb"' in book


def test_a_comment_runs_nothing_and_a_module_runs_its_readers(copied):
    assert stale(copied) == {}
    edit(copied.source(RACE), "# %% race\n", "# %% race\n# a comment\n")
    edit(copied.root / "gdcore" / "batches.py", '"""Which samples', '"""What samples')
    assert stale(copied) == {}
    edit(
        copied.root / "gdcore" / "batches.py",
        "self.batch_size <= len(X)",
        "len(X) >= self.batch_size",
    )
    reason = "gdcore/batches.py changed"
    runs = {name: cache.load(copied.run(name)) for name in copied.names()}
    readers = {name for name, run in runs.items() if "gdcore/batches.py" in run.reads}
    assert {RACE, "batch/three_methods_torch", "start/own_rule", "start/ten_lines"} <= readers
    assert not {"site/builders", "trainer/options", "search/grid_refine"} & readers
    assert stale(copied) == dict.fromkeys(readers, reason)
    shutil.rmtree(copied.runs)
    assert set(stale(copied).values()) == {"no record"}


def test_a_site_without_an_address_does_wherever_it_is_put(small, build, tmp_path):
    out = tmp_path / "out"
    assert build(small, "build", "--site-dir", str(out)).returncode == 0
    head = (out / "zh/chapters/mini-batches/index.html").read_text("utf-8").partition("</head>")[0]
    assert "http://" not in head
    assert "https://" not in head
    assert "hreflang" not in head
    assert not (out / "assets/card.png").exists()
    missing = (out / "zh/404.html").read_text("utf-8")
    assert 'href="/zh/../zh/"' in missing  # from the root, as nobody knows what was asked for
    assert '"//' not in missing


def test_two_builds_are_the_same_bytes_and_a_preview_renders_only_what_is_touched(
    site, copied, build, tmp_path
):
    out = tmp_path / "out"
    address = re.search(r'rel="canonical" href="([^"]*)"', (site / "index.html").read_text("utf-8"))
    done = build(copied, "build", "--strict", "--site-dir", str(out), SITE_URL=address[1])
    assert done.returncode == 0, done.stderr
    files = {path.relative_to(site) for path in site.rglob("*") if path.is_file()}
    assert files == {path.relative_to(out) for path in out.rglob("*") if path.is_file()}
    assert [f for f in files if (site / f).read_bytes() != (out / f).read_bytes()] == []
    pages = {p: p.stat().st_mtime_ns for p in out.rglob("index.html")}
    edit(copied.source("start/own_rule"), "# %% rule\n", '# %% rule\nprint("touched")\n')
    edit(copied.root / "gdcore" / "noise.py", "Predict the variance", "Foretell the variance")
    done = build(copied, "build", "--dirty", "--site-dir", str(out), SITE_URL=address[1])
    assert done.returncode == 0, done.stderr
    again = {p.relative_to(out).parent.as_posix(): p
             for p, then in pages.items() if p.stat().st_mtime_ns != then}  # fmt: skip
    touched = {"conventions", "environment", "claims", "api", "notebooks/start/own_rule"}
    touched |= {page.relative_to(copied.root / "docs/en").with_suffix("").as_posix()
                for page in (copied.root / "docs/en/api").rglob("*.md")}  # fmt: skip
    touched |= {f"chapters/{page.stem}" for page in (copied.root / "docs/en/chapters").glob("*.md")
                if "\n$$ gdcore." in page.read_text("utf-8")}  # fmt: skip
    assert again.keys() == touched | {f"zh/{name}" for name in touched} | {".", "zh"}
    assert "touched" in again["zh/conventions"].read_text("utf-8")
    assert "touched" in again["notebooks/start/own_rule"].read_text("utf-8")
    assert "Foretell" in again["zh/api/noise"].read_text("utf-8")


def test_a_snippet_that_raises_fails_the_build_with_file_and_line(copied, build, tmp_path):
    edit(copied.source(RACE), "np.random.seed(42)", 'raise RuntimeError("boom")')
    lines = copied.source(RACE).read_text("utf-8").splitlines()
    line = next(i for i, text in enumerate(lines, 1) if "boom" in text)
    done = build(copied, "build", "--site-dir", str(tmp_path / "out"))
    assert done.returncode != 0
    assert f"snippets/{RACE}.py:{line}: RuntimeError: boom" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (".one_updates:,d", ".on_updates:,d", "'on_updates' (did you mean 'one_updates'?)"),
        ("three_methods/sweep ", "three_methods/swept ", "called 'swept' (did you mean 'sweep'?)"),
    ],
)
def test_an_unknown_name_fails_the_build_with_page_and_known_names(
    small, build, tmp_path, old, new, message
):
    edit(small.root / "docs/en/chapters/mini-batches.md", old, new)
    done = build(small, "build", "--site-dir", str(tmp_path / "out"))
    assert done.returncode != 0
    assert "docs/en/chapters/mini-batches.md: there is no " in done.stderr
    assert message in done.stderr
    assert "there are: " in done.stderr


def test_a_broken_formula_fails_the_build_with_page_and_formula(small, build, tmp_path):
    edit(small.root / "docs/zh/chapters/mini-batches.md", r"\ell_i(w)$", r"\frac{w$")
    done = build(small, "build", "--site-dir", str(tmp_path / "out"))
    assert done.returncode != 0
    assert r"docs/zh/chapters/mini-batches.md: formula '\\frac{w'" in done.stderr


def test_the_pictures_of_the_readmes_are_those_of_the_run(site):
    from sitebuild.__main__ import readme_figures

    number = re.compile(r"-?\d+(?:\.\d+)?")
    for path, fresh in readme_figures(HERE).items():
        kept = path.read_text("utf-8")
        assert number.sub("#", kept) == number.sub("#", fresh), "run: python -m sitebuild readme"
        # another processor may round a coordinate differently, but not move it
        pairs = zip(number.findall(kept), number.findall(fresh), strict=True)
        assert all(abs(float(a) - float(b)) < 0.1 for a, b in pairs), path


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_ten_lines_of_the_readme_are_those_of_the_start_page(readme):
    (block,) = re.findall(r"```python\n(.*?)```", (HERE.root / readme).read_text("utf-8"), re.S)
    source = HERE.source("start/ten_lines").read_text("utf-8")
    assert block.strip() in source


def test_notebooks_are_shown_in_the_pages_language(site):
    page = (site / "zh/notebooks/batch/three_methods/index.html").read_text("utf-8")
    assert "三种方法，一场赛跑" in page
    assert "Three methods, one race</h1>" not in page
    assert re.search(r'<img alt="[^"]*三个面板', page) or 'alt="三个面板' in page
    assert notebook.drawing(HERE.run(RACE), "clocks", "zh").is_file()
