"""The executor on a Dask cluster: what is sent to a worker, and what runs there."""
