"""The routes of integrations: listing, showing, saving, testing and deleting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tui.data.integrations.credentials import Draft, load_credential, save_credential
from tui.data.integrations.listing import count_dependents, list_integrations
from tui.data.integrations.listing import delete as delete_integration
from tui.data.integrations.role_privileges import RolePrivileges
from tui.data.keys.encryption import Keyring
from tui.data.keys.gate import check_gate
from tui.data.numbers.sync import apply_sync
from tui.errors import InvalidInput, NotFound, PermissionDenied, SwitchboardError
from tui.http.answers import Answer, Refused, success
from tui.providers import integration_type as known_type
from tui.providers import is_check_proven, registry, title_of
from tui.providers.validation import read_display_name, validate
from tui.session.connection_test import run_on_draft, run_on_stored
from tui.session.number_sync import leave_plan, plan_from_provider
from tui.session.openable_type import openable_type
from tui.words.counts import counted
from tui.words.integrations.description import deletion
from tui.words.numbers.sync_plan import sync_outcome

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.integrations.credentials import StoredCredential
    from tui.http.request import Asked
    from tui.models import Json
    from tui.models.integrations import Integration
    from tui.providers.fields import IntegrationType
    from tui.providers.validation import Validation
    from tui.session.connection_test import ConnectionTestResult

# What the log knows of tests is not told, and reading it takes ten times as long as the rest.
LISTED = RolePrivileges(numbers=True)
SET, NOT_SET = "set", "not set"
VERIFIED_UNPROVEN = "Verified, by a check that nobody has seen say no."
ASK_FOR_RIGHT = "Ask an administrator of your organisation for it."


class _Typed(NamedTuple):
    """A credential that was sent, merged with the stored one; both hold secrets."""

    base: StoredCredential | None
    checked: Validation
    display_name: str | None

    def __repr__(self) -> str:
        return "_Typed(…)"


async def list_all(asked: Asked) -> Answer:
    """Return the integrations that may be viewed; administrators see as well which types are not set up."""
    integrations = await _visible(asked, [*registry()] if asked.requester.administers else [])
    return success(
        [_record(asked, integration) for integration in integrations], f"{counted(len(integrations), 'integration')}."
    )


async def show(asked: Asked) -> Answer:
    """Return one integration with its fields; of a secret only whether it is set."""
    integration = await _find(asked)
    stored = await _load(asked, integration.integration_type, integration)
    if stored is None:
        raise _not_there(integration.integration_type)
    if stored.problem is not None:
        raise stored.problem
    shown = _shown(integration.integration_type, stored.credential or {})
    return success(_record(asked, integration) | shown, f"{title_of(integration.integration_type)}.")


async def configure(asked: Asked) -> Answer:
    """Test a credential, and save it where its provider says yes; then bring the phone numbers in line."""
    type_ = known_type(asked.parameters["type"])
    given = _fields(asked.object())
    base = await _load(asked, type_.name)
    _require_configure(asked, type_, base)
    (await check_gate(asked.session.database, asked.session.keyring)).require_write()
    typed = _merge(type_, given, base)
    if isinstance(typed, Answer):
        return typed
    draft = Draft(asked.requester.organization.id, type_.name, typed.checked.credential, typed.display_name)
    tested = None
    if type_.test is not None:
        tested = await _test_typed(asked, draft, typed)
        if not tested.is_verified:
            return _tested(tested, "Nothing was saved. ")
    saved = await save_credential(
        asked.session.database,
        asked.session.keyring,
        draft,
        typed.base,
        asked.session.settings.credential_format,
        test=tested.passed_draft if tested else None,
    )
    integration = await _saved(asked, saved.integration_id)
    data = _record(asked, integration) | {"created": saved.created, "changed": list(saved.changed)}
    message = f"{type_.title} is {'set up' if saved.created else 'saved'}."
    if type_.list_numbers is not None and integration.is_active:
        counts, said = await _sync(asked, integration)
        data, message = data | counts, f"{message} {said}"
    data["warnings"] = typed.checked.warnings
    return success(data, message, verified=tested is not None)


async def test(asked: Asked) -> Answer:
    """Test a credential that is sent, or without a body the stored one."""
    type_ = known_type(asked.parameters["type"])
    if not asked.body:
        integration = await _find(asked)
        return _tested(await run_on_stored(asked.session, integration, lambda verdict: None))
    base = await _load(asked, type_.name)
    if base is None and not asked.requester.administers:
        raise _not_there(type_.name)
    if base is not None and not asked.requester.rights_on(base.integration.id).can_view:
        raise _not_there(type_.name)
    typed = _merge(type_, _fields(asked.body), base)
    if isinstance(typed, Answer):
        return typed
    draft = Draft(asked.requester.organization.id, type_.name, typed.checked.credential, typed.display_name)
    return _tested(await _test_typed(asked, draft, typed))


async def delete(asked: Asked) -> Answer:
    """Delete an integration with its permissions and phone numbers."""
    type_ = known_type(asked.parameters["type"])
    if not asked.requester.administers:
        raise PermissionDenied(f"Deleting {type_.title} takes an administrator of the organisation.", ASK_FOR_RIGHT)
    integration = await _find(asked)
    dependents = await count_dependents(asked.session.database, integration)
    deleted = await delete_integration(asked.session.database, integration, dependents)
    data = {
        "id": integration.id,
        "integration_type": integration.integration_type,
        "permissions": deleted.permissions,
        "people": deleted.people,
        "phone_numbers": deleted.phone_numbers,
    }
    return success(data, deletion(type_.title, deleted))


async def _visible(asked: Asked, types: list[str]) -> list[Integration]:
    organization = asked.requester.organization.id
    listed = await list_integrations(asked.session.database, Keyring(None), organization, types, rights=LISTED)
    return [one for one in listed if one.id is None or asked.requester.rights_on(one.id).can_view]


async def _find(asked: Asked) -> Integration:
    """Return the integration of the path's type. Raises NotFound also where it may not be viewed, and UnknownType."""
    name = known_type(asked.parameters["type"]).name
    found = [one for one in await _visible(asked, []) if one.integration_type == name]
    if not found:
        raise _not_there(name)
    if len(found) > 1:
        raise Refused(409, f"There are {len(found)} rows of {name}.", "Have all but one deleted, in the console.")
    return found[0]


