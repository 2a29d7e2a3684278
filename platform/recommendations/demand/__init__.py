"""Demand: forecasts of what each product will sell, how stock stands to them, and what lists make of it."""
