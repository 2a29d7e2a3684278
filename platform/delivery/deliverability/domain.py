"""Look at the sender's domain as mailbox providers do: SPF, DKIM, DMARC, and where bounces go.

Each finding is a plain sentence and, where something is wrong, says what to do.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from delivery.channels.email.dkim import Key, keys_for
from delivery.deliverability.dns import DnsFailed, Resolver, SystemResolver
from delivery.deliverability.models import DomainCheck

GOOD, WARN, BAD, UNKNOWN = "ok", "warn", "bad", ""
#: RFC 7208 §4.6.4: more questions than these, and the record counts as broken.
SPF_QUESTIONS = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one part; `what` is SPF, DKIM, DMARC or MX."""

    what: str
    level: str
    sentence: str
    advice: str = ""
    record_name: str = ""
    record: str = ""


def check_domain(resolver: Resolver | None = None, *, now: datetime) -> DomainCheck:
    """Ask about the shop's sender, store what was found, and return it.

    The questions go out side by side: about 3 s when no name server answers.
    """
    resolver = resolver or SystemResolver()
    domain = sender_domain()
    findings = [asdict(finding) for finding in look(domain, resolver)]
    return DomainCheck.objects.update_or_create(
        domain=domain, defaults={"findings": findings, "checked_at": now}
    )[0]


def sender_domain() -> str:
    """Return the domain of the shop's sender address."""
    return str(settings.SHOP_FROM_EMAIL).rpartition("@")[2].lower()


