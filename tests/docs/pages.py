"""The Markdown of the project as tests see it: prose, blocks of code, headings and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^```(\w*) ?(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def markdown() -> list[Path]:
    """Every page of the project, none of what is made in the checkout."""
    own = [
        path for folder in ("docs", "model", "pipelines", "tests", ".github") for path in ROOT.glob(f"{folder}/**/*.md")
    ]
    return sorted([*ROOT.glob("*.md"), *own])


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def fenced(text: str, language: str) -> list[tuple[str, str]]:
    """(name, text) of each fenced block of a language."""
    return [(name, body) for found, name, body in _FENCE.findall(text) if found == language]


def indented(text: str) -> str:
    """The lines that stand as code by four spaces, without them."""
    return "\n".join(line[4:] for line in _FENCE.sub("", text).splitlines() if line.startswith("    "))


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return "\n".join(line for line in _FENCE.sub("", text).splitlines() if not line.startswith("    "))


def links(text: str) -> list[str]:
    """Where the links and pictures of a page lead."""
    return _LINK.findall(prose(text))


def anchors(text: str) -> Iterator[str]:
    """What may stand behind `#` in a link to a page: its headings as GitHub writes them."""
    seen: dict[str, int] = {}
    for title in re.findall(r"^#{1,6} (.+)$", prose(text), re.MULTILINE):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        count = seen[anchor] = seen.get(anchor, -1) + 1
        yield f"{anchor}-{count}" if count else anchor


def notebook_prose(cells: list[dict[str, object]]) -> str:
    """The text of a notebook's Markdown cells."""
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")  # type: ignore[arg-type]
