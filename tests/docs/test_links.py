"""Links of all pages lead somewhere, and what code and pages say of other files is there."""

import json
import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, anchors, links, markdown, name_of, notebook_prose

PAGES = [*markdown(), *sorted(DOCS.rglob("*.ipynb"))]


def text_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return notebook_prose(json.loads(text)["cells"]) if path.suffix == ".ipynb" else text


def broken(page: Path, text: str) -> list[str]:
    """The links of a page that lead nowhere."""
    wrong = []
    for link in links(text):
        file, _, anchor = link.partition("#")
        target = page.parent / file
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in anchors(text_of(target) if file else text)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    assert broken(page, text_of(page)) == []


@pytest.mark.parametrize("link", ["nowhere.md", "README.md#nowhere", "#nowhere", "../nowhere/"])
def test_a_link_that_leads_nowhere_is_seen(link):
    assert broken(DOCS / "README.md", f"# Here\n\nsee [there]({link}) and [here](#here)") == [link]


def test_anchors_are_those_of_the_headings():
    text = "# `a` and b's\n\n```\n# no heading\n```\n\n## Twice\n\n## Twice\n\n## [Linked](x.md): so\n"
    assert list(anchors(text)) == ["a-and-bs", "twice", "twice-1", "linked-so"]


def test_every_page_can_be_reached_from_the_readme():
    seen, left = set(), [ROOT / "README.md"]
    while left:
        page = left.pop()
        if page in seen or page.suffix not in (".md", ".ipynb"):
            continue
        seen.add(page)
        targets = (link.partition("#")[0] for link in links(text_of(page)) if "://" not in link)
        left += [(page.parent / target).resolve() for target in targets if target]
    assert sorted(name_of(page) for page in PAGES if page.is_relative_to(DOCS) and page not in seen) == []


NAMED = re.compile(
    r"\b((?:docs|configs|bench|tests|model|pipelines)/[\w./{}*-]*\.(?:md|ipynb|csv|json|py|jpg|png|svg))\b"
)


def named_in(text: str) -> list[str]:
    """The files of this project that a text names, `{…}` in them as `*`."""
    return [re.sub(r"\{[^}]*\}", "*", name) for name in NAMED.findall(text)]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_pages_name_are_there(page):
    named = [name for name in named_in(text_of(page)) if not re.search("WORD|NAME", name)]
    assert [name for name in named if not list(ROOT.glob(name))] == []


def test_pages_that_the_code_names_are_there():
    sources = [path for folder in ("pipelines", "model", "bench", "tests") for path in (ROOT / folder).rglob("*.py")]
    found = {
        f"{name_of(path)}: {name}"
        for path in [*sources, ROOT / "Makefile"]
        for name in named_in(path.read_text(encoding="utf-8"))
        if name.startswith("docs/") and not list(ROOT.glob(name))
    }
    assert found == set()
