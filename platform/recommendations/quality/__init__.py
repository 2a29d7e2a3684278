"""Looking back: what lists did week by week, what they never reach, and how long answers are kept."""
