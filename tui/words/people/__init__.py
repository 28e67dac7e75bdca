"""People, logins and organisations in words, and what they may do."""
