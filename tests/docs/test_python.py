"""The Python that pages show runs as it stands, one block of a page after the other, on a photograph."""

import pytest
import skimage.data

from tests.docs.pages import fenced, markdown, name_of

EXAMPLES = [
    page for page in markdown() if "actions" not in page.parts and fenced(page.read_text(encoding="utf-8"), "python")
]
GENERATED = "docs/reference/python.md"
"""Signatures only."""


@pytest.mark.parametrize("page", [page for page in EXAMPLES if name_of(page) != GENERATED], ids=name_of)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"image": skimage.data.astronaut()}
    for _, body in fenced(page.read_text(encoding="utf-8"), "python"):
        exec(compile(body, name_of(page), "exec"), names)
    assert names["session"].mask.any()


def test_pages_with_python_are_found():
    assert {"README.md", "docs/guides/using.md"} <= {name_of(page) for page in EXAMPLES}
