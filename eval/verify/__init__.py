"""The verifiers, at the ground: constraints, answers, the reasoning split. Imports nothing of ours, and no torch."""
