"""A run folder in, results.json out."""
