"""The label list of Mapillary Vistas 1.2."""

from typing import NamedTuple


class VistasLabel(NamedTuple):
    """A label as its `config.json` tells: name, readable name, whether it has instances, RGB colour."""

    name: str
    readable: str
    instances: bool
    color: tuple[int, int, int]


VISTAS_LABELS = (
    VistasLabel("animal--bird", "Bird", True, (165, 42, 42)),
    VistasLabel("animal--ground-animal", "Ground Animal", True, (0, 192, 0)),
    VistasLabel("construction--barrier--curb", "Curb", False, (196, 196, 196)),
    VistasLabel("construction--barrier--fence", "Fence", False, (190, 153, 153)),
    VistasLabel("construction--barrier--guard-rail", "Guard Rail", False, (180, 165, 180)),
    VistasLabel("construction--barrier--other-barrier", "Barrier", False, (90, 120, 150)),
    VistasLabel("construction--barrier--wall", "Wall", False, (102, 102, 156)),
    VistasLabel("construction--flat--bike-lane", "Bike Lane", False, (128, 64, 255)),
    VistasLabel("construction--flat--crosswalk-plain", "Crosswalk - Plain", True, (140, 140, 200)),
    VistasLabel("construction--flat--curb-cut", "Curb Cut", False, (170, 170, 170)),
    VistasLabel("construction--flat--parking", "Parking", False, (250, 170, 160)),
    VistasLabel("construction--flat--pedestrian-area", "Pedestrian Area", False, (96, 96, 96)),
    VistasLabel("construction--flat--rail-track", "Rail Track", False, (230, 150, 140)),
    VistasLabel("construction--flat--road", "Road", False, (128, 64, 128)),
    VistasLabel("construction--flat--service-lane", "Service Lane", False, (110, 110, 110)),
    VistasLabel("construction--flat--sidewalk", "Sidewalk", False, (244, 35, 232)),
    VistasLabel("construction--structure--bridge", "Bridge", False, (150, 100, 100)),
    VistasLabel("construction--structure--building", "Building", False, (70, 70, 70)),
    VistasLabel("construction--structure--tunnel", "Tunnel", False, (150, 120, 90)),
    VistasLabel("human--person", "Person", True, (220, 20, 60)),
    VistasLabel("human--rider--bicyclist", "Bicyclist", True, (255, 0, 0)),
    VistasLabel("human--rider--motorcyclist", "Motorcyclist", True, (255, 0, 100)),
    VistasLabel("human--rider--other-rider", "Other Rider", True, (255, 0, 200)),
    VistasLabel("marking--crosswalk-zebra", "Lane Marking - Crosswalk", True, (200, 128, 128)),
    VistasLabel("marking--general", "Lane Marking - General", False, (255, 255, 255)),
    VistasLabel("nature--mountain", "Mountain", False, (64, 170, 64)),
    VistasLabel("nature--sand", "Sand", False, (230, 160, 50)),
    VistasLabel("nature--sky", "Sky", False, (70, 130, 180)),
    VistasLabel("nature--snow", "Snow", False, (190, 255, 255)),
    VistasLabel("nature--terrain", "Terrain", False, (152, 251, 152)),
    VistasLabel("nature--vegetation", "Vegetation", False, (107, 142, 35)),
    VistasLabel("nature--water", "Water", False, (0, 170, 30)),
    VistasLabel("object--banner", "Banner", True, (255, 255, 128)),
    VistasLabel("object--bench", "Bench", True, (250, 0, 30)),
    VistasLabel("object--bike-rack", "Bike Rack", True, (100, 140, 180)),
    VistasLabel("object--billboard", "Billboard", True, (220, 220, 220)),
    VistasLabel("object--catch-basin", "Catch Basin", True, (220, 128, 128)),
    VistasLabel("object--cctv-camera", "CCTV Camera", True, (222, 40, 40)),
    VistasLabel("object--fire-hydrant", "Fire Hydrant", True, (100, 170, 30)),
    VistasLabel("object--junction-box", "Junction Box", True, (40, 40, 40)),
    VistasLabel("object--mailbox", "Mailbox", True, (33, 33, 33)),
    VistasLabel("object--manhole", "Manhole", True, (100, 128, 160)),
    VistasLabel("object--phone-booth", "Phone Booth", True, (142, 0, 0)),
    VistasLabel("object--pothole", "Pothole", False, (70, 100, 150)),
    VistasLabel("object--street-light", "Street Light", True, (210, 170, 100)),
    VistasLabel("object--support--pole", "Pole", True, (153, 153, 153)),
    VistasLabel("object--support--traffic-sign-frame", "Traffic Sign Frame", True, (128, 128, 128)),
    VistasLabel("object--support--utility-pole", "Utility Pole", True, (0, 0, 80)),
    VistasLabel("object--traffic-light", "Traffic Light", True, (250, 170, 30)),
    VistasLabel("object--traffic-sign--back", "Traffic Sign (Back)", True, (192, 192, 192)),
    VistasLabel("object--traffic-sign--front", "Traffic Sign (Front)", True, (220, 220, 0)),
    VistasLabel("object--trash-can", "Trash Can", True, (140, 140, 20)),
    VistasLabel("object--vehicle--bicycle", "Bicycle", True, (119, 11, 32)),
    VistasLabel("object--vehicle--boat", "Boat", True, (150, 0, 255)),
    VistasLabel("object--vehicle--bus", "Bus", True, (0, 60, 100)),
    VistasLabel("object--vehicle--car", "Car", True, (0, 0, 142)),
    VistasLabel("object--vehicle--caravan", "Caravan", True, (0, 0, 90)),
    VistasLabel("object--vehicle--motorcycle", "Motorcycle", True, (0, 0, 230)),
    VistasLabel("object--vehicle--on-rails", "On Rails", False, (0, 80, 100)),
    VistasLabel("object--vehicle--other-vehicle", "Other Vehicle", True, (128, 64, 64)),
    VistasLabel("object--vehicle--trailer", "Trailer", True, (0, 0, 110)),
    VistasLabel("object--vehicle--truck", "Truck", True, (0, 0, 70)),
    VistasLabel("object--vehicle--wheeled-slow", "Wheeled Slow", True, (0, 0, 192)),
    VistasLabel("void--car-mount", "Car Mount", False, (32, 32, 32)),
    VistasLabel("void--ego-vehicle", "Ego Vehicle", False, (120, 10, 10)),
    VistasLabel("void--unlabeled", "Unlabeled", False, (0, 0, 0)),
)
"""In the order of the list, which numbers them."""
