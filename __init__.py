"""What training a model to reason costs its instruction following, and what gets it back.

One recipe trains one base model several ways (`train`), on rows it builds (`data_builders`), evaluates
every checkpoint for constraints held and answers right (`eval`), and writes one report (`recipes` runs it all).
Not a training framework: the trainers are TRL's, the launcher is accelerate's.
"""

__version__ = "0.1.0"
