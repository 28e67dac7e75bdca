"""Speaking to Postgres: where it is, connections, units of work, and what its errors mean."""
