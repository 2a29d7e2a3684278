"""Scores: what customers will probably do, and what they will bring."""
