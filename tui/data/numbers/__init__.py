"""Phone numbers: listing, changing and syncing them."""
