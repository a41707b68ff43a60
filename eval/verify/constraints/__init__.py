"""Constraint types: their rules, how each checks, describes and satisfies itself."""
