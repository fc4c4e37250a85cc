"""Executes tasks: an `executor` takes them from a `source`. `local` runs many on this machine,
`cluster` on Dask; `attempt` supervises one of them from its start to its record, and `script`,
`function` and `server` are the processes that user code runs in.
"""
