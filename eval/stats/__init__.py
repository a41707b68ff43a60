"""Intervals, paired differences, slopes and decompositions: arrays in, numbers out. Imports nothing of ours."""
