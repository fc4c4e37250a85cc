"""Pipelines as values: steps (`parse`), combinations to a graph of trials (`graph`), what is
current (`current`), what can start (`schedule`).
"""
