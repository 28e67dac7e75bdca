"""The data-access module: the only place with SQL strings or psycopg."""
