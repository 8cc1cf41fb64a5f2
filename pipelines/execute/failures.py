"""What went wrong with one item, and whether the item is at fault: only then does it cost the item, else it ends the run."""

from __future__ import annotations

import json
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from dis import opmap
from pathlib import PurePath
from traceback import extract_tb

import cv2
from shapely.errors import ShapelyError

from pipelines.origin import Origin

_RAISE = opmap["RAISE_VARARGS"]

_ITEMS_FAULT = (
    ValueError,
    ArithmeticError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    RecursionError,
    zlib.error,
    struct.error,
    cv2.error,
    ShapelyError,
)
"""What odd data leads to, here or in a library that is given it: no such file, no such number, nested too deep.

All else that Python raises means that something other than the item failed: an `OSError` the storage, an `AttributeError` or a
`KeyError` this program. Were it taken for the item's, a store that is away for a minute would thin out a dataset unseen.
"""

_STORAGE = {"aiohttp", "azure", "botocore", "gcsfs", "google", "paramiko", "requests", "s3fs", "urllib3"}
"""Libraries that reach a store; not all their errors are `OSError`s."""


class CannotGoOn(RuntimeError):
    """The run must not go on without what failed here. Runners try again, and then the run fails with these words."""

    @classmethod
    def because(cls, error: BaseException, what: str) -> CannotGoOn:
        """For an error that is no item's fault, with what was being done when it came."""
        text = " ".join(str(error).split())
        kind = _kind(error)
        found = f"{what}: {kind}: {text}" if text else f"{what}: {kind}"
        if _is_memory(error):
            return cls(
                f"{found}. Memory ran out, which is no fault of the images: use fewer workers or a larger machine"
            )
        if isinstance(error, OSError) or type(error).__module__.split(".")[0] in _STORAGE:
            return cls(
                f"{found}. The storage failed, which is no fault of the images, so none is left out: "
                "see that it can be reached, read and written and has room, and run it again"
            )
        return cls(
            f"{found}. This is a mistake in the program, not in the images: please report it with these lines\n"
            f"{_traceback(error)}"
        )

    @classmethod
    def words_in(cls, error: BaseException) -> str | None:
        """Its text, as runners pass it on inside the text of an error of their own."""
        if isinstance(error, cls):
            return str(error).split(_WHILE)[0]
        _, name, after = str(error).rpartition(f"{cls.__name__}: ")
        return after.split(_WHILE)[0].strip() if name else None


@contextmanager
def not_an_items_fault(what: str) -> Iterator[None]:
    """Whatever fails inside the block ends the run; `what` is being done there."""
    try:
        yield
    except CannotGoOn:
        raise
    except Exception as error:
        raise CannotGoOn.because(error, what) from error


_WHILE = " [while running "
"""What Beam puts between an error's text and the name of the step it came from."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One item that could not be used, as a line of `errors.jsonl`."""

    project: str
    dataset: str
    image: str
    layer: str
    message: str
    traceback: str = ""
    """Where in the program the error arose, unless it is a refusal in words."""
    kind: str = ""
    """What Python calls the error: `BadPicture`, `cv2.error`."""

    @staticmethod
    def of(origin: Origin, layer: str, error: BaseException) -> Failure:
        """The failure of an item by what was raised over it. Raises `CannotGoOn` when that is no fault of the item."""
        if isinstance(error, CannotGoOn):
            raise error
        if _is_memory(error) or not isinstance(error, _ITEMS_FAULT):
            raise CannotGoOn.because(error, f"{origin} in the layer {layer!r}") from error
        text = " ".join(str(error).split()) or "no message"
        message = text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"
        traceback = "" if _is_refusal(error) else _traceback(error)
        return Failure(origin.project, origin.dataset, origin.file, layer, message, traceback, _kind(error))

    @property
    def place(self) -> tuple[str, str]:
        """Failures of one place arose in the same layer on the same way through the program."""
        return self.layer, self.traceback

    @property
    def line(self) -> str:
        """Its line without the traceback, by which lines are in order."""
        return json.dumps(replace(self, traceback="").record(), ensure_ascii=False)

    def record(self) -> dict[str, str]:
        values = asdict(self)
        order = ("project", "dataset", "image", "layer", "kind", "message", "traceback")
        return {name: values[name] for name in order if values[name] or name != "traceback"}


def with_first_tracebacks(failures: Sequence[Failure]) -> list[Failure]:
    """The failures in their order, of which only the first line of each place keeps its traceback.

    That is the same one whether this is done with all failures, or before with parts of them: bundles carry few tracebacks.
    """
    first: dict[tuple[str, str], Failure] = {}
    for failure in failures:
        if failure.traceback and (failure.place not in first or failure.line < first[failure.place].line):
            first[failure.place] = failure
    return [
        failure if not failure.traceback or first[failure.place] is failure else replace(failure, traceback="")
        for failure in failures
    ]


def _kind(error: BaseException) -> str:
    named = type(error)
    return named.__name__ if named.__name__ != "error" else f"{named.__module__}.error"


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or (isinstance(error, cv2.error) and error.code == cv2.Error.StsNoMem)


def _is_refusal(error: BaseException) -> bool:
    """Whether this package refused an item in words: it raised a `ValueError` itself.

    One that comes out of a library, such as NumPy's about shapes, is a mistake in the program. In compiled libraries it ends at
    our own line too, which only the instruction tells from a `raise`.
    """
    if not isinstance(error, ValueError):
        return False
    place = error.__traceback__
    if place is None:
        return True
    while place.tb_next:
        place = place.tb_next
    frame = place.tb_frame
    raised = frame.f_code.co_code[place.tb_lasti] == _RAISE
    return raised and str(frame.f_globals.get("__name__")).startswith("pipelines.")


def _traceback(error: BaseException) -> str:
    """As Python shows it, from the layer's own work on; without the message and the folders of this machine, so that it is the
    same for all of its kind, wherever they arose."""
    place = error.__traceback__
    while place and place.tb_next and str(place.tb_frame.f_globals.get("__name__")).startswith("pipelines.execute."):
        place = place.tb_next
    lines = (
        f'  File "{_as_imported(frame.filename)}", line {frame.lineno}, in {frame.name}\n    {frame.line}\n'
        for frame in extract_tb(place)
    )
    return "".join(["Traceback (most recent call last):\n", *lines, type(error).__name__])


def _as_imported(file: str) -> str:
    """A source file below the folder that it is imported from."""
    path = PurePath(file)
    below = [path.relative_to(folder) for folder in sys.path if folder and path.is_relative_to(folder)]
    return min(map(PurePath.as_posix, below), key=len, default=file)
