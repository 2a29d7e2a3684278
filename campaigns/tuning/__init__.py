"""What measurements change by themselves: the steps of a night, each with its evidence."""
