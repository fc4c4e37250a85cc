"""What runs report: printed lines and returned values, as bounded series."""
