"""Style sheets are whole: a brace that is lost, as merging loses one, puts all that follows into its rule."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHEETS = sorted((ROOT / "static").rglob("*.css"))
NESTED = 2  # a rule within a condition; what stands deeper has slid there


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_every_rule_that_is_opened_is_closed_and_none_swallows_others(sheet):
    text = re.sub(
        r"/\*.*?\*/", lambda comment: "\n" * comment[0].count("\n"), sheet.read_text(), flags=re.DOTALL
    )
    depth, wrong = 0, []
    for number, line in enumerate(text.splitlines(), 1):
        if depth and line and not line.startswith((" ", "}")):
            wrong.append(f"line {number} begins inside another rule: {line[:50]}")
        depth += line.count("{") - line.count("}")
        if not 0 <= depth <= NESTED:
            wrong.append(f"line {number} is {depth} deep: {line[:50]}")

    assert wrong[:3] == []
    assert depth == 0
