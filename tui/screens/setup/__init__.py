"""Section 5, the wizard and the doctor."""
