"""Our rows and verdicts as tasks of other harnesses."""
