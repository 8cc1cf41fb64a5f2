"""A mistake in the program keeps the traceback of the first of its kind; a refusal in words needs none."""

import json
import random
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.actions import CATALOGUE, Action
from pipelines.execute.step import Failure, with_first_tracebacks
from pipelines.origin import Origin
from pipelines.sample import Sample
from pipelines.sources import bind
from tests.pipelines.execute.running import beam_run
from tests.support import chain, run, tiny_project

ORIGIN = Origin("P", "ds", "a.png")


@dataclass(frozen=True)
class Mistaken(Action):
    """Makes another mistake with every second image."""

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        if int(sample.origin.stem.removeprefix("image")) % 2:
            return (sample.missing,)
        np.zeros(3) + np.zeros(4)
        return (sample,)


@pytest.fixture
def mistaken(monkeypatch):
    monkeypatch.setattr(Mistaken, "word", "mistaken", raising=False)
    monkeypatch.setitem(CATALOGUE, "mistaken", Mistaken)
    return chain(("mistaken", {}))


def test_the_first_of_each_kind_keeps_its_traceback(mistaken, tmp_path):
    projects = bind([f"P={tiny_project(tmp_path, 6)}"])
    failures = run(mistaken, projects).failures
    assert [failure.message.split(":")[0] for failure in failures] == [
        "operands could not be broadcast together with shapes (3,) (4,)",
        "AttributeError",
    ] * 3
    assert [bool(failure.traceback) for failure in failures] == [True, True, False, False, False, False]
    for failure, line, kind in zip(
        failures,
        ("np.zeros(3) + np.zeros(4)", "return (sample.missing,)"),
        ("ValueError", "AttributeError"),
        strict=False,
    ):
        lines = failure.traceback.splitlines()
        assert lines[0] == "Traceback (most recent call last):"
        assert lines[1].startswith('  File "tests/pipelines/execute/test_failures.py", line ')
        assert lines[1].endswith(", in apply")
        assert lines[2].strip() == line
        assert lines[-1] == kind
    assert "traceback" in failures[0].record()
    assert "traceback" not in failures[2].record()


def test_errors_of_a_run_on_beam_are_those_of_the_plain_execution(mistaken, tmp_path):
    projects = bind([f"P={tiny_project(tmp_path / 'input', 6)}"])
    expected = [failure.record() for failure in run(mistaken, projects).failures]
    options = (), ("--direct_num_workers=2", "--direct_running_mode=multi_threading")
    for number, given in enumerate(options):
        beam_run(mistaken, projects, tmp_path / str(number), given)
        lines = Path(tmp_path, str(number), "out", "errors.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == expected


def caught(function, *arguments) -> Failure:
    try:
        function(*arguments)
    except Exception as error:
        return Failure.of(ORIGIN, "layer", error)
    raise AssertionError("no error")


def test_a_refusal_in_words_has_no_traceback():
    window = CATALOGUE["sliding_window"].from_settings(
        {"window": {"width": 99, "height": 9}, "min_overlap": {"x": 0, "y": 0}}
    )
    failure = caught(window.windows, (40, 60))
    assert failure.message.startswith("the window is 99x9")
    assert not failure.traceback
    assert not Failure.of(ORIGIN, "layer", ValueError("never raised")).traceback


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (np.stack, ([np.zeros(3), np.zeros(4)],)),
        (np.linalg.inv, (np.zeros((2, 2)),)),
        (int, ("x",)),
        ({}.__getitem__, ("x",)),
    ],
    ids=["written in Python", "an error of its own", "compiled", "no ValueError"],
)
def test_errors_that_come_out_of_libraries_have_one(function, arguments):
    assert caught(function, *arguments).traceback.startswith("Traceback (most recent call last):\n")


def test_the_message_is_no_part_of_the_kind():
    one, other = (caught({}.__getitem__, key) for key in "ab")
    assert one.message != other.message
    assert one.kind == other.kind
    assert one.kind != caught(int, "x").kind


def test_which_one_keeps_it_does_not_depend_on_how_failures_are_put_together():
    rng = random.Random(0)
    failures = [
        Failure("P", "ds", f"{image}.png", layer, "message", traceback)
        for image in range(6)
        for layer in ("one", "two")
        for traceback in ("", "here", "there", "there")
    ]
    expected = sorted(astuple(failure) for failure in with_first_tracebacks(failures))
    assert sum(bool(row[-1]) for row in expected) == 4
    assert {row[2] for row in expected if row[-1]} == {"0.png"}
    for _ in range(20):
        rng.shuffle(failures)
        cut = rng.randrange(len(failures))
        parts = [*with_first_tracebacks(failures[:cut]), *with_first_tracebacks(failures[cut:])]
        assert sorted(astuple(failure) for failure in with_first_tracebacks(parts)) == expected


def test_failures_stay_in_their_order():
    failures = [Failure("P", "ds", name, "layer", "message", "here") for name in ("c", "a", "b")]
    assert with_first_tracebacks(failures) == [
        replace(failures[0], traceback=""),
        failures[1],
        replace(failures[2], traceback=""),
    ]
