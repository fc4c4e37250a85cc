"""Pipelines as values: steps (`parse`), the trials that combinations share (`shared_trials`), their
graph in plan order (`graph`, `plan_graph`), what is current (`current`), what can start
(`schedule`).
"""
