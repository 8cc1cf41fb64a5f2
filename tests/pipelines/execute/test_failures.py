"""What costs an item and what ends the run; the first of a kind keeps its traceback, but for refusals in words."""

import errno
import json
import random
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipelines.actions import CATALOGUE, Action
from pipelines.errors import UserError
from pipelines.execute.failures import CannotGoOn, Failure, with_first_tracebacks
from pipelines.formats import storage
from pipelines.origin import Origin
from pipelines.sample import Sample
from pipelines.sources import bind
from tests.pipelines.execute.running import beam_run
from tests.support import chain, run, tiny_project

ORIGIN = Origin("P", "ds", "a.png")


@dataclass(frozen=True)
class Mistaken(Action):
    """Gives libraries what they cannot take, another thing with every second image."""

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        if int(sample.origin.stem.removeprefix("image")) % 2:
            cv2.cvtColor(np.zeros((0, 0), np.uint8), 0)
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
        "error",
    ] * 3
    assert [failure.kind for failure in failures] == ["ValueError", "cv2.error"] * 3
    assert [bool(failure.traceback) for failure in failures] == [True, True, False, False, False, False]
    for failure, line, kind in zip(
        failures,
        ("np.zeros(3) + np.zeros(4)", "cv2.cvtColor(np.zeros((0, 0), np.uint8), 0)"),
        ("ValueError", "error"),
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
        (divmod, (1, 0)),
    ],
    ids=["written in Python", "an error of its own", "compiled", "no ValueError"],
)
def test_errors_that_come_out_of_libraries_have_one(function, arguments):
    assert caught(function, *arguments).traceback.startswith("Traceback (most recent call last):\n")


def test_the_message_is_no_part_of_the_place():
    one, other = (caught(int, text) for text in "ab")
    assert one.message != other.message
    assert one.place == other.place
    assert one.place != caught(divmod, 1, 0).place


def test_which_one_keeps_it_does_not_depend_on_how_failures_are_put_together():
    rng = random.Random(0)
    failures = [
        Failure("P", "ds", f"{image}.png", layer, "message", traceback)
        for image in range(6)
        for layer in ("one", "two")
        for traceback in ("", "here", "there", "there")
    ]
    expected = sorted(astuple(failure) for failure in with_first_tracebacks(failures))
    assert sum(bool(row[5]) for row in expected) == 4
    assert {row[2] for row in expected if row[5]} == {"0.png"}
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


# ---------------------------------------------------------------- what is no fault of the item


class HttpError(Exception):
    """As a library of a store raises it: no `OSError`."""


HttpError.__module__ = "gcsfs.retry"

OTHERS_FAULT = [
    (OSError(errno.EIO, "Input/output error"), "OSError: [Errno 5] Input/output error. The storage failed"),
    (ConnectionResetError("reset by peer"), "ConnectionResetError: reset by peer. The storage failed"),
    (
        PermissionError(errno.EACCES, "Permission denied"),
        "PermissionError: [Errno 13] Permission denied. The storage failed",
    ),
    (TimeoutError(), "TimeoutError. The storage failed"),
    (HttpError("503"), "HttpError: 503. The storage failed"),
    (MemoryError(), "MemoryError. Memory ran out"),
    (AttributeError("no attribute 'x'"), "AttributeError: no attribute 'x'. This is a mistake in the program"),
    (KeyError("x"), "KeyError: 'x'. This is a mistake in the program"),
    (TypeError("not callable"), "TypeError: not callable. This is a mistake in the program"),
    (AssertionError(), "AssertionError. This is a mistake in the program"),
]


@pytest.mark.parametrize(("error", "words"), OTHERS_FAULT, ids=lambda given: type(given).__name__)
def test_what_is_no_fault_of_the_item_does_not_cost_it(error, words):
    with pytest.raises(CannotGoOn) as raised:
        Failure.of(ORIGIN, "layer", error)
    assert f"P/ds/a.png in the layer 'layer': {words}" in str(raised.value)


def test_a_library_that_finds_no_memory_does_not_cost_the_item():
    error = cv2.error("Failed to allocate 10000000000 bytes")
    error.code = cv2.Error.StsNoMem
    with pytest.raises(CannotGoOn, match="Memory ran out, which is no fault of the images"):
        Failure.of(ORIGIN, "layer", error)


@pytest.mark.parametrize(
    "error",
    [FileNotFoundError("a.png"), IsADirectoryError("a.png"), RecursionError("too deep"), OverflowError("too large")],
)
def test_what_odd_data_leads_to_costs_the_item(error):
    failure = Failure.of(ORIGIN, "layer", error)
    assert failure.kind == type(error).__name__
    assert failure.message == f"{failure.kind}: {error}"


def answering_503(monkeypatch, ending: str, whole: bool) -> None:
    """From now on the store fails for files of this ending; or for their whole only, not for their heads."""
    original = storage.read_bytes

    def read(location: str, at_most: int | None = None) -> bytes:
        if location.endswith(ending) and not (whole and at_most):
            raise OSError(errno.EREMOTEIO, f"503 Service Unavailable: {location}")
        return original(location, at_most)

    monkeypatch.setattr(storage, "read_bytes", read)


@pytest.mark.parametrize(
    ("ending", "layer"),
    [("image1.png.json", "data $0"), ("image1.png", "supervisely out")],
    ids=["while reading", "while rendering"],
)
def test_a_store_that_fails_fails_the_run_in_words(ending, layer, tmp_path, monkeypatch):
    projects = bind([f"P={tiny_project(tmp_path / 'input', 4)}"])
    # The size of a picture is read while samples are, so rendering is where a picture's whole is.
    answering_503(monkeypatch, ending, whole=layer != "data $0")
    with pytest.raises(UserError) as raised:
        beam_run(chain(), projects, tmp_path / "out")
    assert raised.value.status == 1
    text = str(raised.value)
    assert text.startswith(f"the run failed: P/ds/image1.png in the layer {layer!r}: OSError: ")
    assert "503 Service Unavailable" in text
    assert text.endswith("see that it can be reached, read and written and has room, and run it again")


def test_a_mistake_in_the_program_fails_the_run_and_shows_where(tmp_path, monkeypatch):
    class Wrong(Mistaken):
        def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
            return (sample.missing,)

    monkeypatch.setattr(Wrong, "word", "wrong", raising=False)
    monkeypatch.setitem(CATALOGUE, "wrong", Wrong)
    projects = bind([f"P={tiny_project(tmp_path / 'input', 2)}"])
    with pytest.raises(UserError, match="in the layer 'wrong \\$1': AttributeError") as raised:
        beam_run(chain(("wrong", {})), projects, tmp_path / "out")
    assert "please report it with these lines\nTraceback (most recent call last):" in str(raised.value)
    assert "return (sample.missing,)" in str(raised.value)
    with pytest.raises(CannotGoOn, match="This is a mistake in the program"):
        run(chain(("wrong", {})), projects)
