"""Connections as people copy them: what stands round a string is taken off, and none of its password is shown."""

import shlex
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.data.postgres.conninfo.test_string import as_dict
from tui.data.postgres.conninfo.masking import MASK_CHARACTER, masked
from tui.data.postgres.conninfo.pasted import PASTE_MISTAKES, read_pasted
from tui.data.postgres.conninfo.string import MISTAKES
from tui.errors import MalformedConnectionString

CANARY = "Canary77secret"
URI = f"postgresql://u:{CANARY}@h:5433/d"
WHOLE = {"host": "h", "port": "5433", "dbname": "d", "user": "u", "password": CANARY}
PLACE = {"host": "h", "port": "5433", "dbname": "d", "user": "u"}

WRAPPED = [
    *(URI, f"  {URI}\n", f'"{URI}"', f"'{URI}'", f"`{URI}`", f"“{URI}”"),
    *(f'psql "{URI}"', f"psql {URI}", f"psql '{URI}'", f'$ psql "{URI}" -X', f"psql -d {URI}", f"psql --dbname={URI}"),
    *(f"DATABASE_URL={URI}", f'DATABASE_URL="{URI}"', f"DATABASE_URL = '{URI}'", f"export DATABASE_URL='{URI}'"),
    *(f"set DATABASE_URL={URI}", f'set "DATABASE_URL={URI}"', f'$env:DATABASE_URL = "{URI}"', f"$env:DB_URL={URI}"),
    f'# The direct one\nDATABASE_URL="{URI}"\n',
    URI.replace("postgresql", "postgresql+asyncpg"),
    f"psql 'host=h port=5433 dbname=d user=u password={CANARY}'",
    f"host=h port=5433 dbname=d user=u password={CANARY}",
    f"user=u \npassword={CANARY} \nhost=h\nport=5433\ndbname=d",
    f"PGHOST=h\nPGPORT=5433\nPGDATABASE=d\nPGUSER=u\nPGPASSWORD={CANARY}",
    *(f"PGPASSWORD={CANARY} psql -h h -p 5433 -U u -d d", f"PGPASSWORD={CANARY} psql -hh -p5433 d u"),
    f"PGPASSWORD={CANARY} psql \\\n  --host=h --port 5433 \\\n  --username=u d",
    f"PGPASSWORD={CANARY} psql -U other -p 1 postgresql://u@h:5433/d",
    f"jdbc:postgresql://h:5433/d?user=u&password={CANARY}",
    f"JDBC_URL=jdbc:postgresql://h:5433/d?user=u&password={CANARY}&ssl=false",
]
NO_PASSWORD = [
    *(URI.replace(CANARY, word) for word in ("[YOUR-PASSWORD]", "<password>", "YOUR_PASSWORD", "********")),
    *(URI.replace(CANARY, word) for word in ("%5BYOUR-PASSWORD%5D", "${DB_PASSWORD}", "your-db-password-here")),
    *(text.replace(CANARY, "[YOUR-PASSWORD]") for text in WRAPPED[6:] if "PGPASSWORD=" not in text),
    *(text.replace(CANARY, "YOUR_PASSWORD") for text in WRAPPED if "PGPASSWORD=" in text),
    *("psql -h h -p 5433 -U u -d d -W", "psql -W postgresql://u@h:5433/d"),
]
REFUSED = [
    ("open quote", f'DATABASE_URL="{URI}'),
    ("no string", f"PGPASSWORD={CANARY} make"),
    ("variable", 'psql "$DATABASE_URL"'),
    ("variable", f"PGPASSWORD={CANARY} psql -h $HOST"),
    ("psql option", f"psql {URI} -c 'select 1'"),
    ("psql option", f"psql {URI} a b"),
    ("jdbc parameter", f"jdbc:postgresql://h/d?password={CANARY}&prepareThreshold=0"),
]
AS_ELSEWHERE = [
    *(("empty", text) for text in ("", "psql ''", "# nothing")),
    ("two strings", f'DATABASE_URL="{URI}"\nDIRECT_URL="{URI}"'),
    ("two strings", f"DATABASE_URL={URI}\nDIRECT_URL={URI}"),
    ("placeholder", f"postgresql://postgres.[YOUR-PROJECT]:{CANARY}@h/d"),
    ("pooler user", f"PGPASSWORD={CANARY} psql -h aws-0-x.pooler.supabase.com -U postgres"),
    ("port", f"PGPASSWORD={CANARY} psql -p x"),
    ("no scheme", CANARY),
    ("other database", f"DATABASE_URL=mysql://u:{CANARY}@h/d"),
    ("parameter", f"{URI}?pgbouncer=true"),
]


