"""Rehearsals: of one campaign, as a panel of its review, and how all of them held."""
