"""The micro world: arithmetic stories and writing tasks, generated from a seed."""
