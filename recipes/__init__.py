"""The ablation: checks a recipe, plans its stages and runs them."""
