"""Pages that compare and decide: experiments, recommendations, tuning."""