async def _saved(asked: Asked, integration_id: UUID) -> Integration:
    """Return an integration that was just saved, by somebody who may perhaps not view it."""
    organization = asked.requester.organization.id
    listed = await list_integrations(asked.session.database, Keyring(None), organization, [], rights=LISTED)
    saved = next((one for one in listed if one.id == integration_id), None)
    if saved is None:
        raise NotFound("It was saved, and somebody else has deleted it since.", "List the integrations again.")
    return saved


def _not_there(name: str) -> NotFound:
    return NotFound(
        f"{title_of(name)} is not set up in your organisation, or you may not view it.",
        "Ask an administrator of your organisation.",
    )


async def _load(asked: Asked, name: str, integration: Integration | None = None) -> StoredCredential | None:
    session, organization = asked.session, asked.requester.organization.id
    integration_id = integration.id if integration else None
    stored = await load_credential(session.database, session.keyring, organization, name, integration_id=integration_id)
    if stored is not None:
        await openable_type(session, name)
    return stored


def _require_configure(asked: Asked, type_: IntegrationType, base: StoredCredential | None) -> None:
    if base is None and not asked.requester.administers:
        raise PermissionDenied(
            f"Setting up {type_.title} takes an administrator of the organisation, and changing it the right to "
            "configure it.",
            ASK_FOR_RIGHT,
        )
    if base is not None and not asked.requester.rights_on(base.integration.id).can_configure:
        raise PermissionDenied(f"You may view {type_.title}, and not configure it.", ASK_FOR_RIGHT)


def _fields(body: Json) -> Json:
    """Return the fields of a body, which may stand under `credentials` there, beside the `display_name`."""
    nested = body.get("credentials")
    if not isinstance(nested, dict):
        return body
    beside = {name: value for name, value in body.items() if name != "credentials"}
    if set(beside) - {"display_name"}:
        raise Refused(422, "Beside credentials only display_name is known.", "Send every field under credentials.")
    return nested | beside


