"""A definition file without a mistake."""

from __future__ import annotations

FILE = "/types/acme_voice.toml"

GOOD = """\
name = "acme_voice"
title = "Acme voice"
help = "Console > Settings > API keys."
documentation = ["https://docs.acme.example/auth"]

[[field]]
name = "account_id"
label = "Account id"
kind = "word"
help = "It stands in the console."
example = "AC123"
required = true
pattern = "AC[0-9]{3}"

[[field]]
name = "auth_token"
label = "Token"
kind = "secret"
help = "It stands in the console."
required = true

[check]
host = "api.acme.example"
auth = "basic"
user = "{account_id}"
secret = "{auth_token}"

[[check.get]]
path = "/v1/accounts/{account_id}.json"
yes = { status = 200, values = { "sid" = "{account_id}", "is_open" = true } }

[[check.get.no]]
status = 401
sentence = "Acme does not accept the token."
what_to_do = "Copy it again."

[[show]]
label = "Plan"
path = "plan.name"

[numbers]
path = "/v1/accounts/{account_id}/numbers.json"
list = "numbers"
number = "phone_number"
"""
