"""The tasks a recipe comes to, what each costs, and the hash of what goes into it."""
