"""Pages about segments: the builder and what answers it while one types, a segment, lists by hand."""
