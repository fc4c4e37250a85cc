"""Worker processes that call functions and Hydra programs, one trial after the other (`worker`),
and how each trial finds the process as the first one did.
"""
