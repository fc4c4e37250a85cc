"""Python scripts: which flags one takes (`flags`), as its source shows without running it
(`argparse_source`: which names its parser accepts; `declared_flags`: with which defaults, for
`runner init`), and its process (`process`, `boot`).
"""
