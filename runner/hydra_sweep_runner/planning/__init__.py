"""Which trials a batch has (`trials`, from `combinations` or `draws`), when two are the same
(`identity`), and what a restart does with each (`reconcile`).
"""
