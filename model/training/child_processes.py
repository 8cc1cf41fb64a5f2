"""What the processes of a training on several devices have to tell each other: signals, and what went wrong."""

import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytorch_lightning as pl
from torch.multiprocessing.spawn import ProcessRaisedException

from pipelines.errors import UserError


@contextmanager
def signals_passed_on(trainer: pl.Trainer) -> Iterator[None]:
    """Where the training runs in child processes, hand them the signals that this one gets while it waits for them."""
    launcher = trainer.strategy.launcher
    if launcher is None or not hasattr(launcher, "procs"):
        yield
        return

    def pass_on(number: int, frame: FrameType | None) -> None:
        launcher.kill(signal.Signals(number))

    def leave_to_children(number: int, frame: FrameType | None) -> None:
        """A terminal sends Ctrl-C to the children, too; they save and end, and this process has to wait for that."""

    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, pass_on),
        signal.SIGINT: signal.signal(signal.SIGINT, leave_to_children),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def script_left_alone() -> Iterator[None]:
    """Processes that are started meanwhile do not load the script that this one runs: all they need is in this package. Else a
    script that calls `train` at its top would start processes that call it, too, and wait for each other for ever."""
    main = sys.modules["__main__"]
    hidden = {name: main.__dict__.get(name, _ABSENT) for name in ("__spec__", "__file__")}
    main.__dict__.update(__spec__=None, __file__=None)
    try:
        yield
    finally:
        for name, value in hidden.items():
            if value is _ABSENT:
                del main.__dict__[name]
            else:
                main.__dict__[name] = value


_ABSENT = object()


@contextmanager
def complaints_passed_on() -> Iterator[None]:
    """A UserError of a child process, which arrives as the text of its traceback, is raised here as what it was."""
    try:
        yield
    except ProcessRaisedException as error:
        complaint = complaint_in(str(error))
        if complaint is None:
            raise
        raise complaint from error


def complaint_in(traceback: str) -> UserError | None:
    """The UserError that a printed traceback ends with; None where it ends with anything else."""
    _, _, end = traceback.rpartition('\n  File "')
    # After the last place in the code, indented, stands the class and the message.
    raised = re.search(r"^((?:\w+\.)*)(\w+): (.*)", end, re.MULTILINE | re.DOTALL)
    if raised is None:
        return None
    kind = getattr(sys.modules.get(raised[1].rstrip(".")), raised[2], None)
    return kind(raised[3].strip()) if isinstance(kind, type) and issubclass(kind, UserError) else None
