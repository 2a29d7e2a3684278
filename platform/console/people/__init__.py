"""What is known of all people together: scores and their proof, the RFM grid, lifetime value."""
