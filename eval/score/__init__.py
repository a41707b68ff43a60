"""Verdicts and answers of responses, their floors, and the measures of a set."""
