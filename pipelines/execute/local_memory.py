"""Keeps the memory of a run on this machine small, by two settings for which neither Beam nor the C library has an option.

Beam's local runner hands everything between two stages through memory streams. On 19,000 samples those streams held 42 MB for
10 MB of samples until the end of the run; with both settings memory grows by 2.4 kB a sample instead of 5.3.
"""

from __future__ import annotations

import ctypes
import inspect

from apache_beam.runners.worker.data_plane import SizeBasedBufferingClosableOutputStream

STREAM_BYTES = 1 << 20
"""A stream is handed on when it holds so much. Beam waits for ten times as much, and a stream never shrinks again."""

_M_MMAP_THRESHOLD = -3  # from glibc's malloc.h
_THRESHOLD = "size_flush_threshold"


def keep_small() -> None:
    """Apply both settings to this process."""
    hand_on_early()
    return_large_blocks()


def hand_on_early() -> None:
    """Have Beam's streams flush at `STREAM_BYTES`; a Beam whose streams have no such parameter is left alone."""
    start = SizeBasedBufferingClosableOutputStream.__init__
    optional = [p for p in inspect.signature(start).parameters.values() if p.default is not inspect.Parameter.empty]
    start.__defaults__ = tuple(STREAM_BYTES if p.name == _THRESHOLD else p.default for p in optional)


def return_large_blocks() -> None:
    """Have glibc return freed blocks of a megabyte and more to the system; by default it keeps ever larger ones for itself."""
    try:
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 1 << 20)
    except (OSError, AttributeError, TypeError):
        # Another C library: it has its own ways.
        return
