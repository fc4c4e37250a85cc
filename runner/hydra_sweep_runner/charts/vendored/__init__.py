"""Files of other projects, as published, each with its licence; `charts.vendored_files` has their
checksums.
"""
