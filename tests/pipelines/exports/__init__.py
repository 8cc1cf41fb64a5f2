"""Tests of `pipelines.exports`: one file a form, and one for all forms."""
