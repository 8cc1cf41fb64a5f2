"""A DTL graph from text to plan: parse, check everything at once, order."""
