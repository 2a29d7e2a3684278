"""What happens between scores and a list: masking, top-k, blending, fallback, diversity."""
