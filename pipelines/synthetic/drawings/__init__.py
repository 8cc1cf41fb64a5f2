"""How each kind of object is drawn: a function (sketch, rng) a kind, parts as they lie one over the other."""
