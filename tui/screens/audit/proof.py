"""Writing the proof of a row from its page: asks for the file, and says what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import SwitchboardError
from tui.locked.export_place import export_folder, new_file
from tui.screens.audit.export import typed_file
from tui.screens.background import background
from tui.words.text import safe_text

if TYPE_CHECKING:
    from uuid import UUID

    from tui.screens.page import Page

GROUP = "proof"


@background(GROUP)
async def write_proof(page: Page, row: UUID) -> None:
    """Read the proof of a row, then write it to the file that is asked for."""
    from tui.data.seals.proofs.proving import prove_row

    settings, status = page.session.settings, page.status
    reading = status.say("Reading the rows of its hour, and the seals ...")
    try:
        proof = await prove_row(page.session.database, row)
        status.clear(reading)
        where = f" It will be in {safe_text(str(export_folder(settings)), 60)}." if settings.locked else ""
        answer = await page.prompt.ask(
            f"Write the proof of this row to a new file.{where}", f"row-{str(row)[:8]}.proof"
        )
        if answer is None or not answer.strip():
            return
        file = new_file(settings, typed_file(answer, settings))
        await file.write_whole(str(proof).encode())
    except SwitchboardError as failure:
        if page.is_mounted:
            page.report_failure(failure)
        return
    if page.is_mounted:
        words = f"The proof is in {safe_text(str(file.path), 60)}; whoever has the public key checks it with"
        status.say(f"{words} `switchboard audit verify --proof`.", "good")
