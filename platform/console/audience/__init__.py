"""Pages about people and products: Customer 360, merging, erasing, a product."""
