"""What each answer of a mail server to a login comes to, asked of servers that give it."""

from __future__ import annotations

import base64
import time

import pytest

from tests.providers.mail_checks import ask
from tests.support.servers.mail import IMAP_DISABLED, PASSWORD, USER, WRONG_HOST, WRONG_PASSWORD, ImapServer, SmtpServer
from tui.errors import ProviderFailed
from tui.providers.integration_types.zoho_mail import ZOHO, provider_for
from tui.providers.mail.check import IMAP, SMTP
from tui.providers.mail.provider import MailProvider
from tui.providers.mail.responses import Login, imap_goodbye, imap_refusal, smtp_refusal
from tui.providers.zoho_hosts import other_hosts

WRONG = "The server refused the address or the app password."
APP_PASSWORD = "The server asks for an app password: what was sent is the account's own."
CROWDED = "The server has too many connections or logins of this account."
LATER = "The server could not check the password just now."
UNKNOWN = "The server refused the login for a reason not known here."
LOGIN = Login(USER, PASSWORD)

SMTP_ANSWERS = {
    "535 Authentication Failed": ("535", WRONG, "accounts.zoho.com > Security > App Passwords"),
    "535 5.7.8 Authentication credentials invalid": ("535", WRONG, "another plan or data centre"),
    "534 5.7.9 Application-specific password required": ("534", APP_PASSWORD, "multi-factor"),
    "535 Your SMTP server details are incorrect": ("535", "This SMTP host does not serve the mailbox;", "plan or data"),
    "535 5.7.0 Too many failed logins": ("535", CROWDED, "wait a few minutes"),
    "421 4.7.0 Too many connections": ("421", CROWDED, "Close other mail programs"),
    "535 Your account is blocked": ("535", "The provider has blocked SMTP for this account.", "prolongs the block"),
    "535 Locked after too many failed logins": ("535", "The provider has blocked SMTP for this account.", "prolongs"),
    "550 5.4.6 Unusual sending activity detected": ("550", "The provider has blocked SMTP for this account.", "Zoho"),
    "454 4.7.0 Temporary authentication failure": ("454", LATER, "Try again in a few minutes."),
    "421 Service closing": ("421", LATER, "Try again in a few minutes."),
    "554 5.7.8 Access Restricted": ("554", "The server restricts SMTP for this account.", "administrator"),
    "530 Must issue a STARTTLS command first": ("530", UNKNOWN, "Check the host"),
    "504 5.5.4 Unrecognized authentication type": ("504", UNKNOWN, "Check the host"),
}

IMAP_ANSWERS = {
    WRONG_PASSWORD: ("AUTHENTICATIONFAILED", WRONG, "accounts.zoho.com > Security > App Passwords"),
    "Invalid credentials": ("NO", WRONG, "another plan or data centre"),
    "LOGIN failed.": ("NO", WRONG, "another plan or data centre"),
    "[EXPIRED] That password is no more": ("EXPIRED", WRONG, "Make a new app password"),
    IMAP_DISABLED: ("ALERT", "IMAP is not enabled for this mailbox;", "Settings > Mail Accounts > IMAP"),
    "IMAP access is disabled for your domain": ("NO", "IMAP is not enabled for this mailbox;", "administrator"),
    "Administrator has disabled IMAP for your organization": ("NO", "IMAP is not enabled for this mailbox;", "admin"),
    "[AUTHENTICATIONFAILED] Invalid credentials. Have you enabled IMAP?": (
        "AUTHENTICATIONFAILED",
        WRONG,
        "plan or data",
    ),
    WRONG_HOST: (
        "ALERT",
        "This IMAP host does not serve the mailbox; the server does not complain about the password.",
        "Enter smtppro.zoho.in as the SMTP host and imappro.zoho.in as the IMAP host.",
    ),
    "[ALERT] Your IMAP server details are incorrect": ("ALERT", "This IMAP host does not serve", "plan or data centre"),
    "[ALERT] Please use imap.zoho.example.": ("ALERT", "This IMAP host does not serve", "another plan or data centre"),
    "[ALERT] Read our notice": ("ALERT", "The server refused the login with a notice.", "another plan or data centre"),
    "[ALERT] Too many simultaneous connections. (Failure)": ("ALERT", CROWDED, "Close other mail programs"),
    "[ALERT] Your account is not enabled for IMAP access": ("ALERT", "IMAP is not enabled", "Settings > Mail Accounts"),
    "[ALERT] Please use an application-specific password": ("ALERT", APP_PASSWORD, "Make a new app password"),
    "[ALERT] Invalid credentials (Failure)": ("ALERT", WRONG, "Make a new app password"),
    "[LIMIT] Slow down": ("LIMIT", CROWDED, "wait a few minutes"),
    "[ALERT] Your account is blocked": ("ALERT", "The provider has blocked IMAP for this account.", "prolongs"),
    "[ALERT] Unusual IMAP activity": (
        "ALERT",
        "The provider has blocked IMAP for this account.",
        "unblocks it at Zoho",
    ),
    "[UNAVAILABLE] Backend down": ("UNAVAILABLE", LATER, "Try again in a few minutes."),
    "[INUSE] Busy": ("INUSE", LATER, "Try again in a few minutes."),
    "[X-ODD] Computer says no": ("NO", UNKNOWN, "Check the host"),
    "(Failure)": ("NO", UNKNOWN, "Check the host"),
}


