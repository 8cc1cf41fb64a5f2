"""What a user can mend: shown as its text alone, without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """A mistake in what the user gave; the text says what to do. The command ends with exit code 2."""


@contextmanager
def shown(*kinds: type[Exception]) -> Iterator[None]:
    """Errors of these kinds inside the block are the user's to mend."""
    try:
        yield
    except kinds as error:
        raise UserError(str(error)) from error
