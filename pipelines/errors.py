"""What a user can mend: shown as its text alone, without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class UserError(ValueError):
    """A mistake in what was given or asked; the text says what to do."""

    status = 2
    """Exit status of a command that ends with this."""


@contextmanager
def shown(*kinds: type[Exception]) -> Iterator[None]:
    """Errors of these kinds inside the block are the user's to mend."""
    try:
        yield
    except kinds as error:
        raise UserError(str(error)) from error
