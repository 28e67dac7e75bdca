"""What the process does before and after everything else."""
