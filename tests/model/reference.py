"""The reference program that made `zoo:lite`, where it lies beside the checkout: an oracle for the trainer."""

import importlib.util
from types import ModuleType

from tests.support import shared


def reference() -> ModuleType:
    """The program as a module; the test is skipped where it is not present."""
    spec = importlib.util.spec_from_file_location("reference_of_lite", shared("lite/reference.py"))
    if spec is None or spec.loader is None:
        raise ImportError("the reference program cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
