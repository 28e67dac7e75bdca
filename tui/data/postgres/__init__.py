"""Speaking to Postgres: where it is, connections, units of work, and what its errors mean."""

from tui.data.postgres.driver_versions import name_driver_versions

# Before any module of the package imports the driver.
name_driver_versions()
