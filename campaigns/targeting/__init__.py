"""Who gets which offer: values per person under a budget, with some left alone to learn from."""
