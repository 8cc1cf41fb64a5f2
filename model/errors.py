"""The error that a user can do something about; the command line prints its text without a traceback."""

from typing import ClassVar


class UserError(ValueError):
    """Says what was found, where, what is allowed, and what to do."""

    status: ClassVar[int] = 2
    """Exit status of the command that ends with it."""
