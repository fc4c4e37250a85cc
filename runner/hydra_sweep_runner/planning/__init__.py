"""Which trials a batch has (`trials`): the `combinations` of a grid, some of them in a
`seeded_shuffle`, or those of a `random_search` over a `space`; when two are the same (`identity`),
and what a restart does with each (`reconcile`).
"""
