"""The least share of an arm; a module of its own, because senders need it and not scipy."""

FLOOR = 0.01
