"""Where a server is: the settings of a connection, and the strings they are read from and written to."""
