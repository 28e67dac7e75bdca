"""What travels: the Merkle tree, proofs of one row, checkpoints and their cosignatures."""
