"""What comes out: samples, verdicts, figures."""
