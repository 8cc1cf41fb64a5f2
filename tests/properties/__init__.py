"""Properties that hold for any graph over the whole catalogue."""
