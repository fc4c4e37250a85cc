"""Python scripts: which flags one takes (`flags`), as its source shows without running it
(`argparse_option_names`: which names its parser accepts; `flags_and_defaults`: with which defaults,
for `runner init`), and its process (`process`, `boot`).
"""