class TestReading:
    """Each form people copy from a dashboard, a manual or a file."""

    @pytest.mark.parametrize("text", WRAPPED)
    def test_the_same_connection_comes_out_of_every_form(self, text):
        pasted = read_pasted(text)
        assert (as_dict(pasted.settings), pasted.lacks_password) == (WHOLE, False)

    @pytest.mark.parametrize("text", NO_PASSWORD)
    def test_a_placeholder_is_no_password(self, text):
        pasted = read_pasted(text)
        assert (as_dict(pasted.settings), pasted.lacks_password) == (PLACE, True)

    @pytest.mark.parametrize(
        ("text", "values"),
        [
            ("psql -h h -U u", {"host": "h", "user": "u"}),
            ("jdbc:postgresql:d", {"host": "localhost", "dbname": "d"}),
            ("jdbc:postgresql:///d", {"host": "localhost", "dbname": "d"}),
            ("jdbc:postgresql://[::1]:1,h2:2/d", {"host": "::1,h2", "port": "1,2", "dbname": "d"}),
            ("jdbc:postgresql://h/d?password=a+b%2B&ssl=true", {"password": "a b+", "sslmode": "require"}),
            ("jdbc:postgresql://h/d?ssl=true&sslmode=verify-full", {"sslmode": "verify-full"}),
            ("""DATABASE_URL=postgresql://u:a'b"c\\d$e`f@h/d""", {"password": """a'b"c\\d$e`f"""}),
        ],
    )
    def test_what_is_given_is_what_its_own_program_reads(self, text, values):
        assert values.items() <= as_dict(read_pasted(text).settings).items()


class TestRefusing:
    """One sentence says what, one what to do, and neither repeats the text."""

    @pytest.mark.parametrize(
        ("words", "text"),
        [*((PASTE_MISTAKES[k], text) for k, text in REFUSED), *((MISTAKES[k], text) for k, text in AS_ELSEWHERE)],
    )
    def test_is_answered_by_kind(self, words, text):
        with pytest.raises(MalformedConnectionString) as refused:
            read_pasted(text)
        failure = refused.value
        assert (failure.sentence, failure.what_to_do) == words
        assert failure.__cause__ is failure.__context__ is None

    def test_every_kind_is_met_above(self):
        assert {kind for kind, _ in REFUSED} == set(PASTE_MISTAKES)


class TestMasking:
    """Of a text in a field nothing of a password is drawn, whatever of it has been typed."""

    @pytest.mark.parametrize(
        "text", [*WRAPPED, f"host=h password='{CANARY} x' port=1", f"mysql://u:{CANARY}@h", CANARY]
    )
    def test_no_beginning_of_it_shows_the_password(self, text):
        secret = text.index(CANARY) if CANARY in text else 0
        for end in range(len(text) + 1):
            shown = masked(text[:end])
            assert len(shown) == end
            assert not set(shown[secret : secret + len(CANARY)]) - {MASK_CHARACTER}

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("postgresql://u:a/b@c:d@h:5432/d?sslmode=require", "postgresql://u:•••••••@h:5432/d?sslmode=require"),
            ("postgresql://u@h:5432/d", "postgresql://u@h:5432/d"),
            ("postgresql://u@server:se@h", "postgresql://u@server:••@h"),
            ("postgresql://u:p@h postgresql://v:se", f"postgresql://u:{MASK_CHARACTER * 21}"),
            ("jdbc:postgresql://h/d?password=a&user=u", "jdbc:postgresql://h/d?password=•&user=u"),
            ("PGPASSWORD=ab psql -h h", "PGPASSWORD=•• psql -h h"),
            ("psql -h h", "psql -h h"),
            ("""PGPASSWORD='a'"'"'b'c psql d""", "PGPASSWORD=•••••••••• psql d"),
            ("hunter=2", "••••••••"),
        ],
    )
    def test_the_rest_of_it_is_shown(self, text, shown):
        assert masked(text) == shown


@pytest.mark.long
class TestAnyPassword:
    """Whatever a password is made of."""

    @hypothesis_settings(max_examples=1_000)
    @given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1))
    def test_is_read_out_of_every_form(self, password):
        encoded = URI.replace(CANARY, quote(password, safe=""))
        whole = {**WHOLE, "password": password}
        texts = (
            *(encoded, f'psql "{encoded}"', f"export DATABASE_URL={encoded}", f"set DATABASE_URL={encoded}"),
            f"PGPASSWORD={shlex.quote(password)} psql -h h -p 5433 -U u d",
            f"jdbc:postgresql://h:5433/d?user=u&password={quote(password, safe='')}",
        )
        for text in texts:
            try:
                assert as_dict(read_pasted(text).settings) == whole
            except MalformedConnectionString as failure:
                assert (failure.sentence, failure.what_to_do) == MISTAKES["placeholder"]
            except AssertionError:
                assert read_pasted(text).lacks_password

    @hypothesis_settings(max_examples=4_000)
    @given(st.text("postgresql:/@?#%=&,[]' \"\\$-hdUW\n\x00\ud800é", max_size=60))
    def test_whatever_is_pasted_is_read_or_refused_by_kind(self, tail):
        kinds = {*MISTAKES.values(), *PASTE_MISTAKES.values()}
        for front in ("", "psql ", "DATABASE_URL=", 'export X="', "jdbc:postgresql:", "PGPASSWORD=", "postgresql://"):
            assert len(masked(front + tail)) == len(front + tail)
            try:
                read_pasted(front + tail)
            except MalformedConnectionString as failure:
                assert (failure.sentence, failure.what_to_do) in kinds
                assert failure.__context__ is None
