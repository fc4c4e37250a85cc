"""Searches: spaces, objective, what a proposal knows (`window`), when to end (`stopping_rules`),
and asking an optimizer in plan order (`learning`).
"""
