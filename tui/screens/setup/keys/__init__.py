"""The master keys of a database: what is under each, the change of the one in use, and the end of one before."""
