"""The error that a user can do something about; the command line prints its text without a traceback."""


class UserError(ValueError):
    """Says what was found, where, what is allowed, and what to do."""
