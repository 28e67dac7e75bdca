"""Logins that are people: which there are, what each may see, and the roles of the server behind them."""
