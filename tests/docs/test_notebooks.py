"""The notebooks run from their first cell to their last, and print what stands below the cells."""

import contextlib
import io
import json

import pytest

from tests.docs.pages import DOCS

NOTEBOOKS = sorted(DOCS.rglob("*.ipynb"))


def cells_of(path, kind="code"):
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["nbformat"] == 4
    return [cell for cell in content["cells"] if cell["cell_type"] == kind]


def printed(cell) -> str:
    """What is kept of a cell's output: text alone."""
    assert {output["output_type"] for output in cell["outputs"]} <= {"stream"}, (
        "clear pictures and values before saving"
    )
    return "".join(line for output in cell["outputs"] for line in output["text"])


def ran(source: str, names: dict[str, object]) -> str:
    """What a cell prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(source, "cell", "exec"), names)
    return said.getvalue()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_prints_what_it_says(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    cells = cells_of(path)
    assert sum(bool(printed(cell)) for cell in cells) >= 5
    for number, cell in enumerate(cells, 1):
        assert ran("".join(cell["source"]), names) == printed(cell), f"code cell {number}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_small_and_has_no_numbers_of_runs(path):
    assert path.stat().st_size < 30_000
    assert {cell["execution_count"] for cell in cells_of(path)} == {None}
    assert cells_of(path, "markdown")


def test_there_are_two():
    assert [path.name for path in NOTEBOOKS] == ["clicks-in-python.ipynb", "data-to-samples.ipynb"]