@pytest.mark.parametrize("reply", SMTP_ANSWERS)
async def test_each_answer_of_smtp_has_its_sentence_after_one_login(reply: str) -> None:
    code, sentence, what_to_do = SMTP_ANSWERS[reply]
    with SmtpServer(refusal=reply) as server:
        reach, answer = await ask(SMTP, server.port)
        assert len(server.attempts) == 1
    assert (reach.outcome, answer.outcome, answer.code) == ("passed", "failed", code)
    assert answer.is_temporary == (sentence in (LATER, CROWDED))
    assert answer.sentence.startswith(sentence)
    assert what_to_do in answer.what_to_do


@pytest.mark.parametrize("text", IMAP_ANSWERS)
async def test_each_answer_of_imap_has_its_sentence_after_one_login(text: str) -> None:
    code, sentence, what_to_do = IMAP_ANSWERS[text]
    with ImapServer(tls="starttls", refusal=text) as server:
        reach, answer = await ask(IMAP, server.port)
        assert len(server.attempts) == 1
        assert server.commands[-1] == "LOGOUT"
    assert (reach.outcome, answer.outcome, answer.code) == ("passed", "failed", code)
    assert answer.is_temporary == (sentence in (LATER, CROWDED))
    assert answer.sentence.startswith(sentence)
    assert what_to_do in answer.what_to_do


@pytest.mark.parametrize(
    ("response", "code", "sentence"),
    [
        ("* BYE Too many connections\r\n", "BYE", f"{CROWDED} It said: Too many connections"),
        ("* BYE Server restarts\r\n", "BYE", "The server ended the session. It said: Server restarts"),
        ("{tag} BAD Invalid sasl argument\r\n", "BAD", "The server did not understand the login (BAD)."),
        ("{tag} BAD {line}\r\n", "BAD", "The server did not understand the login (BAD)."),
        ("220 hello\r\n", "", "What localhost:{port} answers is not IMAP."),
    ],
)
async def test_what_is_no_answer_to_the_login_has_its_sentence(response: str, code: str, sentence: str) -> None:
    with ImapServer(tls="starttls", instead_of_answer=response) as server:
        _, answer = await ask(IMAP, server.port)
        assert len(server.attempts) == 1
    assert (answer.outcome, answer.code) == ("failed", code)
    assert answer.sentence == sentence.format(port=server.port)


WHOLE = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()


@pytest.mark.parametrize("echo", [PASSWORD, PASSWORD.upper(), WHOLE, base64.b64encode(PASSWORD.encode()).decode()])
async def test_a_server_that_repeats_the_password_is_not_repeated(echo: str) -> None:
    with SmtpServer(refusal=f"550 Nothing like {echo}") as smtp:
        verdicts = await ask(SMTP, smtp.port)
    for refusal in (f"[ALERT] No: {echo}", f"[{PASSWORD.upper()}] Odd", f"[AUTHENTICATIONFAILED] {echo}"):
        with ImapServer(tls="starttls", refusal=refusal) as imap:
            verdicts += await ask(IMAP, imap.port)
    with ImapServer(tls="starttls", instead_of_answer="* BYE to {line}\r\n") as imap:
        verdicts += await ask(IMAP, imap.port)
    assert len(verdicts) == 10
    assert not [
        verdict for verdict in verdicts if echo.casefold() in repr(verdict).casefold() or PASSWORD in repr(verdict)
    ]


