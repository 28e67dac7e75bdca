"""What is posted, and that neither a receiver nor a name in what is posted can do anything else with it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.check_memory import MemoryStore, Noticed
from tests.support.check_world import World
from tests.support.servers.certificates import authority_file
from tests.support.servers.webhook import WebhookServer
from tui.data.checks.state import Change
from tui.errors import ProviderFailed
from tui.secret import Secret
from tui.session.checks import MOST_UNREADABLE, tell_changes
from tui.session.webhook import Webhook, body_for


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file()))


async def test_one_change_that_a_receiver_cannot_read_keeps_no_other_from_being_told() -> None:
    store = MemoryStore(World(1, 1, 1, ["password changed"]), lambda: None)
    (one,) = await store.monitored()
    store.noticed = [Noticed(one.id, one.id, Change("broke", value=str(n)), store.clock) for n in range(9)]
    with WebhookServer() as server:
        server.unreadable, server.is_endless = "no 3", True

        async def post(noticed: Noticed) -> None:
            await webhook.post({"id": noticed.id, "text": f"no {noticed.change.value}"})

        async with Webhook(Secret(server.address("/x"))) as webhook:
            with pytest.raises(ProviderFailed, match="answered 400"):
                await tell_changes(store, post)
            assert [noticed.told for noticed in store.noticed] == [n != 3 for n in range(9)]
            # Where it can read none, most of them are not even sent.
            store.noticed = [Noticed(one.id, one.id, Change("broke"), store.clock) for n in range(9)]
            server.unreadable = "no "
            with pytest.raises(ProviderFailed, match="answered 400"):
                await tell_changes(store, post)
            assert len(server.posted) == 9 + MOST_UNREADABLE


def test_no_name_calls_everybody_where_a_receiver_reads_slacks_marks() -> None:
    change: dict[str, Any] = {"id": "1", "text": "<!channel> A & B: Exotel phone works again."}
    escaped = {"text": "&lt;!channel&gt; A &amp; B: Exotel phone works again. (1)"}
    assert body_for("https://hooks.slack.com/services/T/B/x", change) == escaped
    assert body_for("https://discord.com/api/webhooks/1/x/slack", change) == escaped
    assert body_for("https://hooks.slack.com.example.com/x", change) == change
