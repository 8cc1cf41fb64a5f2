"""An artificial labelled dataset: scenes of overlapping objects of many kinds, all of it drawn from a seed.

From the ground up, each module using only those before it:

    arrays       kinds of arrays, and a random choice
    sketch       the sheet on which an object is drawn
    drawings     how each kind of object is drawn on it
    kinds        the table of kinds
    colors       palettes
    textures     patches of stuff
    backgrounds  what lies behind the objects
    silhouettes  objects in their places
    painting     shadows, textures and light on them
    encode       JPEG and PNG files as bytes
    camera       exposure, blur and noise
    scene        one scene, from a seed and a number
    vistas       the label list of Mapillary Vistas
    layouts      a dataset of scenes on disk
"""

from pipelines.synthetic.kinds import KINDS
from pipelines.synthetic.layouts import Summary, generate
from pipelines.synthetic.scene import Scene, draw_scene

__all__ = ["KINDS", "Scene", "Summary", "draw_scene", "generate"]
