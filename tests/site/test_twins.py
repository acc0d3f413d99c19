import pytest

from sitebuild import __main__ as command
from sitebuild import twins

PAGE = """# T { #t }

{{ a/b.c:.2f }} ![x](run:a/b/f "y")

{{ api/batches }}

::: gdcore.batches

```python
--8<-- "a/b/f.py"
```

```bash
# no heading
```
"""


@pytest.fixture
def docs(tmp_path):
    for lang in ("en", "zh"):
        (tmp_path / lang).mkdir()
        (tmp_path / lang / "p.md").write_text(PAGE, "utf-8")
    return tmp_path


def test_twins_agree(docs):
    assert twins.differences(docs) == []


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("{ #t }", "{ #u }", "headings"),
        ("# T", "## T", "headings"),
        (":.2f", ":.3f", "values"),
        ("a/b/f.py", "a/b/g.py", "code"),
        ("run:a/b/f", "run:a/b/g", "figures"),
        ("api/batches", "api/noise", "entries"),
        ("::: gdcore.batches", "::: gdcore.noise", "modules"),
    ],
)
def test_a_difference_is_named(docs, old, new, kind):
    page = docs / "zh" / "p.md"
    page.write_text(PAGE.replace(old, new), "utf-8")
    (found,) = twins.differences(docs)
    assert found.startswith(f"p.md: {kind}: en has ")


def test_a_missing_page_is_named(docs):
    (docs / "zh" / "q.md").write_text("", "utf-8")
    assert twins.differences(docs) == ["q.md is in docs/zh and not in docs/en"]


@pytest.mark.slow
def test_the_two_languages_of_the_site_agree(site, capsys):
    assert command.main(["check"]) == 0, capsys.readouterr().out
