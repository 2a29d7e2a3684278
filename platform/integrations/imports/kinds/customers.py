"""Customers from files, with the consents that stand beside them."""

import re
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.consent import ConsentRow
from customers.loading import load_consents, load_people, weigh_people
from customers.models import Channel
from integrations.imports import values
from integrations.imports.errors import BadRow
from integrations.imports.fields import Field, iso_day, plain, text
from integrations.imports.kinds.base import CONSENT, CUSTOMER, Context, ImportKind, Outcome, Record
from integrations.imports.kinds.proof import FIELDS as PROOF
from integrations.imports.kinds.proof import proof_of

_LOCALE = re.compile(r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}$")
_CONSENTS = {"email_consent": Channel.EMAIL, "sms_consent": Channel.SMS}
#: Who a row is about; other kinds use the same.
PERSON = (
    Field("external_id", gettext_lazy("customer id"), text(200),
          ("customerid", "userid", "memberid", "clientid", "customer", "user", "externalid", "id", "uid",
           "customernumber", "customerno", "kundennummer", "客户编号", "客户id", "会员编号", "会员卡号",
           "用户id")),
    Field("email", gettext_lazy("e-mail"), plain(values.email),
          ("email", "emailaddress", "mail", "customeremail", "useremail", "billingemail", "邮箱", "电子邮箱",
           "电子邮件", "邮件地址")),
    Field("phone", gettext_lazy("phone"), text(40),
          ("phone", "phonenumber", "mobile", "mobilephone", "tel", "telephone", "billingphone", "手机",
           "手机号", "手机号码", "电话", "联系电话", "telefon")),
)  # fmt: skip


class Customers(ImportKind):
    """One row is one customer; found by id, else by e-mail, else by phone."""

    name = "customers"
    needs = (("external_id", "email", "phone"),)
    own = True
    fields = (
        *PERSON,
        Field("first_name", gettext_lazy("first name"), text(100),
              ("firstname", "givenname", "billingfirstname", "vorname", "名")),
        Field("last_name", gettext_lazy("last name"), text(100),
              ("lastname", "surname", "familyname", "billinglastname", "nachname", "姓")),
        Field("name", gettext_lazy("whole name"), text(200),
              ("name", "fullname", "customername", "displayname", "姓名", "客户姓名", "会员姓名",
              "昵称", "微信昵称")),
        Field("birthday", gettext_lazy("birthday"), iso_day,
              ("birthday", "birthdate", "dateofbirth", "dob", "生日", "出生日期")),
        Field("locale", gettext_lazy("language"), text(20), ("locale", "language", "lang", "语言")),
        Field("time_zone", gettext_lazy("time zone"), text(50), ("timezone", "时区")),
        Field("country", gettext_lazy("country"), plain(values.country),
              ("country", "countrycode", "billingcountry", "land", "国家")),
        Field("no_profiling", gettext_lazy("no profiling"), plain(values.boolean), ("noprofiling",)),
        Field("known_since", gettext_lazy("customer since"), values.moment,
              ("knownsince", "createdat", "created", "registeredat", "signupdate", "customersince",
               "userregistered", "dateregistered", "注册时间", "成为客户时间", "成为会员时间", "创建时间")),
        Field("email_consent", gettext_lazy("agrees to e-mail"), plain(values.boolean),
              ("acceptsmarketing", "acceptsemailmarketing", "emailconsent", "newsletter", "optin",
               "emailoptin", "subscribed")),
        Field("sms_consent", gettext_lazy("agrees to SMS"), plain(values.boolean),
              ("acceptssmsmarketing", "smsconsent", "smsoptin", "接受短信营销")),
        Field("consent_at", gettext_lazy("agreed at"), values.moment,
              ("consentat", "consentdate", "optintime", "optindate", "subscribedat")),
        *PROOF,
    )  # fmt: skip

    def tidy(self, found: dict[str, Any]) -> dict[str, Any]:
        """Check codes, and part a whole name at its last space."""
        if "/" in found.get("external_id", ""):
            raise BadRow(_("The id stands in addresses, so it cannot hold a slash."))
        if not any(found.get(name) for name in ("external_id", "email", "phone")):
            raise BadRow(_("Nobody is named: give an id, an e-mail address or a phone number."))
        if (locale := found.get("locale")) and not _LOCALE.match(locale):
            raise BadRow(_("Write the language like en or zh-Hans."))
        if (zone := found.get("time_zone")) and zone not in available_zones():
            raise BadRow(_("There is no such time zone. Write it like Europe/Berlin."))
        if name := found.pop("name", None):
            first, _space, last = name.rpartition(" ")
            found.setdefault("first_name", first[:100])
            found.setdefault("last_name", last[:100])
        return found

    def check(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Say who is new, who is known, and whose address belongs to somebody else."""
        loaded = weigh_people(_rows(records, context), context.seen)
        outcome.created, outcome.changed = loaded.created, loaded.changed
        outcome.rejected += [(records[i][0], reason) for i, reason in loaded.rejected.items()]

    def store(self, records: list[Record], context: Context, outcome: Outcome) -> None:
        """Store the customers, then their consents."""
        loaded = load_people(_rows(records, context), context.now)
        outcome.created, outcome.changed, outcome.unchanged = (
            loaded.created, loaded.changed, loaded.unchanged,
        )  # fmt: skip
        outcome.rejected += [(records[i][0], reason) for i, reason in loaded.rejected.items()]
        outcome.note(CUSTOMER, loaded.changes)
        people = [(found, loaded.ids[i]) for i, (_l, found) in enumerate(records) if i in loaded.ids]
        outcome.note(CONSENT, consents_of(people, context))


@cache
def available_zones() -> frozenset[str]:
    """Return the names of all time zones; read from disk once."""
    return frozenset(available_timezones())


def _rows(records: list[Record], context: Context) -> list[dict[str, Any]]:
    country = context.reading.country
    return [{"phone_country": country, **found} for _line, found in records]


def consents_of(people: list[tuple[dict[str, Any], int]], context: Context) -> list[Any]:
    """Record what the rows say about consent.

    With its own date a consent counts by that date. Without one, a yes counts only for who has not
    decided yet, and a no counts now: a file must never undo a withdrawal.
    """
    dated: list[ConsentRow] = []
    undated: list[ConsentRow] = []
    refused: list[ConsentRow] = []
    for found, customer_id in people:
        proof = proof_of({**found, "attributes": {}}, context)
        for name, channel in _CONSENTS.items():
            granted = found.get(name)
            if granted is None:
                continue
            at = found.get("consent_at")
            row = ConsentRow(customer_id, channel, granted, context.source, at or context.now, proof=proof)
            if at:
                dated.append(row)
            elif granted:
                undated.append(row)
            else:
                refused.append(row)
    changes = load_consents([*dated, *refused], context.now)
    known = {change.object_id for change in changes}
    later = load_consents(undated, context.now, only_unknown=True)
    return [*changes, *(change for change in later if change.object_id not in known)]
