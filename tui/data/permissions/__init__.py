"""Who may use which integration: reading, staging, applying, explaining."""
