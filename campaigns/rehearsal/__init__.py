"""A campaign played on the shop's own past, before anybody gets it."""
