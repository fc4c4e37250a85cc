"""A run's record as text (`text`), its fields (`fields`), what filters read of it (`glance`), and
the transitions of its state (`lifecycle`).
"""
