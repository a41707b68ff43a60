"""How much of a model's attention stays on the constraints: where they stand in the prompt, and the mass on them."""
