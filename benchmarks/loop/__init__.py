"""Does the loop earn more than the system left as it was? A simulated shop, history, and a public log."""
