"""A dataset's statistics as one page of plots. Importing this module needs matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipelines.actions.generate_hints import NEGATIVE_COLOR, POSITIVE_COLOR
from pipelines.formats.dataset_statistics import Statistics

_BAR, _SECOND, _INK, _GREY = "#3f7fbf", "#9dbfe0", "#1f2933", "#6b7785"
_POINTS = (POSITIVE_COLOR, NEGATIVE_COLOR, "#8a63c4", "#c8932b")
_MOST_BARS, _FEWEST_BARS, _MOST_COLUMNS, _BINS = 10, 4, 40, 30


def statistics_page(found: Statistics) -> bytes:
    """The page as a PNG file."""
    numbers = found.numbers
    # No pyplot: it would choose a window system and keep every figure.
    page = Figure(figsize=(13, 7.4), dpi=110, layout="constrained")
    FigureCanvasAgg(page)
    page.suptitle(
        f"{numbers['dataset']}: {numbers['samples']:,} samples from {numbers['sources']['with_samples']:,} images",
        fontsize=14, fontweight="bold", color=_INK, x=0.012, ha="left",
    )  # fmt: skip
    (groups, classes, sources), (areas, points, sizes) = page.subplots(2, 3)
    _bars(groups, "samples by dataset and tag", _groups(numbers))
    _bars(classes, "figures by class", {title: entry["figures"] for title, entry in numbers["classes"].items()})
    _whole(sources, "samples per source image", "images", {"": found.samples_per_source}, (_BAR,))
    _histogram(areas, "object area, % of the image", "objects", found.areas, (0, 100))
    _whole(points, "points per sample", "samples", found.points, _POINTS)
    _sizes(sizes, found)
    for axes in (groups, classes, sources, areas, points, sizes):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=9, colors=_GREY)
        axes.title.set_color(_INK)
    file = io.BytesIO()
    page.savefig(file, format="png")
    return file.getvalue()


def _groups(numbers: Mapping[str, Any]) -> dict[str, int]:
    tags = {f"tag {name}": count for name, count in numbers["tags"].items()}
    return {**{f"dataset {name}": count for name, count in numbers["datasets"].items()}, **tags}


def _bars(axes: Axes, title: str, counts: Mapping[str, int]) -> None:
    """Horizontal bars with their numbers, the first at the top."""
    shown = list(counts.items())[:_MOST_BARS]
    rest = len(counts) - len(shown)
    axes.set_title(title + (f" ({rest} more not shown)" if rest > 0 else ""), fontsize=11, loc="left")
    places = np.arange(len(shown))
    bars = axes.barh(places, [count for _, count in shown], color=_BAR, height=0.65)
    axes.bar_label(bars, [f"{count:,}" for _, count in shown], padding=4, fontsize=9, color=_INK)
    axes.set_yticks(places, [name if len(name) < 24 else name[:22] + "…" for name, _ in shown])
    axes.set_ylim(max(len(shown), _FEWEST_BARS) - 0.5, -0.5)
    axes.margins(x=0.16)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _whole(axes: Axes, title: str, what: str, columns: Mapping[str, np.ndarray], colors: tuple[str, ...]) -> None:
    """How often each whole number occurs, one colour a column of numbers; wide ranges in equal steps."""
    axes.set_title(title, fontsize=11, loc="left")
    axes.set_ylabel(what, fontsize=9, color=_GREY)
    filled = {name: values for name, values in columns.items() if len(values)}
    if not filled:
        _empty(axes)
        return
    every = np.concatenate(list(filled.values()))
    first, last = int(every.min()), int(every.max())
    step = 1 + (last - first) // _MOST_COLUMNS
    edges = (np.arange(first, last + step + 1, step) - 0.5).tolist()
    axes.hist(
        list(filled.values()), edges, rwidth=0.8, color=[colors[number % len(colors)] for number in range(len(filled))],
        label=list(filled),
    )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    if step > 1:
        axes.set_xlabel(f"bars of {step}", fontsize=9, color=_GREY)
    if any(filled):
        axes.legend(fontsize=9, frameon=False)


def _histogram(axes: Axes, title: str, what: str, values: np.ndarray, limits: tuple[float, float]) -> None:
    axes.set_title(title, fontsize=11, loc="left")
    axes.set_ylabel(what, fontsize=9, color=_GREY)
    if not len(values):
        _empty(axes)
        return
    axes.hist(values, bins=_BINS, range=limits, color=_BAR)
    median = float(np.median(values))
    axes.axvline(median, color=_INK, linewidth=1, linestyle="--")
    axes.text(
        median, 0.98, f" median {median:.3g} %", transform=axes.get_xaxis_transform(), va="top", fontsize=9, color=_INK
    )
    axes.set_xlim(*limits)


def _sizes(axes: Axes, found: Statistics) -> None:
    """The commonest image sizes as bars, or all of them as two histograms where there are many."""
    # One number for both sides: rows of two are slow to sort.
    pairs, counts = np.unique((found.widths.astype(np.int64) << 32) | found.heights, return_counts=True)
    if len(pairs) <= _MOST_BARS:
        sizes = zip(pairs.tolist(), counts.tolist(), strict=True)
        named = {
            f"{pair >> 32} × {pair & 0xFFFFFFFF}": count for pair, count in sorted(sizes, key=lambda size: -size[1])
        }
        _bars(axes, "image size (width × height)", named)
        return
    axes.set_title("image size, px", fontsize=11, loc="left")
    axes.set_ylabel("samples", fontsize=9, color=_GREY)
    limits = 0, int(max(found.widths.max(), found.heights.max()))
    axes.hist([found.widths, found.heights], bins=_BINS, range=limits, color=[_BAR, _SECOND], label=["width", "height"])
    axes.legend(fontsize=9, frameon=False)


def _empty(axes: Axes) -> None:
    axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", color=_GREY)
    axes.set_xticks([])
    axes.set_yticks([])
