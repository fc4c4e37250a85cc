"""This machine: clock, processes, open files, the code's provenance."""
