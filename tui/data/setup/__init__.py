"""What the wizard and the doctor look at."""
