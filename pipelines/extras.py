"""Which extra of the installation a library comes with, for whoever calls something that needs it."""

from __future__ import annotations

EXTRA_OF = {
    "apache_beam": "data",
    "matplotlib": "data",
    "msgpack": "data",
    "pyarrow": "data",
    "skimage": "data",
    "onnx": "train",
    "pytorch_lightning": "train",
    "tensorboard": "train",
    "onnxruntime": "serve",
    "torch": "serve",
    "gcsfs": "gcs",
    "s3fs": "s3",
}
"""By the name under which it is imported; of two extras that have it, the smaller one."""


def advice(error: ModuleNotFoundError) -> str | None:
    """What to install where a library is missing that an extra has; None for any other."""
    library = (error.name or "").partition(".")[0]
    extra = EXTRA_OF.get(library)
    if extra is None:
        return None
    return (
        f"{library} is not installed: it comes with the extra {extra!r}, as in pip install smart-tool[{extra}], "
        f"or make install EXTRAS={extra} in a checkout"
    )
