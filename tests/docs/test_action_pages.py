"""The pages about the language are true: their numbers, commands and graphs are run, and no page is out of date."""

import doctest
import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from pipelines.__main__ import main
from pipelines.actions import CATALOGUE
from pipelines.commands.actions_pages import ALBUM, PAGES, PICTURES, notes_of, pages, picture_name
from pipelines.commands.actions_pictures import ALL, picture, read_album, same_picture
from pipelines.commands.worked import figure_text, read_figure, worked
from pipelines.graph.check import check
from pipelines.graph.spec import read_graph

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LANGUAGE = DOCS / "tutorials" / "graph-language.md"
WORDS = sorted(CATALOGUE)
RENEW = "out of date: python -m pipelines actions --pages docs"

SHOTS = [
    pytest.param(shot, picture_name(word, number), id=f"{word}-{number}")
    for word in WORDS
    for number, shot in enumerate(notes_of(CATALOGUE[word]).shots, 1)
]

NO_PICTURE = {"dataset", "dummy", "supervisely", "tag"}
"""Words that change nothing one could see."""


# ---------------------------------------------------------------- numbers


def mistakes(text: str, name: str) -> list[str]:
    """What of the examples in a text is not so."""
    example = doctest.DocTestParser().get_doctest(text, {"worked": worked}, name, None, 0)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE, verbose=False).run(example, out=said.append)
    return said


@pytest.mark.parametrize("word", WORDS)
def test_the_worked_numbers_of_each_action(word):
    docstring = sys.modules[CATALOGUE[word].__module__].__doc__
    assert re.search(rf'>>> worked\(.*"{word}"', docstring, re.DOTALL), "an action's file has an example in numbers"
    assert mistakes(docstring, word) == []


def test_a_wrong_number_is_seen():
    right = '>>> worked("flip", {"axis": "vertical"}, "20x10", "p point (7,3)")\n20x10\n  p point (13,3)\n'
    assert mistakes(right, "right") == []
    assert "p point (12,3)" in "".join(mistakes(right.replace("13", "12"), "wrong"))


@pytest.mark.parametrize(
    "text",
    [
        "a car rectangle (1,2) (5.5,6)",
        "road polygon (0,0) (8,0) (8,8) / (2,1) (4,1) (4,2)",
        "lane line (1,1) (4,2) [old, side=left]",
        "pos point (4,3)",
        "car bitmap (3,4) #.# .#.",
    ],
)
def test_figures_are_read_as_they_are_written(text):
    assert figure_text(read_figure(text)) == text


def test_a_figure_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"found 'car circle \(1,2\)', a figure is written like"):
        read_figure("car circle (1,2)")


# ---------------------------------------------------------------- pages


def test_the_pages_are_those_of_the_actions_as_they_are():
    expected = pages(read_album(DOCS / ALBUM))
    found = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / PAGES).glob("*.md")}
    assert sorted(found) == sorted(expected), RENEW
    assert [name for name in expected if found[name] != expected[name]] == [], RENEW


def test_every_picture_is_there_and_small():
    files = {path.name: path.stat().st_size for path in (DOCS / PICTURES).iterdir()}
    assert sorted(files) == sorted(shot.values[1] for shot in SHOTS), RENEW
    assert max(files.values()) < 64_000
    assert sum(files.values()) < 4_000_000


def test_every_word_that_does_something_to_see_has_a_picture():
    assert {word for word in WORDS if not notes_of(CATALOGUE[word]).shots} == NO_PICTURE


def test_pictures_are_drawn_on_classes_that_the_photograph_has():
    album = read_album(DOCS / ALBUM)
    for shot, _ in (entry.values for entry in SHOTS):
        if shot.photograph != ALL:
            titles = {figure.title for figure in album.photographs[shot.photograph].figures}
            assert titles.issuperset(shot.classes or ())


@pytest.mark.slow
@pytest.mark.parametrize(("shot", "name"), SHOTS)
def test_a_picture_shows_what_the_action_does(shot, name):
    made = picture(shot, read_album(DOCS / ALBUM))
    assert same_picture(made, (DOCS / PICTURES / name).read_bytes()), RENEW


def test_a_picture_comes_out_the_same_twice_and_unlike_another():
    album = read_album(DOCS / ALBUM)
    crop, flip = (notes_of(CATALOGUE[word]).shots[0] for word in ("crop", "flip"))
    assert picture(crop, album) == picture(crop, album)
    assert not same_picture(picture(crop, album), picture(flip, album))


