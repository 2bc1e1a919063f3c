"""The vendors' backends, one folder each; found by name through :mod:`aai_migrate.registry`."""
