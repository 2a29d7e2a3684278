"""The demo: the whole loop once on real data, driven as a person and the workers would."""
