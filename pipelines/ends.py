"""How a command ends: whose fault it was, what is said, and the exit status.

    0    done
    1    done, and the answer is no: too many images failed, the gate is not passed
    2    a mistake in what was given or asked, in words
    3    a training diverged
    4    the machine or a store: a full disk, no permission, no memory, a connection that broke
    130  stopped by Ctrl-C          143  stopped by SIGTERM

Anything else is a fault of this program: it ends with a traceback, and with 1, as Python does.
"""

from __future__ import annotations

import errno
import os
import sys

from pipelines.errors import UserError
from pipelines.extras import advice

DONE, STOPPED, ENVIRONMENT = 0, 130, 4
TRACEBACK = "SMART_TOOL_TRACEBACK"
"""Set to 1 in the environment, it keeps every traceback."""

_HINTS = {
    errno.ENOSPC: "the disk is full; free some space, or write elsewhere",
    errno.EDQUOT: "the quota is used up; free some space, or write elsewhere",
    errno.EACCES: "no permission; look at the owner and the rights of the folder",
    errno.EPERM: "no permission; look at the owner and the rights of the folder",
    errno.EROFS: "the file system is read-only; write elsewhere",
    errno.ENOENT: "there is no such file or folder",
    errno.EEXIST: "a file is in the way",
    errno.ENOTDIR: "a file is in the way where a folder is needed",
    errno.EISDIR: "a folder is in the way where a file is needed",
    errno.EMFILE: "too many open files; raise the limit (ulimit -n)",
    errno.ENOTEMPTY: "the folder is not empty",
}


def end_of(error: BaseException) -> int | None:
    """Say what ended a command and return its exit status; None for what is a fault of this program."""
    if os.environ.get(TRACEBACK) == "1" and not isinstance(error, KeyboardInterrupt | BrokenPipeError):
        return None
    match error:
        case UserError():
            _say(str(error))
            return error.status
        case ModuleNotFoundError() if missing := advice(error):
            _say(missing)
            return UserError.status
        case BrokenPipeError():
            # Whoever read the output, such as `head`, has seen enough; Python would complain when it closes the pipe.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return DONE
        case KeyboardInterrupt():
            _say("stopped")
            return STOPPED
        case MemoryError():
            _say(f"out of memory{f': {error}' if str(error) else ''}; take fewer workers or smaller batches")
            return ENVIRONMENT
        case OSError():
            _say(machine_text(error))
            return ENVIRONMENT
    return None


def machine_text(error: OSError) -> str:
    """What the machine or a store refused, where, and what to do."""
    where = [str(name) for name in (error.filename, error.filename2) if name]
    reason = _HINTS.get(error.errno or 0) or error.strerror or str(error) or type(error).__name__
    return f"{' and '.join(where)}: {reason}" if where else reason


def _say(text: str) -> None:
    print(text, file=sys.stderr)
