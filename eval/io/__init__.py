"""The ground: errors, JSON files written whole, what may be logged. Imports nothing of ours."""
