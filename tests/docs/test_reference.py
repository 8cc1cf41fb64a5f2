"""The pages of the reference that are made from the code are those of the code as it is, and say something of everything."""

import runpy
from types import SimpleNamespace

import pytest

from tests.docs.pages import DOCS

REFERENCE = DOCS / "reference"
GENERATE = SimpleNamespace(**runpy.run_path(str(REFERENCE / "generate.py")))
PAGES = GENERATE.pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_that_of_the_code_as_it_is(name):
    written = (REFERENCE / name).read_text(encoding="utf-8")
    assert written == PAGES[name], "out of date: python docs/reference/generate.py"


def test_every_option_has_an_explanation():
    assert [
        line for line in PAGES["commands.md"].splitlines() if line.startswith("| `") and line.endswith("|  |")
    ] == []


def test_every_key_of_a_training_config_has_a_meaning():
    top, _, _ = PAGES["configs.md"].partition("\n### ")
    keys = [line for line in top.splitlines() if line.startswith("| ") and "`" in line]
    assert len(keys) > 25
    assert [line for line in keys if line.endswith("|  |")] == []


def test_a_text_stays_whole_in_a_cell():
    assert GENERATE.cell("A | `B<c>`\n  <d>") == "A \\| `B<c>` \\<d>"
