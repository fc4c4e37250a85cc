"""Python scripts: which flags one takes (`flags`), as its source shows without running it, and its
process (`process`, `boot`).
"""
