"""Plots as files: the data of `compare --plot` as HTML (ECharts) and PNG (matplotlib)."""
