"""The terminal itself: what its bytes mean, how it is written to, and how the program ends when it goes away."""
