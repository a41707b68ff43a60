"""Rows in, responses out: engines, decoding, modes."""
