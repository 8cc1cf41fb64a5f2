"""Pictures for people: a graph as a drawing, samples as contact sheets, statistics as plots."""
