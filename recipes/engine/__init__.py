"""Runs tasks: processes, progress, cards, Slurm."""
