"""Training samples for click segmentation: a graph language, its actions, and their execution on Apache Beam."""
