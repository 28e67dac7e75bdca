"""Hostile definition files, with the exact answer to each."""

from __future__ import annotations

from typing import NamedTuple

from tests.support.definition_files import FILE, GOOD


class Hostile(NamedTuple):
    """A file: what is hostile about it, its content, and the answers whole."""

    title: str
    content: bytes
    answers: tuple[str, ...]


def changed(old: str, new: str) -> bytes:
    """Return the good file with something else in place of what stands there once or more."""
    assert old in GOOD, old
    return GOOD.replace(old, new, 1).encode()


def line(number: int, sentence: str) -> str:
    return f"Line {number} of {FILE}: {sentence}"


HOST_RULE = "host is a full host name in small letters, such as api.example.com or api.example.com:8443; there is "
PATH_RULE = "path begins with one / and has neither blanks, # nor segments of dots: what follows the host."
RE2_RULE = (
    "pattern is no regular expression of RE2 (https://github.com/google/re2/wiki/Syntax): it "
    "has neither look-around nor references to groups, and repeats at most 1000 times."
)
NAME_RULE = "name begins with a small letter and has small letters, digits and _, 50 at most; there is "

HOSTILE = (
    Hostile(
        "empty",
        b"",
        (
            line(1, "name is missing in a definition file: a text of at most 50 characters."),
            line(1, "title is missing in a definition file: a text of at most 60 characters."),
            line(1, "help is missing in a definition file: a text of at most 1000 characters."),
            line(1, "[[field]] is missing: there has to be at least one."),
        ),
    ),
    Hostile(
        "not UTF-8", GOOD.encode() + b"# caf\xe9\n", (f"Line 45 of {FILE} is not UTF-8 text. Save the file as UTF-8.",)
    ),
    Hostile(
        "byte order mark",
        b"\xef\xbb\xbf" + GOOD.encode(),
        (f"{FILE} begins with a byte order mark. Save it as UTF-8 without one.",),
    ),
    Hostile(
        "NUL",
        GOOD.encode() + b"\x00",
        (f'Line 45 of {FILE} is not TOML. A line is a key = "text", a [table], or a # comment.',),
    ),
    Hostile("larger than 64 kB", GOOD.encode() + b"#" * 64000, (f"{FILE} is larger than 64 kB.",)),
    Hostile(
        "not TOML",
        changed('title = "Acme voice"', "title: Acme voice"),
        (f'Line 2 of {FILE} is not TOML. A line is a key = "text", a [table], or a # comment.',),
    ),
    Hostile(
        "text that does not end",
        changed('"Acme voice"', '"Acme voice'),
        (f'Line 2 of {FILE} is not TOML. A line is a key = "text", a [table], or a # comment.',),
    ),
    Hostile(
        "file that ends within a value",
        changed('number = "phone_number"\n', "number = "),
        (f'The end of {FILE} is not TOML. A line is a key = "text", a [table], or a # comment.',),
    ),
    Hostile(
        "key twice",
        changed("[check]\n", '[check]\nhost = "evil.example"\n'),
        (f'Line 24 of {FILE} sets "host", which line 23 has set already.',),
    ),
    Hostile(
        "table twice",
        GOOD.encode() + b"[check]\n",
        (f'Line 45 of {FILE} sets "check", which line 22 has set already.',),
    ),
    Hostile(
        "100,000 nested arrays",
        b"x = " + b"[" * 30000,
        (f"Line 1 of {FILE} is nested too deeply. Compare it with `switchboard types new NAME`.",),
    ),
    Hostile(
        "nested inline tables",
        b"x = " + b"{ a = " * 9000,
        (f"Line 1 of {FILE} is nested too deeply. Compare it with `switchboard types new NAME`.",),
    ),
    Hostile(
        "key of 10,000 parts",
        b".".join([b"a"] * 10000) + b" = 1\n",
        (f"Line 1 of {FILE} is nested too deeply. Compare it with `switchboard types new NAME`.",),
    ),
    Hostile(
        "whole number of 5,000 digits",
        changed("status = 401", "status = " + "9" * 5000),
        (f'{FILE} has a number with too many digits. A line is a key = "text", a [table], or a # comment.',),
    ),
    Hostile(
        "hexadecimal number of 50,000 digits",
        changed("status = 401", "status = 0x" + "f" * 50000),
        (line(33, "status is a number from 200 to 599, or an array of such: [200, 201]."),),
    ),
    Hostile(
        "NaN, infinity and 2**53 as values",
        changed('"is_open" = true', '"a" = nan, "b" = -inf, "c" = 9007199254740992'),
        (
            line(30, '"a" has a number that is none in JSON, or has more than 15 digits.'),
            line(30, '"b" has a number that is none in JSON, or has more than 15 digits.'),
            line(30, '"c" has a number that is none in JSON, or has more than 15 digits.'),
        ),
    ),
    Hostile(
        "dates where texts belong",
        changed('title = "Acme voice"', "title = 2026-11-30T00:00:00Z").replace(b"status = 401", b"status = 07:32:00"),
        (
            line(2, "title is a text in quotes; there is a date or time."),
            line(33, "status is a number from 200 to 599, or an array of such: [200, 201]."),
        ),
    ),
    Hostile(
        "name of a path",
        changed('name = "acme_voice"', 'name = "../../etc/passwd"'),
        (line(1, NAME_RULE + '"../../etc/passwd".'),),
    ),
    Hostile(
        "name of another file",
        changed('name = "acme_voice"', 'name = "acme_mail"'),
        (line(1, 'name is "acme_mail", so the file has to be called acme_mail.toml.'),),
    ),
    Hostile(
        "name in other letters",
        changed('name = "acme_voice"', 'name = "аcme_voice"'),
        (line(1, NAME_RULE + '"аcme_voice".'),),
    ),
    Hostile(
        "title of escape sequences",
        changed("Acme voice", "Acme\\u001b[2J"),
        (line(2, "title holds a character that nobody sees (U+001B); type it again without."),),
    ),
    Hostile(
        "title turned round (bidi)",
        changed("Acme voice", "Acme\u202eeciov"),
        (line(2, "title holds a character that nobody sees (U+202E); type it again without."),),
    ),
    Hostile(
        "title with letters of two alphabets",
        changed("Acme voice", "\u0410cme voice"),
        (
            line(
                2,
                "title has letters of several alphabets that look alike (Cyrillic and Latin); write it in one of them.",
            ),
        ),
    ),
    Hostile(
        "invisible character in a label",
        changed('label = "Token"', 'label = "Tok\u200ben"'),
        (line(17, "label holds a character that nobody sees (U+200B); type it again without."),),
    ),
    Hostile(
        "help of several lines",
        changed('"Console > Settings > API keys."', '"""\nConsole\n> keys"""'),
        (line(3, "help is one line; end the lines between three quotation marks with a backslash."),),
    ),
    Hostile(
        "label of a page",
        changed('label = "Token"', f'''label = "{"T" * 3000}"'''),
        (line(17, "label has at most 20 characters; there are 3000."),),
    ),
    Hostile(
        "unknown and misspelled keys",
        changed('label = "Token"', 'lable = "Token"').replace(b"[numbers]", b"[number]"),
        (
            line(15, "label is missing in [[field]]: a text of at most 20 characters."),
            line(17, '"lable" is nothing that [[field]] has. Did you mean label?'),
            line(41, '"number" is nothing that a definition file has. Did you mean numbers?'),
        ),
    ),
    Hostile(
        "kind that there is not",
        changed('kind = "secret"', 'kind = "secert"'),
        (
            line(
                18,
                (
                    "kind is one of word, secret, text, multiline, number, choice, yes_no, host, host_port, "
                    'port, email, phone, e164 or sender; there is "secert". Did you mean secret?'
                ),
            ),
        ),
    ),
    Hostile(
        "41 fields",
        (
            GOOD + "".join(f'[[field]]\nname = "f{n}"\nlabel = "F"\nkind = "text"\nhelp = "F."\n' for n in range(39))
        ).encode(),
        (line(235, "there are 41 of [[field]]; 40 is the most."),),
    ),
    Hostile(
        "field twice",
        changed('name = "auth_token"', 'name = "account_id"'),
        (
            line(16, 'name is that of an earlier field, "account_id"; each has its own.'),
            line(26, 'secret names "auth_token", which is no field of this file.'),
        ),
    ),
    Hostile(
        "secret with a default",
        changed('kind = "secret"', 'kind = "secret"\ndefault = "hunter2"'),
        (line(19, "default does not go with a secret: a secret that stands in a file is none."),),
    ),
    Hostile(
        "pattern that takes forever (backtracking)",
        changed("AC[0-9]{3}", "(A+)+C"),
        (
            line(
                13, ("pattern repeats a group that repeats something itself; write it without one of the repetitions.")
            ),
        ),
    ),
    Hostile("pattern with a look-ahead", changed("AC[0-9]{3}", "(?=A)AC.*"), (line(13, RE2_RULE),)),
    Hostile(
        "pattern of 201 characters",
        changed("AC[0-9]{3}", "A" * 201),
        (line(13, "pattern has at most 200 characters; there are 201."),),
    ),
    Hostile("pattern that repeats 10,000 times", changed("AC[0-9]{3}", "(A{100}){100}"), (line(13, RE2_RULE),)),
    Hostile(
        "example that the pattern refuses",
        changed('example = "AC123"', 'example = "BC123"'),
        (line(11, "example is refused by the field itself: A value of the form AC[0-9]{3}."),),
    ),
    Hostile(
        "secret in the address",
        changed('path = "/v1/accounts/{account_id}.json"', 'path = "/v1/accounts/{account_id}.json?key={auth_token}"'),
        (line(29, "path holds the secret auth_token; a secret stands in user and secret of [check] alone."),),
    ),
    Hostile(
        "secret in what an answer has to be",
        changed('"is_open" = true', '"token" = "{auth_token}"'),
        (line(30, ('"token" holds the secret auth_token; a secret stands in user and secret of [check] alone.')),),
    ),
    Hostile(
        "host and secret of a field",
        changed('host = "api.acme.example"', 'host = "{auth_token}.evil.example"'),
        (line(23, HOST_RULE + '"{auth_token}.evil.example".'),),
    ),
    Hostile(
        "host of a short name",
        changed('host = "api.acme.example"', 'host = "localhost"'),
        (line(23, HOST_RULE + '"localhost".'),),
    ),
    Hostile(
        "host of an address",
        changed('host = "api.acme.example"', 'host = "169.254.169.254"'),
        (line(23, HOST_RULE + '"169.254.169.254".'),),
    ),
    Hostile(
        "host with a user before it",
        changed('host = "api.acme.example"', 'host = "api.acme.example@evil.example"'),
        (line(23, HOST_RULE + '"api.acme.example@evil.example".'),),
    ),
    Hostile(
        "host with a port that there is not",
        changed('host = "api.acme.example"', 'host = "api.acme.example:99999"'),
        (line(23, HOST_RULE + '"api.acme.example:99999".'),),
    ),
    Hostile(
        "host_field that is no host",
        changed('host = "api.acme.example"', 'host_field = "account_id"'),
        (line(23, 'host_field is the name of a field of kind host or host_port; "account_id" is none.'),),
    ),
    Hostile(
        "host and host_field",
        changed('host = "api.acme.example"', 'host = "api.acme.example"\nhost_field = "account_id"'),
        (
            line(
                22,
                (
                    'host and host_field are both there: either host = "api.example.com", or host_field '
                    "names a field of kind host."
                ),
            ),
            line(24, 'host_field is the name of a field of kind host or host_port; "account_id" is none.'),
        ),
    ),
    Hostile(
        "private network in a user's file",
        changed('host = "api.acme.example"', 'host = "api.acme.example"\nprivate_network = true'),
        (line(24, "private_network is open to files of root in /etc/switchboard/types alone; leave it out."),),
    ),
    Hostile(
        "path to another host",
        changed('path = "/v1/accounts/{account_id}.json"', 'path = "//evil.example/"'),
        (line(29, PATH_RULE),),
    ),
    Hostile(
        "path with steps up",
        changed('path = "/v1/accounts/{account_id}.json"', 'path = "/v1/../admin"'),
        (line(29, PATH_RULE),),
    ),
    Hostile(
        "path with a line break",
        changed('path = "/v1/accounts/{account_id}.json"', 'path = "/v1\\r\\nX-Evil: 1"'),
        (line(29, "path is one line; end the lines between three quotation marks with a backslash."),),
    ),
    Hostile(
        "field that there is not",
        changed('user = "{account_id}"', 'user = "{acount_id}"'),
        (line(25, 'user names "acount_id", which is no field of this file.'),),
    ),
    Hostile(
        "brace of str.format",
        changed('user = "{account_id}"', 'user = "{account_id.__class__}"'),
        (line(25, ("user has a brace that is neither doubled ({{) nor round the name of a field ({account_id}).")),),
    ),
    Hostile(
        "check without a secret",
        changed('secret = "{auth_token}"', 'secret = "{account_id}"'),
        (line(26, "secret names no field of kind secret, so the check would prove nothing."),),
    ),
    Hostile(
        "header that carries the request",
        changed('auth = "basic"\nuser = "{account_id}"', 'auth = "header"\nheader = "Host"'),
        (line(25, 'header is the name of a header for a key, such as X-Api-Key; there is "Host".'),),
    ),
    Hostile(
        "header with a line break",
        changed('auth = "basic"\nuser = "{account_id}"', 'auth = "header"\nheader = "X-Key\\r\\nX-Evil"'),
        (line(25, "header is one line; end the lines between three quotation marks with a backslash."),),
    ),
    Hostile(
        "yes that is every status",
        changed("status = 200", "status = [200, 302, 404]"),
        (line(30, "status is a number from 200 to 299, or an array of such: [200, 201]."),),
    ),
    Hostile(
        "yes without a status",
        changed("status = 200, values", "values"),
        (line(30, "status is a number from 200 to 299, or an array of such: [200, 201]."),),
    ),
    Hostile(
        "three GETs",
        (GOOD + '\n[[check.get]]\npath = "/b"\nyes = { status = 200 }\n' * 2).encode(),
        (line(50, "there are 3 of [[check.get]]; 2 is the most."),),
    ),
    Hostile(
        "21 refusals",
        changed(
            "[[show]]", '[[check.get.no]]\nstatus = 402\nsentence = "No."\nwhat_to_do = "Pay."\n' * 20 + "[[show]]"
        ),
        (line(113, "there are 21 of [[check.get.no]]; 20 is the most."),),
    ),
    Hostile(
        "path in the answer without quotes",
        changed('"sid" = "{account_id}"', 'account.sid = "{account_id}"'),
        (
            line(
                30,
                (
                    '"account" is read as a table: write a path with dots in quotes, such as '
                    '"account.status" = "active".'
                ),
            ),
        ),
    ),
    Hostile(
        "value of an answer to a GET that there is not",
        changed('label = "Plan"', 'label = "Plan"\nget = 2'),
        (line(39, "get is a whole number from 1 to 1; there is 2."),),
    ),
    Hostile(
        "show of a secret's name alone",
        changed('path = "plan.name"', 'path = "plan..name"'),
        (
            line(
                39,
                (
                    "path has names and places of an array with dots between, such as data.0.status: at most "
                    "20, and none empty."
                ),
            ),
        ),
    ),
    Hostile(
        "check as a word",
        changed("[check]\n", "[other]\n").replace(b"name = ", b'check = "python"\nname = ', 1),
        (f'Line 29 of {FILE} is not TOML. A line is a key = "text", a [table], or a # comment.',),
    ),
    Hostile(
        "control that nobody made",
        GOOD.encode() + b'[control]\ndate = "yesterday"\nsha256 = "abc"\n',
        (line(46, ("date is a day without quotes, such as 2026-11-30, as `switchboard types check` writes it.")),),
    ),
    Hostile(
        "documentation that runs",
        changed("https://docs.acme.example/auth", "javascript:alert(1)"),
        (line(4, 'documentation has addresses with https://; there is "javascript:alert(1)".'),),
    ),
    Hostile(
        "mailbox whose host is any word",
        changed('host = "api.acme.example"\nauth = "basic"\n', "").replace(
            b"[[check.get]]", b'[check.imap]\nhost = "{account_id}"\nport = 99999\n[[check.get]]'
        ),
        (
            line(27, "host names account_id, which is no field of kind host."),
            line(28, "port is a field of kind port in braces, or a number."),
            line(29, ('"get" is nothing that [check] has. There can be private_network, smtp, imap, user, secret.')),
            line(38, "[[show]] needs a [check] with [[check.get]], whose answers it shows."),
            line(42, "[numbers] needs a [check] with [[check.get]]: the host and the keys are its."),
        ),
    ),
    Hostile(
        "host_field that may be blank",
        changed('host = "api.acme.example"', 'host_field = "api_host"').replace(
            b"[check]", b'[[field]]\nname = "api_host"\nlabel = "Host"\nkind = "host"\nhelp = "H."\n\n[check]', 1
        ),
        (line(29, "host_field names api_host, which may be blank: make it required, or give it a default."),),
    ),
    Hostile(
        "choice without choices, pattern of a port",
        changed('kind = "word"', 'kind = "choice"').replace(
            b'kind = "secret"', b'kind = "port"\npattern = "[0-9]+"\nchoices = [443, 443]'
        ),
        (
            line(6, "choices are missing in [[field]]: a choice is one of them."),
            line(13, "pattern goes with word, secret, text; a choice has a form of its own."),
            line(19, "pattern goes with word, secret, text; a port has a form of its own."),
            line(20, 'choices has "443" twice.'),
            line(28, "secret names no field of kind secret, so the check would prove nothing."),
        ),
    ),
)
