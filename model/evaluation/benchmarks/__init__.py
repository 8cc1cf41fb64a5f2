"""Published benchmarks of interactive segmentation, one module a kind. Every module beside this one is imported, which
registers its benchmarks."""

import importlib
import pkgutil

from model.evaluation.benchmarks.base import BENCHMARKS, Benchmark, BenchmarkFolder

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["BENCHMARKS", "Benchmark", "BenchmarkFolder"]
