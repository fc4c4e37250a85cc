"""What can be run: the `operation` node of a configuration, flags, run options."""