def test_the_command_writes_all_and_removes_what_is_gone(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("pipelines.commands.actions_pages.CATALOGUE", {"flip": CATALOGUE["flip"]})
    (tmp_path / PAGES / "example").mkdir(parents=True)
    shutil.copy(DOCS / ALBUM, tmp_path / ALBUM)
    (tmp_path / PAGES / "gone.md").write_text("old")
    assert main(["actions", "--pages", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"2 pages and 2 pictures: {tmp_path}\n"
    assert sorted(path.name for path in (tmp_path / PAGES).glob("*.md")) == ["README.md", "flip.md"]
    assert (tmp_path / PAGES / "flip.md").read_bytes() == (DOCS / PAGES / "flip.md").read_bytes()
    assert sorted(path.name for path in (tmp_path / PICTURES).iterdir()) == ["flip-1.jpg", "flip-2.jpg"]


DOCSTRINGS = {
    "flip": (
        "`flip`: mirror.\n\nFamily: space.",
        [],
    ),
    "crop": (
        "`crop`: cut off.\n\nSomething about it.",
        [
            "the docstring of the file names no family; write 'Family: space.', or another one, below its first line, between "
            "empty lines; the families are input and output, flow, space, light and colour, classes and objects, other shapes, "
            "masks, lines"
        ],
    ),
    "blur": (
        "`blur`: smooth.\n\nFamily: light and color.\n\nPicture: eye",
        [
            "found 'Picture: eye', a picture is written as 'Picture: photograph(class, class) settings'",
            "found the family 'light and color' (did you mean 'light and colour'?); the families are input and output, ",
        ],
    ),
    "tag": (
        "`tga`: put a tag.\n\nFamily: flow.\n\nFamily: masks.\n\nPicture: eye {'a': 1}",
        [
            "found '`tga`: put a tag.', the docstring of the file opens with a line '`tag`: what it does.'",
            """found "Picture: eye {'a': 1}", which does not end in settings, or in a list of [word, settings], as JSON: """,
            "found the families 'flow' and 'masks', an action has one; remove the others",
        ],
    ),
    "noise": (
        None,
        [
            "found '', the docstring of the file opens with a line '`noise`: what it does.'",
            "the docstring of the file names no family; write ",
        ],
    ),
}


def test_what_is_wrong_in_docstrings_is_said_at_once_with_what_to_write_where(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("pipelines.commands.actions_pages.CATALOGUE", {word: CATALOGUE[word] for word in DOCSTRINGS})
    for word, (text, _) in DOCSTRINGS.items():
        monkeypatch.setattr(sys.modules[CATALOGUE[word].__module__], "__doc__", text)
    (tmp_path / PAGES / "example").mkdir(parents=True)
    shutil.copy(DOCS / ALBUM, tmp_path / ALBUM)
    assert main(["actions", "--pages", str(tmp_path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    expected = [
        f"pipelines/actions/{word}.py: {problem}" for word, (_, told) in sorted(DOCSTRINGS.items()) for problem in told
    ]
    assert [line[: len(start)] for line, start in zip(lines, expected, strict=True)] == expected
    assert not (tmp_path / PICTURES).exists()


def test_a_folder_without_photographs_is_refused(tmp_path, capsys):
    assert main(["actions", "--pages", str(tmp_path)]) == 2
    assert f"there is no {tmp_path / ALBUM}, which has the photographs" in capsys.readouterr().err


# ---------------------------------------------------------------- the page about graphs

BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(kind: str) -> list[tuple[str, str]]:
    """(name, text) of each block of a language."""
    text = LANGUAGE.read_text(encoding="utf-8")
    return [(name, body) for found, name, body in BLOCK.findall(text) if found == kind]


def test_the_layers_on_the_page_are_layers():
    shown = [json.loads(body) for name, body in blocks("json") if not name]
    layers = [layer for block in shown for layer in (block if isinstance(block, list) else [block])]
    assert len(layers) > 10
    for layer in layers:
        assert set(layer) == {"action", "src", "dst", "settings"}
        action = CATALOGUE[layer["action"]].from_settings(layer["settings"])
        assert list(action.problems()) == []


def test_the_layers_on_the_page_are_the_whole_tutorial():
    tutorial = json.loads((ROOT / "configs/graphs/pascal_voc.json").read_text())
    _, *shown = [json.loads(body) for name, body in blocks("json") if not name]
    assert [layer for block in shown for layer in (block if isinstance(block, list) else [block])] == tutorial


def test_the_commands_on_the_page_say_what_it_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "configs", "configs")
    for name, body in blocks("json"):
        if name:
            Path(name).write_text(body)
    ran = 0
    for _, body in blocks("console"):
        command, _, expected = body.partition("\n")
        prefix, words = "$ python -m pipelines ", shlex.split(command)
        assert command.startswith(prefix)
        main(words[4:])
        assert capsys.readouterr().out == expected, command
        ran += 1
    assert ran >= 5
    assert Path("pascal_voc.svg").read_text() == (DOCS / "pictures/pascal_voc.svg").read_text()


def test_the_broken_graph_is_broken_and_the_other_is_not(tmp_path):
    for name, body in blocks("json"):
        if name:
            (tmp_path / name).write_text(body)
    assert check(read_graph(str(tmp_path / "broken.json"))).plan is None
    assert check(read_graph(str(tmp_path / "warned.json"))).plan is not None
