"""The executor on this machine: one thread (`reactor`) follows all trials; records are written in
another (`recorder`).
"""
