"""The page of a run: figures, tables, captions, generations; the same to W&B."""
