"""The version of both packages, in the one place where setup.py, `--version` and what is written look for it."""

__version__ = "0.2.0"
