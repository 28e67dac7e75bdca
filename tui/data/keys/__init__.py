"""Master keys, envelopes, and the gate that every write of one passes."""
