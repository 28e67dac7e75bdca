"""One sitting at the console or one command: its connection, and the acts that join a provider to the database."""
