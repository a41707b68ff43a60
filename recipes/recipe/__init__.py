"""A recipe read strictly, and what it refers to looked up."""
