"""A plan executed: in memory, which says what it means, and on Beam, which does it at any scale."""
