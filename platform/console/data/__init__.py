"""Pages about what comes in and goes out: imports, exports, website, data quality, mailbox, jobs."""
