"""Delivery's own pages: runs, the log, who did not get it, providers, tasks for staff, suppression."""
