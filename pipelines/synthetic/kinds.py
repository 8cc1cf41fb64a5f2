"""The kinds of objects: the classes of the dataset."""

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.synthetic.arrays import Rng
from pipelines.synthetic.drawings import living, shapes, things, vehicles
from pipelines.synthetic.sketch import Sketch


@dataclass(frozen=True)
class Kind:
    """A kind of object: its class name, how it is drawn, whether it stands upright, Vistas labels it passes for."""

    name: str
    draw: Callable[[Sketch, Rng], None]
    upright: bool
    vistas: tuple[str, ...]


KINDS: tuple[Kind, ...] = (
    Kind("ball", shapes.ball, False, ("Fire Hydrant", "Manhole", "Traffic Light")),
    Kind("beast", living.beast, True, ("Ground Animal",)),
    Kind("bicycle", vehicles.bicycle, True, ("Bicycle", "Motorcycle")),
    Kind("bird", living.bird, True, ("Bird",)),
    Kind("boat", vehicles.boat, True, ("Boat",)),
    Kind("bottle", things.bottle, True, ("Fire Hydrant", "Trash Can")),
    Kind("car", vehicles.car, True, ("Car", "Car", "Caravan", "Other Vehicle")),
    Kind("chair", things.chair, True, ("Bench", "Bike Rack")),
    Kind("crate", things.crate, True, ("Junction Box", "Mailbox", "Phone Booth", "Trash Can")),
    Kind("cup", things.cup, True, ("Trash Can", "Wheeled Slow")),
    Kind("facet", shapes.facet, False, ("Banner", "Catch Basin", "Traffic Sign (Back)")),
    Kind("fish", living.fish, False, ("Ground Animal",)),
    Kind("flower", living.flower, True, ("Street Light", "Banner")),
    Kind("frame", things.frame, True, ("Bike Rack", "Traffic Sign Frame", "Crosswalk - Plain")),
    Kind("lamp", things.lamp, True, ("Street Light", "CCTV Camera")),
    Kind("leaf", living.leaf, False, ("Banner",)),
    Kind("letter", shapes.letter, False, ("Lane Marking - Crosswalk", "Billboard")),
    Kind("lorry", vehicles.lorry, True, ("Truck", "Bus", "Trailer")),
    Kind("person", living.person, True, ("Person", "Person", "Bicyclist", "Motorcyclist", "Other Rider")),
    Kind("plane", vehicles.plane, False, ("Other Vehicle",)),
    Kind("ring", shapes.ring, False, ("Catch Basin", "Manhole")),
    Kind("rope", shapes.rope, False, ("Pole", "Bike Rack")),
    Kind("sign", things.sign, True, ("Traffic Sign (Front)", "Traffic Sign (Back)", "Billboard")),
    Kind("star", shapes.star, False, ("Traffic Light", "Banner")),
    Kind("stone", shapes.stone, False, ("Ground Animal", "Trash Can", "Other Vehicle")),
    Kind("tool", things.tool, False, ("Utility Pole", "Phone Booth", "Wheeled Slow")),
    Kind("tree", living.tree, True, ("Utility Pole", "Pole")),
    Kind("umbrella", things.umbrella, True, ("Banner", "Billboard")),
)
