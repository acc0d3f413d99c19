from sitebuild import figure

SVG = """<?xml version="1.0"?>
<svg width="316.8pt" height="230.4pt" viewBox="0 0 316.8 230.4">
 <metadata>when</metadata>
 <defs></defs>
 <path d="M 1.23456 -7.00001" style="stroke: #6b7280"/>
 <text style="font: 10px 'DejaVu Sans'; fill: #1f2430">lr 0.04419, 5 seeds</text>
</svg>
"""


def test_coordinates_are_shortened_and_labels_are_not():
    done = figure.finish(SVG)
    assert "M 1.23 -7" in done
    assert ">lr 0.04419, 5 seeds<" in done
    assert "metadata" not in done
    assert "system-ui" in done


def test_every_ink_has_its_dark_counterpart_under_the_target():
    done = figure.finish(SVG)
    assert done.startswith('<svg id="only-dark" ')
    assert 'style="stroke: var(--ink1)"' in done
    assert "svg{--ink0:#1f2430;--ink1:#6b7280;" in done
    assert "svg:target{--ink0:#e6e8ee;--ink1:#9aa1b2;" in done


def test_size_is_in_css_pixels():
    assert figure.size(figure.finish(SVG)) == (422, 307)


def test_labels_are_translated_part_by_part_with_their_numbers():
    labels = {"lr {}": "学习率 {}", "{} seeds": "{} 个种子"}
    assert ">学习率 0.04419，5 个种子<" in figure.translate(SVG, labels)
    assert figure.untranslated(SVG, labels) == []
    assert figure.untranslated(SVG, {}) == ["5 seeds", "lr 0.04419"]


def test_a_label_of_numbers_alone_is_left_as_it_is():
    assert figure.translate("<text>0.5, 1</text>", {}) == "<text>0.5, 1</text>"
