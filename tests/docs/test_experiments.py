"""Every table of the experiments stands beside a CSV file of the same figures."""

import csv
import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS

FOLDER = DOCS / "experiments"
TABLE = re.compile(r"((?:^\|.*\n)+)\n(?:\[(.*\.csv)\]\(\2\)\n)?", re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.@])[-−+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)")

TABLES = [
    (page.name, name, rows)
    for page in sorted(FOLDER.glob("*.md"))
    if page.name != "README.md"
    for rows, name in TABLE.findall(page.read_text(encoding="utf-8"))
]


def figures(cells: str) -> list[float]:
    """The numbers of a row in their order."""
    return [float(number.replace(",", "").replace("−", "-")) for number in NUMBER.findall(cells)]


def in_page(rows: str) -> list[list[float]]:
    return [found for row in rows.splitlines()[2:] if (found := figures(row))]


def in_csv(path: Path) -> list[list[float]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert all(len(row) == len(header) for row in rows)
    assert len(set(header)) == len(header)
    return [figures(" ".join(row)) for row in rows]


@pytest.mark.parametrize(("page", "name", "rows"), TABLES, ids=[f"{page}-{name}" for page, name, _ in TABLES])
def test_a_table_and_its_csv_have_the_same_figures(page, name, rows):
    assert name, f"{page}: below the table that begins with {rows.splitlines()[0]} there is no [NAME.csv](NAME.csv)"
    assert in_page(rows) == in_csv(FOLDER / name)


def test_every_csv_belongs_to_a_table():
    assert sorted(name for _, name, _ in TABLES) == sorted(path.name for path in FOLDER.glob("*.csv"))


def test_another_figure_would_be_seen():
    _, name, rows = next(entry for entry in TABLES if entry[1] == "gate.csv")
    assert in_page(rows.replace("−1.36", "−1.35")) != in_csv(FOLDER / name)
    assert in_page(rows.replace("−1.36", "1.36")) != in_csv(FOLDER / name)
