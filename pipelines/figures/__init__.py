"""Annotated objects: a figure is a class title on a shape, and each shape knows its own geometry."""

from pipelines.figures.bitmap import Bitmap
from pipelines.figures.figure import Figure
from pipelines.figures.line import Line
from pipelines.figures.point import Point
from pipelines.figures.polygon import Polygon
from pipelines.figures.rectangle import Rectangle
from pipelines.figures.shape import SHAPES, Bounds, Shape

__all__ = ["SHAPES", "Bitmap", "Bounds", "Figure", "Line", "Point", "Polygon", "Rectangle", "Shape"]
