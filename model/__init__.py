"""The click network: training, masks from clicks, and their evaluation."""
