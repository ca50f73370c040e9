"""The statistics page of a vintage: static files in four languages, and the same for machines."""
