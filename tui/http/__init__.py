"""The operations on integrations and phone numbers over HTTP, for a web page: `switchboard serve`."""
