"""The wizard's first step: where the database is, tested before going on."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.message import Message
from textual.widgets import Input, Static

from tui.data.postgres.conninfo.settings import ConnectionSettings
from tui.data.setup.findings import blocking_finding, server_findings
from tui.data.setup.installation import installation_findings
from tui.errors import SwitchboardError
from tui.screens.setup.finding import notice_of
from tui.screens.setup.wizard.connection_input import ConnectionInput, ConnectionStringInput
from tui.screens.setup.wizard.step import Step
from tui.secret import Secret
from tui.widgets.form import ActionLine, CycleLine, Field, Option
from tui.widgets.notices import Notice, NoticeList

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.widget import Widget

    from tui.screens.setup.wizard.flow import Flow
    from tui.widgets.frame import Hints

# A test for each key would open a connection for each.
QUIET_S = 0.5
# Supabase bans an address after a few wrong passwords, so a half-typed one is not tried: it is when the field is left.
QUIET_FOR_LOGIN_S = 3.0

TLS_OPTIONS = (
    Option("", "recommended", "require; none for this machine"),
    Option("verify-full", "verify-full", "encrypted, certificate and name checked"),
    Option("verify-ca", "verify-ca", "encrypted, certificate checked"),
    Option("require", "require", "encrypted, certificate NOT checked"),
    Option("prefer", "prefer", "encrypted only if the server offers it"),
    Option("disable", "disable", "NOT encrypted"),
)
HELP = {
    "uri": "In Supabase: Connect, Session pooler. Tested when pasted, or with enter.",
    "host": "Name or address, such as db.example.com; a folder for a socket.",
    "port": "5432, unless your provider says otherwise.",
    "database": "Its name; in Supabase it is postgres.",
    "user": "The role you log in as, such as postgres, or postgres.REF through a pooler.",
    "password": "Tested when you leave the field. Never shown, never logged.",
    "tls": "Left and right change it. verify-full is best and needs the provider's CA file.",
    "ca": "A file with the provider's CA certificate, or the word system.",
}


class ConnectionStep(Step):
    """Fields or one pasted string; says what the server, its TLS, the pooler and the role are like."""

    key = "connection"
    rail_name = "Connection"
    heading = "Where is your Postgres database?"
    lead = "Paste its connection string, or fill in the fields: tested as they are typed."
    LABELS: ClassVar[dict[str, str]] = {
        "uri": "Connection string",
        "host": "Host",
        "port": "Port",
        "database": "Database",
        "user": "User",
        "password": "Password",
        "ca": "CA file",
    }

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow)
        self._inputs = {
            name: ConnectionStringInput(id="c-uri")
            if name == "uri"
            else ConnectionInput(secret=name == "password", id=f"c-{name}")
            for name in self.LABELS
        }
        self._tls = CycleLine("TLS", TLS_OPTIONS, id="c-tls")
        self._notices = NoticeList(flow.glyphs, id="c-found")
        self._help = Static("", id="c-help", markup=False)
        self._parameters: dict[str, str] = {}
        self._password: Secret | None = None
        self._password_host = ""
        self._filled_values: tuple[str, ...] | None = None
        self._configured: ConnectionSettings | None = flow.connection
        self._scheduled_values: tuple[str, ...] | None = None
        self._tested_values: tuple[str, ...] | None = None

    def compose_step(self) -> Iterable[Widget]:
        for name, label in self.LABELS.items():
            if name == "ca":
                yield self._tls
            yield Field(label, self._inputs[name], id=f"c-{name}-line")
        yield self._help
        yield self._notices
        yield ActionLine("No database yet? Try the demo: sample data in an embedded database", id="c-demo")

    def on_mount(self) -> None:
        """Show what is configured already, without its password."""
        self._inputs["uri"].placeholder = "postgresql://user:password@host:5432/database"
        self._fill(self._configured)

    async def arrive(self) -> None:
        """Test what is configured, unless it has been."""
        if self.flow.database is None and (self._configured or any(self._values())):
            self._test_after(0)

    def first_line(self) -> Widget:
        """Begin where a string can be pasted, or at the host of what is configured."""
        return self._inputs["host" if self._configured else "uri"]

    def hints(self) -> Hints:
        return (("left/right", "TLS"),) if self._tls.has_focus else ()

    async def finish(self) -> bool:
        if self._inputs["uri"].value and not self._take_string(Secret(self._inputs["uri"].value)):
            return False
        if not any(self._values()) and self._configured is None:
            return self.refuse("There is no connection yet.", "Paste a connection string, or type at least a host.")
        self.stop_background()
        if self._tested_values != self._values() or self.flow.server is None:
            await self._test(0)
        server = self.flow.server
        if server is None:
            return False
        blocking = blocking_finding(server)
        return blocking is None or self.refuse(blocking.sentence, blocking.what_to_do)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Test soon; a connection typed into another field moves to the one for it."""
        event.stop()
        field = self._inputs[(event.input.id or "").removeprefix("c-")]
        self._forget_verdict()
        if field is self._inputs["uri"]:
            if event.value:
                self.stop_background()
                self._notices.say([Notice("plain", "Press enter to use this connection string.")])
            else:
                self._test_after(QUIET_S)
            return
        if field.holds_connection(event.value):
            self._move_to_string(field, event.value)
            return
        if field is self._inputs["password"]:
            self._password = None
        self._show_kept_password()
        is_login = field in (self._inputs["user"], self._inputs["password"])
        self._test_after(QUIET_FOR_LOGIN_S if is_login else QUIET_S)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take a typed connection string apart first, so that one sees what it says before going on."""
        event.stop()
        event.prevent_default()
        if event.input.id == "c-uri" and event.value:
            self._take_string(Secret(event.value))
        else:
            self.action_proceed()

    def on_input_blurred(self, event: Input.Blurred) -> None:
        """Test at once what was typed into the field that was left."""
        if (
            event.input.id in ("c-user", "c-password")
            and self._scheduled_values == self._values() != self._tested_values
        ):
            self._test_after(0)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        name = (event.widget.id or "").removeprefix("c-")
        self._help.update(HELP.get(name, ""))

    def on_cycle_line_changed(self, event: CycleLine.Changed) -> None:
        """Test with the other TLS mode; a certificate is asked for only where one is checked."""
        event.stop()
        self._show_ca()
        self._forget_verdict()
        self._test_after(QUIET_S)

    def on_connection_input_pasted(self, event: ConnectionInput.Pasted) -> None:
        """Take it apart at once, without ever drawing it."""
        event.stop()
        self._take_string(event.text)

    def on_paste(self, event: events.Paste) -> None:
        """Take what is pasted where there is no field."""
        event.stop()
        self._take_string(Secret(event.text))

    def on_action_line_pressed(self, event: ActionLine.Pressed) -> None:
        event.stop()
        self.post_message(self.DemoWanted())

    class DemoWanted(Message):
        """Somebody wants to look around with the embedded database first."""

    def _take_string(self, text: Secret) -> bool:
        """Fill the fields and test them, unless a password has to be typed first; False where that cannot go on."""
        from tui.data.postgres.conninfo.pasted import read_pasted

        self.stop_background()
        self._forget_verdict()
        try:
            pasted = read_pasted(text.reveal("parse"))
        except SwitchboardError as failure:
            self.fail(failure)
            return False
        self._configured = None
        self._fill(pasted.settings)
        if pasted.lacks_password:
            # A test without it would be one that the server counts as failed.
            self.screen.set_focus(self._inputs["password"])
            self._notices.say([Notice("plain", "Type the password: the pasted string does not contain it.")])
            return False
        lacks_password = pasted.settings.password is None and not pasted.settings.is_local
        self.screen.set_focus(self._inputs["password" if lacks_password else "host"])
        self._test_after(0)
        return True

    def _forget_verdict(self) -> None:
        """Take back what was said of another connection than the one in the fields now."""
        self.problem.clear()
        self._notices.clear()
        self._tested_values = None
        # The steps that follow stand on it too.
        self.flow.done.clear()
        self.post_message(self.Changed())

    def _move_to_string(self, field: ConnectionInput, text: str) -> None:
        with self.prevent(Input.Changed):
            field.value = ""
        target = self._inputs["uri"]
        target.value = text
        target.cursor_position = len(text)
        # Not focus(), which waits for a turn of the loop: the rest of the string may be here already.
        self.screen.set_focus(target)

    def _fill(self, settings: ConnectionSettings | None) -> None:
        """Put settings into the fields; their password is kept beside, and only for their host."""
        if settings is not None:
            values = {
                "uri": "",
                # Also what comes from PG*, and not as a placeholder: the first letter typed would take that away.
                "host": settings.value("host") or "",
                "port": settings.value("port") or "",
                "database": settings.value("dbname") or "",
                "user": settings.value("user") or "",
                "password": "",
                "ca": settings.parameters.get("sslrootcert", ""),
            }
            with self.prevent(Input.Changed):
                for name, value in values.items():
                    self._inputs[name].value = value
            self._tls.chosen = settings.parameters.get("sslmode", "")
            self._parameters = {k: v for k, v in settings.parameters.items() if k not in ("sslmode", "sslrootcert")}
            self._password, self._password_host = settings.password, values["host"]
            self._filled_values = self._values()
        self._show_kept_password()
        self._show_ca()

    @property
    def _kept_password(self) -> Secret | None:
        """The password that was pasted or configured, for its host alone."""
        return self._password if self._inputs["host"].value.strip() == self._password_host else None

    def _show_kept_password(self) -> None:
        self._inputs["password"].placeholder = "kept; type to replace it" if self._kept_password else ""

    def _show_ca(self) -> None:
        asks_for_ca = self._tls.chosen.startswith("verify") or bool(self._inputs["ca"].value)
        self.query_one("#c-ca-line").display = asks_for_ca
        if asks_for_ca and not self._inputs["ca"].value:
            self._inputs["ca"].placeholder = "system"

    def _values(self) -> tuple[str, ...]:
        """What the fields say, for telling whether it is what was tested."""
        fields = [self._inputs[name].value for name in self.LABELS if name != "uri"]
        return (*fields, self._tls.chosen)

    def _typed_settings(self) -> ConnectionSettings:
        text = {name: field.value.strip() for name, field in self._inputs.items() if name != "password"}
        typed = self._inputs["password"].value
        parameters = dict(self._parameters)
        if self._tls.chosen:
            parameters["sslmode"] = self._tls.chosen
        if text["ca"]:
            parameters["sslrootcert"] = text["ca"]
        elif self._tls.chosen.startswith("verify"):
            parameters["sslrootcert"] = "system"
        return ConnectionSettings(
            host=text["host"] or None,
            port=text["port"] or None,
            database=text["database"] or None,
            user=text["user"] or None,
            password=Secret(typed) if typed else self._kept_password,
            parameters=parameters,
        )

    def _test_after(self, quiet: float) -> None:
        self._scheduled_values = self._values()
        self.work_in_background(partial(self._test, quiet))

    async def _test(self, quiet: float) -> None:
        values = self._values()
        if quiet:
            await asyncio.sleep(quiet)
        if self._inputs["uri"].value:
            # What was typed has turned out to be a connection string, which is tested when it is taken.
            return
        if not any(values) and self._configured is None:
            self._notices.clear()
            return
        self._scheduled_values = values
        is_as_configured = values == self._filled_values
        settings = self._configured if self._configured and is_as_configured else self._typed_settings()
        self.problem.clear()
        self._notices.say([Notice("quiet", f"Connecting to {settings.describe()} ...")])
        try:
            unsafe = settings.pgpass_problem()
            if unsafe:
                raise unsafe
            server = await self.flow.connect(settings)
            installed = await installation_findings(self.flow.connected())
        except SwitchboardError as failure:
            self._notices.say([Notice("bad", failure.sentence, failure.what_to_do)])
            return
        finally:
            self.post_message(self.Changed())
        self._tested_values = values
        self.flow.done.add(self.key)
        connected, *rest = server_findings(server, settings)
        # On a small screen the end of the list is below its edge, and what is well matters least.
        rest.sort(key=lambda finding: finding.state == "ok")
        self._notices.say([notice_of(finding) for finding in (*installed, connected, *rest)])