def _merge(type_: IntegrationType, given: Json, base: StoredCredential | None) -> _Typed | Answer:
    """Merge what was sent into what is stored; the answer says of each field what is wrong with it.

    Raises Unreadable where what is stored does not open: then nobody can say what is kept.
    """
    if base is not None and base.problem is not None:
        raise base.problem
    name, wrong_name = base.integration.display_name if base else None, None
    if "display_name" in given:
        name, wrong_name = read_display_name(given["display_name"])
    values = {field: value for field, value in given.items() if field != "display_name"}
    stored = dict(base.credential or {}) if base else {}
    checked = validate(type_, values, existing=stored)
    known = {*type_.foreign_fields, *stored, *(field.name for field in type_.fields)}
    problems = dict(checked.problems) | ({"display_name": wrong_name} if wrong_name else {})
    if set(values) - known:
        # Not kept as the console keeps it: whatever a page sends by mistake would be in the credential for good.
        problems["(unknown)"] = f"{type_.title} has {', '.join(field.name for field in type_.fields)}."
    if problems:
        body = {
            "success": False,
            "error": f"The credential of {type_.title} was not accepted.",
            "message": " ".join(f"{field}: {sentence}" for field, sentence in problems.items()),
            "fields": problems,
            "verified": False,
        }
        return Answer(422, body)
    return _Typed(base, checked, name)


async def _test_typed(asked: Asked, draft: Draft, typed: _Typed) -> ConnectionTestResult:
    stored = typed.base.credential if typed.base else None
    return await run_on_draft(asked.session, draft, lambda verdict: None, stored=stored)


def _tested(result: ConnectionTestResult, before: str = "") -> Answer:
    report = result.report
    data = {
        "level": report.level,
        "milliseconds": report.milliseconds,
        "code": report.code,
        "verdicts": [
            {
                "level": verdict.level,
                "subject": verdict.subject,
                "outcome": verdict.outcome,
                "sentence": verdict.sentence,
                "what_to_do": verdict.what_to_do,
            }
            for verdict in report.verdicts
        ],
    }
    if result.is_verified:
        # How a check is proven is said to those who look after it, and not to a page.
        is_proven = result.unproven_type is None
        return success(data, result.conclusion() if is_proven else VERIFIED_UNPROVEN, verified=True)
    reason = report.reason
    body = {
        "success": False,
        "error": reason.sentence if reason else result.conclusion(),
        "message": f"{before}{reason.what_to_do if reason else ''}".strip() or result.conclusion(),
        "data": data,
        "verified": False,
    }
    if report.passed:
        return Answer(409, body)
    # A host that cannot be reached was perhaps typed wrongly; one that is busy answers later.
    is_reached = all(verdict.level != "reach" for verdict in report.failures)
    return Answer(503, body, 30) if result.is_unknown and is_reached else Answer(422, body)


async def _sync(asked: Asked, integration: Integration) -> tuple[Json, str]:
    """Bring the numbers in line with what the provider lists; what cannot be done is said, and the rest stands."""
    try:
        plan = await plan_from_provider(asked.session, integration, lambda count: None)
        if plan.deactivates_all:
            await leave_plan(asked.session, plan, "not confirmed")
            return {}, "Its provider lists none of its numbers, so they were left as they are."
        result = await apply_sync(asked.session.database, plan)
    except SwitchboardError as failure:
        if isinstance(failure, InvalidInput | PermissionDenied):
            return {}, f"Its phone numbers were not read: {failure.sentence}"
        return {}, "Its phone numbers could not be read; they stay as they are."
    return dict(result.counts()), sync_outcome(result)


def _record(asked: Asked, integration: Integration) -> Json:
    """Return what is told of an integration; never its envelope."""
    type_ = registry().get(integration.integration_type)
    record: Json = {
        "id": integration.id,
        "integration_type": integration.integration_type,
        "title": type_.title if type_ else integration.integration_type,
        "display_name": integration.display_name,
        "configured": integration.id is not None,
        "status": integration.state,
        "is_active": integration.is_active,
        "is_verified": integration.is_verified,
        "last_verified_at": integration.last_verified_at,
        "phone_numbers": integration.phone_numbers or 0,
        "created_at": integration.created_at,
        "updated_at": integration.updated_at,
        "check_proven": is_check_proven(integration.integration_type) if integration.id else None,
        "can_configure": asked.requester.rights_on(integration.id).can_configure,
    }
    return record


def _shown(name: str, credential: Any) -> Json:
    """Return the fields that are no secrets, and of secrets whether they are set; what nobody knows is left out."""
    type_ = registry().get(name)
    fields = type_.fields if type_ else ()
    return {
        "fields": {field.name: credential.get(field.name) for field in fields if not field.secret},
        "secrets": {field.name: SET if credential.get(field.name) else NOT_SET for field in fields if field.secret},
    }
