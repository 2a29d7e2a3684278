"""Lists taken out as CSV: at once when they are short, as a job with a download when they are long."""
