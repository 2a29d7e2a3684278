"""Scores of customers: facts in, models kept as versions, scores and reasons out."""