def look(domain: str, resolver: Resolver) -> list[Finding]:
    """Return the findings about a domain, in the language in use."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    bounces = str(settings.BOUNCE_ADDRESS).rpartition("@")[2] or domain
    checks: list[Callable[[], list[Finding]]] = [
        lambda: [check_spf(bounces, resolver)],
        lambda: check_dkim(domain, keys_for(settings.SHOP_FROM_EMAIL), resolver),
        lambda: [check_dmarc(domain, resolver)],
        lambda: [check_mx(bounces, resolver)],
    ]

    def run(check: Callable[[], list[Finding]]) -> list[Finding]:
        with translation.override(language):
            return check()

    with ThreadPoolExecutor(max_workers=len(checks)) as pool:
        return [finding for found in pool.map(run, checks) for finding in found]


def check_spf(domain: str, resolver: Resolver) -> Finding:
    """Judge the SPF record (RFC 7208) of the domain in the envelope."""
    what = "SPF"
    try:
        records = [record for record in resolver.txt(domain) if record.lower().split(" ")[0] == "v=spf1"]
    except DnsFailed:
        return _no_answer(what, domain)
    suggestion = "v=spf1 include:YOUR-PROVIDER -all"
    if not records:
        return Finding(
            what, BAD, _("%(domain)s does not say which servers may send for it.") % {"domain": domain},
            _("Add a TXT record to it that names your mail provider."), domain, suggestion,
        )  # fmt: skip
    if len(records) > 1:
        return Finding(
            what, BAD, _("%(domain)s has %(n)d SPF records; receivers then use none of them.") % {
                "domain": domain, "n": len(records)},
            _("Join them into one."), domain, "\n".join(records),
        )  # fmt: skip
    record = records[0]
    terms = record.lower().split()[1:]
    asks = sum(bool(re.match(r"[+?~-]?(include:|a\b|mx\b|ptr\b|exists:)|redirect=", term)) for term in terms)
    if asks > SPF_QUESTIONS:
        return Finding(
            what, BAD, _("The SPF record needs %(n)d further questions; receivers stop at 10.") % {"n": asks},
            _("Take out providers that you no longer use."), domain, record,
        )  # fmt: skip
    last = next((term for term in terms if term.endswith("all") or term.startswith("redirect=")), "")
    if last in ("+all", "all"):
        return Finding(
            what, BAD, _("The SPF record lets everybody send as %(domain)s.") % {"domain": domain},
            _("End it with -all or ~all."), domain, record,
        )  # fmt: skip
    if last in ("?all", ""):
        return Finding(
            what, WARN, _("The SPF record names servers, but says nothing about all others."),
            _("End it with ~all, and with -all once all your mail passes."), domain, record,
        )  # fmt: skip
    return Finding(
        what,
        GOOD,
        _("%(domain)s names the servers that may send for it.") % {"domain": domain},
        "",
        domain,
        record,
    )


def check_dkim(domain: str, keys: Sequence[Key], resolver: Resolver) -> list[Finding]:
    """Judge whether the public half of each key stands in the DNS as it should."""
    if not keys:
        return [
            Finding(
                "DKIM", BAD, _("Mails are not signed: there is no key for %(domain)s.") % {"domain": domain},
                _("Make a key by “manage.py dkim_key”, or have your provider sign."),
            )
        ]  # fmt: skip
    return [_dkim(key, resolver) for key in keys]


def _dkim(key: Key, resolver: Resolver) -> Finding:
    name = key.record_name
    try:
        records = resolver.txt(name)
    except DnsFailed:
        return _no_answer("DKIM", name)
    mine = _tags(key.record)["p"]
    publics = [tags["p"] for record in records if "p" in (tags := _tags(record))]
    if mine in publics:
        return Finding("DKIM", GOOD, _("The key “%(selector)s” can be checked by everybody.") % {
            "selector": key.selector}, "", name, key.record)  # fmt: skip
    if not publics:
        sentence, advice = _("The key “%(selector)s” is not in the DNS."), _("Add this TXT record.")
    elif "" in publics:
        sentence, advice = (
            _("The key “%(selector)s” has been withdrawn in the DNS."),
            _("Put this TXT record in its place, or sign by another key."),
        )
    else:
        sentence, advice = (
            _("Another key stands in the DNS under “%(selector)s”: signatures do not hold."),
            _("Put this TXT record in its place."),
        )
    return Finding("DKIM", BAD, sentence % {"selector": key.selector}, advice, name, key.record)


def check_dmarc(domain: str, resolver: Resolver) -> Finding:
    """Judge the DMARC record (RFC 7489) of the domain that readers see."""
    what = "DMARC"
    try:
        name, found = next(_dmarc_records(domain, resolver), (f"_dmarc.{domain}", []))
    except DnsFailed:
        return _no_answer(what, f"_dmarc.{domain}")
    suggestion = f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"
    if not found:
        return Finding(
            what, BAD, _("%(domain)s does not say what to do with mail that only claims to be from it.") % {
                "domain": domain},
            _("Add this TXT record; Gmail and Yahoo ask for one from bulk senders."), name, suggestion,
        )  # fmt: skip
    if len(found) > 1:
        return Finding(
            what, BAD, _("There are %(n)d DMARC records; receivers then use none of them.") % {
                "n": len(found)},
            _("Keep one."), name, "\n".join(found),
        )  # fmt: skip
    tags = _tags(found[0])
    wish = tags.get("p", "").lower()
    if wish not in ("none", "quarantine", "reject"):
        return Finding(what, BAD, _("The DMARC record does not say what is to be done."), _(
            "Give it p=none, p=quarantine or p=reject."), name, found[0])  # fmt: skip
    if wish == "none":
        return Finding(
            what, WARN, _("There is a DMARC record, but false mail is still let through (p=none)."),
            _("Once the reports show that all your mail passes, change it to p=quarantine."), name, found[0],
        )  # fmt: skip
    return Finding(
        what,
        GOOD,
        _("False mail in the name of %(domain)s is turned away.") % {"domain": domain},
        "",
        name,
        found[0],
    )


def _dmarc_records(domain: str, resolver: Resolver) -> Iterator[tuple[str, list[str]]]:
    """Yield the records of the domain, else of those above it (down to two labels)."""
    labels = domain.split(".")
    for start in range(max(len(labels) - 1, 1)):
        name = "_dmarc." + ".".join(labels[start:])
        found = [r for r in resolver.txt(name) if r.lower().replace(" ", "").startswith("v=dmarc1")]
        if found:
            yield name, found


def check_mx(domain: str, resolver: Resolver) -> Finding:
    """Judge whether bounces find their way back."""
    what = "MX"
    try:
        servers = resolver.mx(domain)
    except DnsFailed:
        return _no_answer(what, domain)
    if not settings.BOUNCE_ADDRESS:
        return Finding(
            what, WARN, _("Bounces go to the sender's own mailbox, where nobody reads them."),
            _("Set BOUNCE_ADDRESS, and have its mailbox read by “manage.py read_bounces”."),
        )  # fmt: skip
    if not servers or servers == [""]:
        return Finding(
            what, BAD, _("%(domain)s takes no mail, so bounces are lost.") % {"domain": domain},
            _("Add an MX record to it that names your mail server."), domain,
        )  # fmt: skip
    return Finding(what, GOOD, _("Bounces come back to %(server)s.") % {"server": servers[0]}, "", domain)


def _no_answer(what: str, name: str) -> Finding:
    return Finding(
        what, UNKNOWN, _("No name server answered the question about %(name)s.") % {"name": name},
        _("Check that this machine can reach the DNS, and try again."), name,
    )  # fmt: skip


def _tags(record: str) -> dict[str, str]:
    """Return a record's `name=value` pairs."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): re.sub(r"\s", "", value) for name, _eq, value in pairs if name.strip()}


def worst(findings: Iterable[dict[str, Any]]) -> str:
    """Return the worst level among stored findings."""
    levels = {finding["level"] for finding in findings}
    return next((level for level in (BAD, WARN, UNKNOWN) if level in levels), GOOD)
