"""`actions --new`: what it writes is an action that works, with a test; no word and no file is taken from anybody."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.commands.actions_new import ACTIONS, TESTS, checkout, write_action
from pipelines.errors import UserError
from tests.support import tree

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def empty(tmp_path):
    """The folders of a checkout in which nothing is."""
    for folder in (ACTIONS, TESTS):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def copy(tmp_path):
    """A copy of this checkout as far as actions and their tests are concerned."""
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("pipelines", "tests/docs", "tests/pipelines"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    for name in ("pyproject.toml", "tests/__init__.py", "tests/support.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_a_new_action_is_two_files_and_the_tests_of_all_actions_run_on_it_unasked(copy):
    before = tree(copy)
    said = python(copy, "pipelines", "actions", "--new", "of_a_test")
    assert said.returncode == 0, said.stderr
    files = {"pipelines/actions/of_a_test.py", "tests/pipelines/actions/test_of_a_test.py"}
    after = tree(copy)
    assert after.keys() - before.keys() == files
    assert before.items() <= after.items()
    assert all(file in said.stdout for file in files)
    asked = "tests/pipelines/actions/test_of_a_test.py"
    unasked = ("tests/pipelines/test_every_action.py", "tests/pipelines/graph", "tests/docs/test_action_pages.py")
    tested = python(copy, "pytest", "-p", "no:cacheprovider", "-m", "not slow", "-k", "of_a_test", asked, *unasked)
    assert tested.returncode == 0, tested.stdout
    assert tested.stdout.count(".") > 25
    for check in (("check",), ("format", "--check")):
        done = python(copy, "ruff", *check, "--no-cache", *sorted(files))
        assert done.returncode == 0, done.stdout
    again = python(copy, "pipelines", "actions", "--new", "of_a_test")
    assert again.returncode == 2
    assert again.stderr.splitlines() == [
        "--new of_a_test: the word is taken by pipelines/actions/of_a_test.py; choose another one",
        *(
            f"--new of_a_test: there is a file {file} already, and it stays as it is; choose another word, "
            "or move the file away"
            for file in sorted(files)
        ),
    ]
    assert after.items() <= tree(copy).items()


FORM = "a word has small letters and digits, with single _ between them, and begins with a letter, such as drop_noise"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Soften", [f"found 'Soften', {FORM}"]),
        ("2nd", [f"found '2nd', {FORM}"]),
        ("of-a-test", [f"found 'of-a-test', {FORM}"]),
        ("of_a__test", [f"found 'of_a__test', {FORM}"]),
        ("../crop", [f"found '../crop', {FORM}", "there is no folder"]),
        ("", [f"found '', {FORM}"]),
        (
            "class",
            ["'class' is a word of Python, and a module of that name cannot be imported; add another word to it"],
        ),
        ("crop", ["the word is taken by pipelines/actions/crop.py; choose another one"]),
        (
            "if",
            [
                "'if' is a word of Python, and a module of that name cannot be imported; add another word to it",
                "the word is taken by pipelines/actions/if_.py; choose another one",
            ],
        ),
        ("bitmap2poly", ["the word is taken, it is another name of 'find_contours'; choose another one"]),
    ],
)
def test_a_word_that_cannot_be_is_refused_with_all_reasons(empty, word, expected):
    with pytest.raises(UserError) as caught:
        write_action(word, empty)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"--new {word}: {reason}") for line, reason in zip(lines, expected, strict=True))
    assert tree(empty) == {}


def test_a_module_that_is_no_action_is_not_written_over(empty):
    (empty / ACTIONS / "settings.py").write_text("mine")
    with pytest.raises(
        UserError, match=r"there is a file pipelines/actions/settings\.py already, and it stays as it is"
    ):
        write_action("settings", empty)
    assert tree(empty) == {"pipelines/actions/settings.py": b"mine"}


def test_without_sources_there_is_no_place_for_it(tmp_path):
    (tmp_path / ACTIONS).mkdir(parents=True)
    with pytest.raises(UserError) as caught:
        write_action("soften", tmp_path)
    assert str(caught.value) == (
        f"--new soften: there is no folder tests/pipelines/actions in {tmp_path}, where this package was loaded from; "
        "run the command in a checkout of the sources"
    )
    assert tree(tmp_path) == {}


def test_a_class_whose_name_would_hide_another_gets_a_longer_one(empty):
    for word, name in (("of_a_test", "OfATest"), ("sample", "SampleAction"), ("any", "AnyAction")):
        write_action(word, empty)
        assert f"class {name}(Action):" in (empty / ACTIONS / f"{word}.py").read_text()


def test_the_command_writes_where_it_was_loaded_from():
    assert checkout() == ROOT


def test_a_name_beside_it_is_refused(command):
    said = command("actions", "crop", "--new", "soften")
    assert (said.code, said.err) == (
        2,
        "found NAME 'crop' beside --new soften, which takes no NAME; leave one of them out\n",
    )
