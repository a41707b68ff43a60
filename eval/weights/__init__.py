"""A model's weights: what its files hold against what it needs, before any is loaded."""
