"""Connection strings: what is read, and every mistake answered without a word of what was typed."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from psycopg import pq

from tui.data.postgres.conninfo.parameters import REFUSED, TAKEN, refused_kind
from tui.data.postgres.conninfo.settings import libpq_keywords, make_conninfo
from tui.data.postgres.conninfo.string import MISTAKES, from_environment, parse_connection_string
from tui.errors import MalformedConnectionString

CANARY = "Canary77secret"


def as_dict(settings):
    values = {"host": settings.host, "port": settings.port, "dbname": settings.database, "user": settings.user}
    if settings.password:
        values["password"] = settings.password.reveal("test")
    return {keyword: value for keyword, value in (values | settings.parameters).items() if value}


def as_libpq_reads(text):
    values = {option.keyword.decode(): option.val.decode() for option in pq.Conninfo.parse(text.encode()) if option.val}
    # For several hosts without ports libpq notes the commas, which say as much as nothing.
    return {keyword: value for keyword, value in values.items() if value.strip("," if keyword == "port" else "")}


MISTYPED = [
    ("empty", "   "),
    ("quotes", f'"postgresql://u:{CANARY}@h/d"'),
    ("quotes", f"postgresql://u:{CANARY}@h/d'"),
    ("quotes", f"“postgresql://u:{CANARY}@h/d”"),
    ("psql", f"psql postgresql://u:{CANARY}@h/d"),
    ("psql", f"psql 'postgresql://u:{CANARY}@h/d'"),
    ("assignment", f"DATABASE_URL=postgresql://u:{CANARY}@h/d"),
    ("assignment", f"export DATABASE_URL='postgresql://u:{CANARY}@h/d"),
    ("assignment", f'$env:DATABASE_URL = "postgresql://u:{CANARY}@h/d"'),
    ("assignment", f'set "DATABASE_URL=jdbc:postgresql://h/d?password={CANARY}"'),
    ("no scheme", f"u:{CANARY}@h:5432/d"),
    ("no scheme", f"postgres:{CANARY}@h/d"),
    ("no scheme", f"postgresql:/u:{CANARY}@h/d"),
    ("no scheme", f"//u:{CANARY}@h/d"),
    ("no scheme", CANARY),
    ("misspelt scheme", f"postgressql://u:{CANARY}@h/d"),
    ("misspelt scheme", f"postgre://u:{CANARY}@h/d"),
    ("web address", f"https://{CANARY}.supabase.co"),
    ("jdbc", f"jdbc:postgresql://h/d?user=u&password={CANARY}"),
    ("driver", f"postgresql+asyncpg://u:{CANARY}@h/d"),
    ("other database", f"mysql://u:{CANARY}@h/d"),
    ("other database", f"mongodb+srv://u:{CANARY}@h/d"),
    ("two strings", f"postgresql://u:{CANARY}@h/d,postgresql://u:{CANARY}@h2/d"),
    ("placeholder", "postgresql://postgres:[YOUR-PASSWORD]@db.abc.supabase.co:5432/postgres"),
    ("placeholder", f"postgresql://{CANARY}:<password>@h/d"),
    ("placeholder", f"postgresql://{CANARY}:${{DB_PASSWORD}}@h/d"),
    ("placeholder", f"postgresql://{CANARY}:YOUR_PASSWORD@h/d"),
    ("placeholder", f"postgresql://{CANARY}:********@h/d"),
    ("placeholder", f"host={CANARY} password=[YOUR-PASSWORD]"),
    ("blanks", f"postgresql://u:{CANARY} x@h/d"),
    ("blanks", f"postgresql://u:{CANARY}@h/d\n?sslmode=require"),
    ("control", f"postgresql://u:{CANARY}\x1b@h/d"),
    ("control", f"postgresql://u:{CANARY}@h%1b2J/d"),
    ("control", f"postgresql://u:{CANARY}%00@h/d"),
    ("control", f"postgresql://u:{CANARY}\u200b@h/d"),
    ("unescaped", f"postgresql://u:{CANARY}@x@h/d"),
    ("unescaped", f"postgresql://u:{CANARY}/x@h/d"),
    ("unescaped", f"postgresql://u:{CANARY}?x@h/d"),
    ("unescaped", f"postgresql://u:1?{CANARY}=1@h/d"),
    ("unescaped", f"postgresql://u:x?user={CANARY}@h/d"),
    ("unescaped", f"postgresql://u:{CANARY}#x@h/d"),
    ("unescaped", f"postgresql://u:{CANARY}%@h/d"),
    ("unescaped", f"postgresql://u:{CANARY}%zz@h/d"),
    ("unescaped", f"postgresql://u:p@x/{CANARY}@h/d"),
    ("percent", f"postgresql://u:{CANARY}%ff@h/d"),
    ("percent", f"postgresql://u:{CANARY}@h/d%"),
    ("no user", f"postgresql://:{CANARY}@h/d"),
    ("no host", f"postgresql://u:{CANARY}@/d"),
    ("no host", f"postgresql://u:{CANARY}@:5432/d"),
    ("host", f"postgresql://u:{CANARY}@h\\x/d"),
    ("host", f"postgresql://u:{CANARY}@h,,h2/d"),
    ("brackets", f"postgresql://u:{CANARY}@::1/d"),
    ("brackets", f"postgresql://u:{CANARY}@[::1/d"),
    ("brackets", f"postgresql://u:{CANARY}@[::1]x/d"),
    ("brackets", f"postgresql://u:{CANARY}@[h1]/d"),
    ("port", f"postgresql://u:x@h:{CANARY}/d"),
    ("port", f"postgresql://u:{CANARY}@h:0/d"),
    ("port", f"postgresql://u:{CANARY}@h:65536/d"),
    ("port", f"postgresql://u:{CANARY}@h:54:32/d"),
    ("port", f"postgresql://u:{CANARY}@h/d?port=x"),
    ("port", f"host=h password={CANARY} port=x"),
    ("port", f"postgresql://u:{CANARY}@h:٣/d"),
    ("parameter", f"postgresql://u:{CANARY}@h/d?pgbouncer=true"),
    ("parameter", f"postgresql://u:{CANARY}@h/d?sslmode"),
    ("parameter twice", f"postgresql://u:{CANARY}@h/d?sslmode=require&sslmode=disable"),
    ("key log", f"postgresql://u:{CANARY}@h/d?sslkeylogfile=/tmp/k"),
    ("key log", f"host=h password={CANARY} sslkeylogfile=/tmp/k"),
    ("sign-in", f"postgresql://u:{CANARY}@h/d?oauth_issuer=https%3A%2F%2Fx&oauth_client_id=y"),
    ("replication", f"postgresql://u:{CANARY}@h/d?replication=database"),
    ("engine", f"host=h password={CANARY} sslkey=pkcs11:token"),
    ("placeholder", f"postgresql://postgres.[YOUR-PROJECT]:{CANARY}@h/d"),
    ("placeholder", f"host=db.<project-ref>.supabase.co password={CANARY}"),
    ("sslmode", f"postgresql://u:{CANARY}@h/d?sslmode=verify_full"),
    ("sslmode", f"password={CANARY} sslmode=on"),
    ("timeout", f"postgresql://u:{CANARY}@h/d?connect_timeout=5s"),
    ("keyword", f"host=h passwort={CANARY}"),
    ("keyword", f"server={CANARY}"),
    ("keyword form", f"host=h password={CANARY} x"),
    ("keyword form", f"host=h password='{CANARY}"),
    ("pooler user", f"postgresql://postgres:{CANARY}@aws-0-eu-central-1.pooler.supabase.com:6543/postgres"),
    ("pooler user", f"host=aws-0-eu-central-1.pooler.supabase.com user=postgres password={CANARY}"),
]


class TestMistakes:
    """Each gets its own fixed text."""

    @pytest.mark.parametrize(("kind", "text"), MISTYPED)
    def test_is_answered_by_kind_and_repeats_nothing(self, kind, text):
        with pytest.raises(MalformedConnectionString) as refused:
            parse_connection_string(text)
        failure = refused.value
        assert (failure.sentence, failure.what_to_do) == MISTAKES[kind]
        assert failure.__cause__ is failure.__context__ is None
        assert failure.details == ""
        assert failure.exit_status == 2

    def test_every_kind_is_met_above(self):
        assert {kind for kind, _ in MISTYPED} == set(MISTAKES)

    @given(st.text("postgresql:/@?#%=&,[]' \\u1aZ.\x00\ud800é", max_size=60))
    def test_whatever_is_typed_gets_one_of_the_fixed_texts_or_is_read_as_libpq_reads_it(self, tail):
        for text in (tail, f"postgresql://{tail}", f"postgresql://u:p@h/{tail}", f"host=h {tail}"):
            try:
                settings = parse_connection_string(text)
            except MalformedConnectionString as failure:
                assert (failure.sentence, failure.what_to_do) in MISTAKES.values()
                assert failure.__context__ is None
            else:
                assert as_dict(settings) == as_libpq_reads(text.strip())


class TestReading:
    """What is accepted, as libpq would read it."""

    @pytest.mark.parametrize(
        "text",
        [
            "postgresql://",
            "postgresql:///d",
            "postgresql://h",
            "postgres://u@h/d",
            "postgresql://u:p@h:5432/d?sslmode=verify-full&sslrootcert=/x/ca.crt",
            "postgresql://u:a:b@h/d",
            "postgresql://u:%40%3a%2F%23%3F%25%20%22@h/d",
            "postgresql://u:p@[::1]:5432/d",
            "postgresql://u:p@[fe80::1%25eth0]/d",
            "postgresql://u:p@h1:1,h2:2,[::1]:3/d?target_session_attrs=read-write",
            "postgresql://u:p@h1,h2/d",
            "postgresql://%2Fvar%2Frun%2Fpostgresql/d",
            "postgresql://u:@/d?host=%2Ftmp%2Fx&port=5433",
            "postgresql:///d?host=/tmp/x&user=u&password=p@x",
            "postgresql://u:p@h/d?options=-c%20search_path%3Dx",
            "postgresql://u:pä@h/dä",
            "postgresql://u:p@h/d?ssl=true",
            "postgresql://postgres.abcdefghij:p@aws-0-eu-central-1.pooler.supabase.com:6543/postgres",
            "host=h port=5432 user=u password='a b\\'c\\\\' dbname=d sslmode=require",
            "host=h1,h2 port=1,2 dbname = d",
            "  service=x  ",
            "host=127.0.0.1 port=5432 user=app dbname=d password=p[ab]c",
            "host=127.0.0.1 port=5432 user=app dbname=d password=a<b>c",
            "host=127.0.0.1 port=5432 user=app dbname=d password=x{{y}}z",
            "host=h user=app password=[ab]",
            "postgresql://app:p[ab]c<d>{e}@h/d",
        ],
    )
    def test_reads_as_libpq_does(self, text):
        assert as_dict(parse_connection_string(text)) == as_libpq_reads(text.strip())

    @pytest.mark.parametrize(
        ("text", "values"),
        [
            ("Postgresql://h/d", {"host": "h", "dbname": "d"}),
            ("postgresql://h?user=u&password=p@x", {"host": "h", "user": "u", "password": "p@x"}),
            ("postgresql://h/d?options=-csearch_path=x", {"host": "h", "dbname": "d", "options": "-csearch_path=x"}),
        ],
    )
    def test_takes_what_other_programs_take_and_libpq_does_not(self, text, values):
        assert as_dict(parse_connection_string(text)) == values

    @hypothesis_settings(max_examples=25)
    @given(
        st.fixed_dictionaries(
            {
                word: st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1)
                for word in ("user", "password", "dbname")
            }
        )
    )
    def test_percent_encoding_carries_any_text(self, parts):
        encoded = {word: quote(value, safe="") for word, value in parts.items()}
        settings = parse_connection_string(
            f"postgresql://{encoded['user']}:{encoded['password']}@h/{encoded['dbname']}"
        )
        assert as_dict(settings) == parts | {"host": "h"}

    def test_the_password_shows_in_no_repr(self):
        settings = parse_connection_string(f"postgresql://u:{CANARY}@h/d?sslpassword={CANARY}2")
        assert CANARY not in repr(settings) + str(settings) + f"{settings}" + repr(settings.password)
        assert repr(settings) == "ConnectionSettings(u@h:5432/d)"


class TestParameters:
    """Each of libpq's parameters has been read and judged."""

    def test_each_one_of_this_libpq_is_in_the_table_once(self):
        assert libpq_keywords() <= TAKEN | set(REFUSED)
        assert not TAKEN & set(REFUSED)
        assert refused_kind("servicefile", "/x") == "parameter"

    def test_neither_a_service_file_nor_the_environment_brings_in_what_is_refused(self, tmp_path, monkeypatch):
        file = tmp_path / "services"
        file.write_text(f"[x]\nhost=127.0.0.1\nport=1\n{''.join(f'{keyword}=/tmp/k{chr(10)}' for keyword in REFUSED)}")
        monkeypatch.setenv("PGSERVICEFILE", str(file))
        conninfo = make_conninfo(parse_connection_string("service=x"), application_name="t")
        connection = pq.PGconn.connect_start(conninfo.encode())
        effective = {option.keyword.decode(): option.val for option in connection.info}
        connection.finish()
        assert effective["port"] == b"1"
        assert {keyword: effective[keyword] for keyword in REFUSED} == dict.fromkeys(REFUSED, b"")
        monkeypatch.setenv("PGSSLKEY", "engine:key")
        with pytest.raises(MalformedConnectionString) as refused:
            from_environment("service=x", {})
        assert refused.value.sentence == MISTAKES["engine"][0]


class TestFromEnvironment:
    """DATABASE_URL and the PG* variables of the file."""

    def test_the_file_completes_what_the_connection_string_leaves_out(self):
        settings = from_environment(
            "postgresql://u@h/d", {"PGPASSWORD": "p", "PGUSER": "other", "PGSSLMODE": "require", "PGNONSENSE": "x"}
        )
        assert as_dict(settings) == {"host": "h", "user": "u", "dbname": "d", "password": "p", "sslmode": "require"}

    def test_the_file_alone_is_enough(self):
        settings = from_environment(None, {"PGHOST": "h", "PGPORT": "5433", "PGDATABASE": "d"})
        assert as_dict(settings) == {"host": "h", "port": "5433", "dbname": "d"}

    def test_a_wrong_value_in_the_file_is_a_mistake_too(self):
        with pytest.raises(MalformedConnectionString):
            from_environment(None, {"PGPORT": "x"})

    def test_without_either_everything_is_left_to_libpq(self):
        assert as_dict(from_environment(None, {})) == {}
