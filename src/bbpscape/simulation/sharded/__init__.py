"""One draw whose inputs lie on the workers of a Dask scheduler."""
