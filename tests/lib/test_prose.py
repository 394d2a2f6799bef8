"""Our own texts become HTML that fits into a page, and nothing in them becomes a tag by accident."""

import pytest

from alertops.lib.prose import html
from integrations.operations.presets import presets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "# Title\n## Part", "<h3>Title</h3>\n<h4>Part</h4>\n", id="headings stand below the page's"
        ),
        pytest.param("<script>&", "<p>&lt;script&gt;&amp;</p>\n", id="a tag is text"),
        pytest.param("[x](javascript:alert)", "<p>[x](javascript:alert)</p>\n", id="a script is no link"),
        pytest.param(
            "    a:\n      - b", "<pre><code>a:\n  - b\n</code></pre>\n", id="code keeps its own indentation"
        ),
    ],
)
def test_each_construct_becomes_its_element(text, expected):
    assert html(text) == expected


def test_a_table_is_drawn_as_the_other_tables_are():
    assert html("| a |\n|---|\n| 1 |").startswith('<table class="ao-table">')


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.slug)
def test_no_mark_is_left_over_in_the_set_up_text_of_a_preset(preset):
    page = html(preset.setup_for("https://alerts.example.com/in/secret"))

    assert "https://alerts.example.com/in/secret" in page
    assert not [mark for mark in ("**", "|--", "\n#", "{url}") if mark in page]
