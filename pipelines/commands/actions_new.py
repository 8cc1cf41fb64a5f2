"""A new word for the graph language: an action that works, to be changed into the wanted one, and its test."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from pathlib import Path
from string import Template

import pipelines
from pipelines.actions import ALIASES, CATALOGUE
from pipelines.errors import UserError

ACTIONS, TESTS = Path("pipelines/actions"), Path("tests/pipelines/actions")

_WORD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

_ACTION = Template('''\
"""`$word`: keep the objects of some classes, and delete all others.

Family: classes and objects.

>>> worked("$word", {"classes": ["a"]}, "20x10", "a point (1,1)", "b point (2,2)")
20x10
  a point (1,1)

Picture: coffee(saucer, cup, spoon) {"classes": ["cup"]}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Action, Notes, action
from pipelines.actions.parameters import SomeNames
from pipelines.meta import Meta
from pipelines.sample import Sample, with_figures


@action("$word")
@dataclass(frozen=True)
class $name(Action):
    classes: SomeNames
    """Objects of these classes are kept."""

    examples: ClassVar[tuple[Any, ...]] = ({"classes": ["car"]},)

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("classes",), self.classes, meta)
        return meta.only(self.classes)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """The sample is kept even if no object is."""
        return (with_figures(sample, tuple(figure for figure in sample.figures if figure.title in self.classes)),)
''')

_TEST = Template('''\
"""`$word`: objects of the listed classes are kept in their order, all others deleted."""

import json

from pipelines.actions.$word import $name
from pipelines.figures import Figure, Point
from pipelines.graph.check import check
from pipelines.graph.spec import parse_graph
from tests.support import Held, chain, run, tiny_sample

SAMPLE = tiny_sample([Figure(title, Point(x, 1)) for x, title in enumerate(("a", "b", "a", "c"))])


def test_objects_of_the_classes_are_kept():
    (found,) = $name.from_settings({"classes": ["a"]}).apply(SAMPLE, None)
    assert [(figure.title, figure.shape.x) for figure in found.figures] == [("a", 0), ("a", 2)]


def test_in_a_graph():
    (found,) = run(chain(("$word", {"classes": ["c", "b"]})), [SAMPLE]).samples
    assert [figure.title for figure in found.figures] == ["b", "c"]


def test_an_unknown_class_is_a_warning():
    graph = json.dumps(chain(("$word", {"classes": ["a", "d"]})))
    (warning,) = check(parse_graph(graph), Held.of([SAMPLE])).warnings
    assert warning.message == "no class 'd' arrives here; the classes that do: a, b, c"
''')


def checkout() -> Path:
    """The folder that this package was loaded from."""
    return Path(pipelines.__file__).resolve().parents[1]


def write_action(word: str, root: Path) -> tuple[Path, Path]:
    """Write the file of an action and its test below a checkout. Raises `UserError` with all that is against it."""
    files = ACTIONS / f"{word}.py", TESTS / f"test_{word}.py"
    if wrong := [*_word_problems(word), *_place_problems(root, files)]:
        raise UserError("\n".join(f"--new {word}: {problem}" for problem in wrong))
    for file, text in zip(files, (_ACTION, _TEST), strict=True):
        (root / file).write_text(text.substitute(word=word, name=_class_name(word)), encoding="utf-8")
    return files


def _word_problems(word: str) -> Iterator[str]:
    if not _WORD.fullmatch(word):
        yield (
            f"found {word!r}, a word has small letters and digits, with single _ between them, and begins with a letter, "
            "such as drop_noise"
        )
    if keyword.iskeyword(word):
        yield f"{word!r} is a word of Python, and a module of that name cannot be imported; add another word to it"
    if word in CATALOGUE:
        yield f"the word is taken by {CATALOGUE[word].__module__.replace('.', '/')}.py; choose another one"
    if word in ALIASES:
        yield f"the word is taken, it is another name of {ALIASES[word]!r}; choose another one"


def _place_problems(root: Path, files: tuple[Path, ...]) -> Iterator[str]:
    for file in files:
        if not (root / file.parent).is_dir():
            yield (
                f"there is no folder {file.parent} in {root}, where this package was loaded from; "
                "run the command in a checkout of the sources"
            )
        elif (root / file).exists():
            yield f"there is a file {file} already, and it stays as it is; choose another word, or move the file away"


def _class_name(word: str) -> str:
    name = "".join(part.capitalize() for part in word.split("_"))
    return f"{name}Action" if re.search(rf"\b{name}\b", _ACTION.template + _TEST.template) else name
