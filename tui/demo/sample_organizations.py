"""Who and what is in the demo: organisations, people, integrations, numbers and credentials, all made up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from tui.models import Json
    from tui.models.envelopes import EnvelopeFormat

NAMESPACE = UUID("6f0d7c1e-7f0a-5a54-9a3a-3c6f5d1f7b10")
State = Literal["proven", "by another program", "failing", "untested", "disabled", "other key", "altered"]
Number = tuple[str, str, str, str | None, bool, bool]


@dataclass(frozen=True, slots=True)
class SampleOrganization:
    """An organisation as the demo has it: type -> (display name, state, format), and its numbers.

    A number is (as stored, type, label, assignee's given name or None for the pool, primary, active).
    """

    name: str
    domain: str
    people: tuple[str, ...]
    integrations: dict[str, tuple[str, State, EnvelopeFormat]]
    numbers: tuple[Number, ...]

    @property
    def id(self) -> UUID:
        """The same in every demo."""
        return uuid5(NAMESPACE, self.domain)

    def person(self, given_name: str) -> UUID:
        """The id of the person with that given name."""
        return uuid5(NAMESPACE, self.email(given_name))

    @property
    def administrator(self) -> str:
        """The given name of the person who set the integrations up."""
        return self.people[0].split()[0]

    def email(self, given_name: str) -> str:
        """Their address."""
        return f"{given_name.lower()}@{self.domain}"


ORGANIZATIONS = (
    SampleOrganization(
        "Meridian Freight",
        "meridian-freight.example",
        (
            "Asha Raman",
            "Vikram Shetty",
            "Meera Iyer",
            "Daniel Okafor",
            "Farah Siddiqui",
            "Rohan Kulkarni",
            "Lakshmi Menon",
            "Elena Núñez",
            "Priya Nair",
            "Imran Qureshi",
            "Sofia Lindqvist",
            "Karthik Bose",
        ),
        {
            "exotel_phone": ("Dispatch line", "proven", "sb2"),
            "exotel_whatsapp": ("Shipment updates", "failing", "sb2"),
            "exotel_sms": ("One-time codes", "disabled", "sb2"),
            "zoho_mail": ("Billing mailbox", "other key", "sb2"),
        },
        (
            ("+918047180101", "virtual", "Main line", "Asha", True, True),
            ("01141169368", "virtual", "Delhi desk, as entered years ago", "Vikram", False, True),
            ("+918047180102", "virtual", "Dispatch night shift", "Rohan", False, True),
            ("+918047180103", "virtual", "Dispatch spare", None, False, True),
            ("+9118002020145", "toll-free", "Customer care", None, False, True),
            ("+912248971500", "local", "Mumbai warehouse", "Farah", False, True),
            ("+914448135501", "local", "Chennai warehouse", None, False, True),
            ("+918047180199", "virtual", "Campaign 2024", None, False, False),
        ),
    ),
    SampleOrganization(
        "Harbour Clinics",
        "harbour-clinics.example",
        (
            "Nadia Rahman",
            "George Whitfield",
            "Ananya Das",
            "Peter Novák",
            "Ruth Adeyemi",
            "Sanjay Pillai",
            "Helen Marsh",
            "Yusuf Demir",
            "Clara Fontaine",
            "Deepak Chauhan",
            "Maya Thomas",
            "Erik Bjørnstad",
        ),
        {
            "exotel_phone": ("Reception", "by another program", "legacy"),
            "exotel_sms": ("Appointment reminders", "untested", "sb2"),
            "zoho_mail": ("Appointments mailbox", "proven", "legacy"),
        },
        (
            ("+918046809001", "virtual", "Reception", "Nadia", True, True),
            ("+918046809002", "virtual", "Laboratory", None, False, True),
            ("+9118001030077", "toll-free", "Emergency advice", "Ruth", False, True),
            ("+442079460018", "local", "London referral desk", None, False, True),
        ),
    ),
    SampleOrganization(
        "Kaveri Tea Traders",
        "kaveri-tea.example",
        (
            "Suresh Gowda",
            "Ines Carvalho",
            "Bhavna Patel",
            "Henrik Olsen",
            "Divya Krishnan",
            "Mohammed Ali",
            "Leena Joseph",
            "Arjun Rao",
            "Grace Wanjiru",
            "Nikhil Jain",
            "Zoya Khan",
            "Paul Lefèvre",
        ),
        {
            "exotel_phone": ("Order line", "altered", "sb2"),
            "exotel_whatsapp": ("Order updates", "disabled", "legacy"),
            "zoho_mail": ("Export desk", "proven", "sb2"),
        },
        (
            ("+918045687001", "virtual", "Order line", "Suresh", True, True),
            ("+918045687002", "virtual", "Export desk", "Ines", False, True),
            ("+914842660110", "local", "Kochi auction floor", None, False, True),
        ),
    ),
)


def credential(organization: SampleOrganization, integration_type: str) -> Json:
    """What the demo's credential of that type holds: made up, and the same every time."""
    slug = organization.domain.partition(".")[0].replace("-", "")
    made_up = uuid5(organization.id, f"secret {integration_type}").hex
    if integration_type == "zoho_mail":
        return {
            "email": f"desk@{organization.domain}",
            "app_password": made_up[:16],
            "smtp_host": "smtp.zoho.invalid",
            "smtp_port": 587,
            "imap_host": "imap.zoho.invalid",
            "imap_port": 993,
        }
    number = organization.numbers[0][0]
    fields: Json = {
        "account_sid": f"{slug}1",
        "api_key": made_up,
        "api_token": made_up[::-1],
        "api_host": "api.exotel.invalid",
    }
    if integration_type == "exotel_phone":
        return fields | {"virtual_number": number, "caller_id": number}
    if integration_type == "exotel_sms":
        return fields | {"sms_number": number}
    return fields | {
        "whatsapp_number": number,
        "waba_id": str(int(made_up[:13], 16)),
        "business_name": organization.name,
        "auto_reply_enabled": True,
        "auto_reply_message": "Thank you, we answer within the hour. 🙏",
        "business_hours": {"start": "09:00", "end": "18:30", "timezone": "Asia/Kolkata"},
    }
