"""Pages about segments: the builder with what answers it while one types, a segment, and lists kept by hand."""