def test_a_password_with_quotes_is_known_in_the_form_in_which_it_was_sent() -> None:
    login = Login(USER, 'a"b\\c')
    assert login.is_in('you said LOGIN "desk@example.com" "a\\"b\\\\c"')
    assert "secret" not in repr(Login(USER, "secret"))


async def test_what_the_server_says_is_shown_short_and_safe() -> None:
    with ImapServer(tls="starttls", refusal="[ALERT] \x1b[2J\u202e" + "long " * 200) as server:
        _, answer = await ask(IMAP, server.port)
    assert answer.sentence.startswith("The server refused the login with a notice. It said: [ALERT] ␛[2J▯long")
    assert answer.sentence.endswith("…")
    assert len(answer.sentence) < 180


@pytest.mark.parametrize(
    ("host", "others"),
    [
        (
            "imap.zoho.in",
            "imappro.zoho.in serves paid organisations, imap.zoho.com (or .eu, .com.au, .jp, .com.cn, "
            "imap.zohocloud.ca, .uk, .ae, .sa)",
        ),
        ("smtppro.zoho.com", "smtp.zoho.com serves personal and free mailboxes, smtppro.zoho.eu (or .in, .com.au, "),
        ("mail.example.com", "Zoho's hosts are smtp, smtppro, imap and imappro.zoho.com,"),
    ],
)
def test_a_refusal_names_the_hosts_of_the_other_plan_and_data_centres(host: str, others: str) -> None:
    assert other_hosts(host).startswith(others)
    for failed in (
        imap_refusal(WRONG_PASSWORD, host, LOGIN, ZOHO),
        smtp_refusal(535, "Authentication Failed", host, LOGIN, ZOHO),
    ):
        assert isinstance(failed, ProviderFailed)
        assert others in failed.what_to_do


def test_the_advice_about_another_providers_mailbox_names_that_provider() -> None:
    acme = MailProvider("Acme", "Ask Acme for IMAP.", lambda host: f"Ask Acme about {host}.", lambda host: "none")
    refusals = [smtp_refusal(int(reply[:3]), reply[4:], "mx.acme", LOGIN, acme) for reply in SMTP_ANSWERS]
    refusals += [imap_refusal(text, "mx.acme", LOGIN, acme) for text in IMAP_ANSWERS]
    assert not [refusal for refusal in refusals if "zoho" in refusal.what_to_do.casefold()]
    assert {"Ask Acme for IMAP."} < {refusal.what_to_do for refusal in refusals}


@pytest.mark.parametrize(
    ("host", "accounts"),
    [
        ("smtp.zoho.in", "accounts.zoho.in"),
        ("imappro.zoho.com.au", "accounts.zoho.com.au"),
        ("smtp.zohocloud.ca", "accounts.zohocloud.ca"),
        ("x.org", "accounts.zoho.com"),
        ("imap.zoho.example", "accounts.zoho.com"),
    ],
)
def test_the_page_of_app_passwords_is_that_of_the_data_centre(host: str, accounts: str) -> None:
    assert f"{accounts} > " in smtp_refusal(535, "", host, LOGIN, ZOHO).what_to_do


def test_hosts_that_do_not_go_together_are_said_before_the_password_is_doubted() -> None:
    provider = provider_for({"smtp_host": "smtppro.zoho.in"})
    doubt = "IMAP host: The SMTP host is of another plan or data centre. With it goes imappro.zoho.in."
    for failed in (
        imap_refusal(WRONG_PASSWORD, "imap.zoho.com", LOGIN, provider),
        imap_refusal("[ALERT] Your IMAP server details are incorrect", "imap.zoho.com", LOGIN, provider),
        smtp_refusal(535, "", "smtppro.zoho.in", LOGIN, provider),
    ):
        assert failed.what_to_do.startswith(doubt)
    assert provider_for({"smtp_host": "smtp.zoho.uk", "imap_host": "imap.zoho.uk"}) == provider_for({}) == ZOHO


def test_a_megabyte_of_words_that_look_like_a_refusal_is_read_at_once() -> None:
    began = time.process_time()
    for word in ("login ", "password ", "incorrect ", "imap "):
        imap_refusal(word * 100_000, "imap.zoho.com", LOGIN, ZOHO)
        smtp_refusal(454, word * 100_000, "smtp.zoho.com", LOGIN, ZOHO)
        imap_goodbye(word * 100_000, LOGIN, ZOHO)
    assert time.process_time() - began < 5
