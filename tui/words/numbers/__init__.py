"""Phone numbers in words: how they are written, and what is known of them."""
