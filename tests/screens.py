"""Every page of the console, looked at by a browser: `bin/screens`. Pictures stay in var/screens/.

Each page of the address table, with records of the shop that runs (the demo's), is opened in English and
Chinese, light and dark, at 1440 px, and checked at 1024 px; the pages of NARROW at 390 px too, where axe-core
looks again. The wizard's steps are looked at with a draft that is removed afterwards. Wrong is:
not signed in, another language or theme than asked for, an error in the console, a request to another
origin, a fault by axe-core (WCAG 2.2 A and AA), a page wider than the window, main content cut off at
390 px, a hyphen where a figure has the minus of print. Each look ends with a sheet of all its pictures,
`sheet.png`. Before all that, a page with one fault of each kind is looked at: unless every one is found,
nothing else that is found counts, and the run ends.

    bin/screens [--only customers,offers] [--language en] [--theme dark] [--out FOLDER]

A page takes about two seconds for each language and theme; all of them about twenty minutes.
"""

import argparse
import html
import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.test import Client
from playwright.sync_api import Error, Page

from tests.scenarios.browser import Visit, visit

LANGUAGES, THEMES = ("en", "zh-hans"), ("light", "dark")
WIDE, NARROWER, PHONE = 1440, 1024, 390
#: What people also do on their way home.
NARROW = (
    "index", "notices", "customer_360", "customers_customer_changelist", "campaigns_campaign_changelist",
    "campaign_report", "segment", "segments_segment_changelist", "offers", "promotion_results",
    "experiment_report", "delivery_runs", "delivery_run", "job", "product", "templates", "template_versions",
    "demand",
    "brand", "calendar", "calendar_list", "campaign_new", "campaign_content", "campaign_people",
    *(f"plan_{step}" for step in ("goal", "audience", "content", "test", "review")),
)  # fmt: skip
#: One fault of each kind that the run must find.
PLANTED = """<!doctype html><html lang="de" class="light"><head><title>Planted</title></head>
<body style="margin:0"><main><img src="data:,"><input type="text">
<p style="color:#ddd;background:#fff">pale -5</p>
<div style="width:1800px;height:20px;background:#eee"></div>
<div style="overflow:hidden;width:300px"><p style="width:900px">cut off</p></div></main>
<script>console.error("planted"); fetch("https://elsewhere.invalid/").catch(() => 0)</script></body></html>"""
#: What the draft is called in which the wizard is looked at.
DRAFT = "Autumn favourites, for pictures"
PLANTED_AT = "/admin/planted-faults/"
EXPECTED = {
    "not signed in", "language", "theme", "console", "other origin", "image-alt", "label", "color-contrast",
    "hyphen", f"wider than {NARROWER}", f"wider than {PHONE}", f"cut at {PHONE}",
}  # fmt: skip


@dataclass
class Look:
    """What was seen of one page in one language and theme."""

    name: str
    path: str
    status: int
    faults: list[str] = field(default_factory=list)
    picture: str = ""


def look(
    window: Visit,
    name: str,
    path: str,
    *,
    language: str,
    theme: str,
    narrow: bool,
    folder: Path | None = None,
) -> Look:
    """Open a page, take its picture and return what is wrong with it."""
    page, before = window.page, len(window.complaints)
    page.set_viewport_size({"width": WIDE, "height": 900})
    seen = Look(name, path, 0)
    try:
        seen.status = window.go(path)
    except Error as error:
        seen.faults.append(f"status: {str(error).splitlines()[0]}")
        return seen
    if seen.status != 200 and name != "planted":
        seen.faults.append(f"status: {seen.status}")
    if page.locator("#nav-sidebar").count() != 1:
        seen.faults.append("not signed in: there is no sidebar")
    if page.evaluate("document.documentElement.lang") != language:
        seen.faults.append("language: " + page.evaluate("document.documentElement.lang"))
    if page.evaluate("document.documentElement.classList.contains('dark')") is not (theme == "dark"):
        seen.faults.append("theme: the page does not follow it")
    if page.locator("main, [role=main]").count() != 1:
        seen.faults.append("main: there is not exactly one")
    seen.faults += [f"hyphen: {text}" for text in hyphens(page)]
    seen.faults += window.faults()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        _scroll(page)
        page.screenshot(path=folder / f"{name}.png", full_page=True)
        seen.picture = f"{folder.name}/{name}.png"
    for width in (NARROWER, PHONE) if narrow else (NARROWER,):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(60)
        if narrow and folder is not None:
            _scroll(page)
            page.wait_for_timeout(150)  # frames follow the window a moment later
            page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
        if beyond := too_wide(page):
            seen.faults.append(f"wider than {width}: {beyond}")
        if width == PHONE:
            seen.faults += [f"cut at {width}: {what}" for what in cut(page)]
            seen.faults += [f"at {width}: {fault}" for fault in window.faults()]
    for complaint in window.complaints[before:]:
        kind = "other origin" if complaint.startswith("asks ") else "console"
        seen.faults.append(f"{kind}: {complaint}")
    return seen


def _scroll(page: Page) -> None:
    """Go down the page and back, so that what is drawn when it comes into sight is in the picture."""
    page.evaluate(
        """async () => {
          for (let y = 0; y < document.documentElement.scrollHeight; y += 700) {
            window.scrollTo(0, y);
            await new Promise((done) => setTimeout(done, 40));
          }
          window.scrollTo(0, 0);
        }"""
    )
    page.wait_for_load_state("networkidle")


def too_wide(page: Page) -> str:
    """Say by what the page is wider than the window; nothing when it is not."""
    return str(
        page.evaluate(
            """() => {
              const room = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= room + 1) return '';
              const far = [...document.querySelectorAll('main *, #content *, body > *')]
                .filter((e) => e.getBoundingClientRect().right > room + 1 && e.getClientRects().length);
              const most = far.at(-1);
              return `${document.documentElement.scrollWidth - room} px` +
                (most ? ` by ${most.tagName.toLowerCase()}.${most.className}`.slice(0, 120) : '');
            }"""
        )
    )


def hyphens(page: Page) -> list[str]:
    """Return figures of the main content, of its charts too, whose minus is a hyphen."""
    found: list[str] = page.evaluate(
        """() => {
          const all = document.querySelector('main, [role=main]') || document.body;
          const texts = document.createTreeWalker(all, NodeFilter.SHOW_TEXT);
          const found = [], apart = 'script, style, code, pre, textarea';
          while (texts.nextNode()) {
            const { data, parentElement: inside } = texts.currentNode;
            if (/(^|[\\s(（:：…])-[$€£¥]?\\d/.test(data) && !inside.closest(apart))
              found.push(data.trim().slice(0, 60));
          }
          return found;
        }"""
    )
    return sorted(set(found))


def cut(page: Page) -> list[str]:
    """Return parts of the main content whose text lies outside of a box that neither scrolls nor wraps."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('main *, [role=main] *')].filter((e) => {
             const style = getComputedStyle(e);
             return ['hidden', 'clip'].includes(style.overflowX) && style.textOverflow !== 'ellipsis'
               && e.clientWidth > 24 && e.scrollWidth > e.clientWidth + 4 && e.innerText?.trim()
               && e.getClientRects().length && style.clipPath === 'none' && !e.closest('iframe, svg');
           }).map((e) => `${e.tagName.toLowerCase()}.${e.className}`.slice(0, 100))"""
    )
    return sorted(set(found))


def planted(window: Visit) -> set[str]:
    """Return the kinds of faults found on the page that has one of each."""
    window.page.route(
        f"**{PLANTED_AT}", lambda route: route.fulfill(body=PLANTED, content_type="text/html; charset=utf-8")
    )
    seen = look(window, "planted", PLANTED_AT, language="en", theme="dark", narrow=True)
    window.page.unroute(f"**{PLANTED_AT}")
    return {fault.split(":")[0] for fault in seen.faults}


@contextmanager
def signed_in(access: dict[str, Any], *, theme: str, language: str) -> Iterator[Visit]:
    """Open a window in which the demo's user is signed in."""
    with visit(access["url"], theme=theme, language=language) as window:
        window.sign_in(access["username"], access["password"])
        yield window


def further(client: Client, sent: str | None) -> dict[str, str]:
    """Return pages that the address table does not give by itself: a new draft's steps, and a report.

    `sent` is the campaign that wrote to most people: its report has something on every tab.
    """
    begun = client.post("/admin/campaigns/new/", {"goal": "sell", "name": DRAFT})
    steps = begun.headers["Location"].removesuffix("goal/")
    found = {f"plan_{step}": f"{steps}{step}/" for step in ("goal", "audience", "content", "test", "review")}
    if sent:
        report = f"/admin/campaigns/{sent}/report/"
        found |= {"campaign_report": report} | {
            f"campaign_{tab}": f"{report}{tab}/" for tab in ("content", "people", "log")
        }
    return found | {f"calendar_{view}": f"/admin/calendar/?view={view}" for view in ("week", "list")}


_STYLE = (
    "body{font:14px system-ui;margin:24px}figure{display:inline-block;width:420px;margin:8px;"
    "vertical-align:top}img{width:100%;border:1px solid #ccc}.bad{color:#b91c1c}"
)


def index_of(looks: dict[str, list[Look]], folder: Path) -> None:
    """Write the page that shows every picture with what is wrong."""
    parts = [f"<!doctype html><meta charset=utf-8><title>Screens</title><style>{_STYLE}</style>"]
    for title, seen in looks.items():
        parts.append(f"<h2>{html.escape(title)}</h2>")
        for one in seen:
            words = "<br>".join(html.escape(fault) for fault in one.faults)
            parts.append(
                f'<figure><a href="{one.picture}"><img loading=lazy src="{one.picture}" alt=""></a>'
                f'<figcaption>{html.escape(one.path)} <span class="bad">{words}</span></figcaption></figure>'
            )
    (folder / "index.html").write_text("\n".join(parts))


def sheet_of(page: Page, folder: Path, seen: list[Look]) -> None:
    """Draw all pictures of a look onto one sheet."""
    style = "body{font:11px system-ui;margin:16px;display:flex;flex-wrap:wrap;gap:12px}"
    style += "figure{margin:0;width:300px}"
    style += "img{width:100%;height:300px;object-fit:cover;object-position:top left;border:1px solid #bbb}"
    figures = [
        f'<figure><img src="{(folder / Path(one.picture).name).as_uri()}" alt=""><figcaption>'
        f"{html.escape(one.name)}{' ✗' if one.faults else ''}</figcaption></figure>"
        for one in seen
        if one.picture
    ]
    target = folder / "sheet.html"
    target.write_text(f"<!doctype html><meta charset=utf-8><style>{style}</style>{''.join(figures)}")
    page.set_viewport_size({"width": 1600, "height": 900})
    page.goto(target.as_uri())
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / "sheet.png", full_page=True)


def say(text: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main() -> int:
    """Look at everything and return how many pages have faults."""
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    import django

    django.setup()
    from django.conf import settings

    from accounts.models import User
    from campaigns.models import Campaign
    from delivery.models import Run
    from tests.console.addresses import pages
    from tests.console.test_walls import PAGES

    logging.disable(logging.CRITICAL)
    settings.ALLOWED_HOSTS = ["*"]
    parser = argparse.ArgumentParser(description="Look at every page of the console.")
    parser.add_argument("--only", default="", help="names of pages that hold one of these, by commas")
    parser.add_argument("--language", choices=LANGUAGES, action="append")
    parser.add_argument("--theme", choices=THEMES, action="append")
    parser.add_argument(
        "--out", type=lambda text: Path(text).resolve(), default=Path(settings.VAR) / "screens"
    )
    asked = parser.parse_args()
    access = json.loads((Path(settings.VAR) / "demo.json").read_text())
    with signed_in(access, theme="light", language="en") as window:
        if missed := EXPECTED - planted(window):
            say(f"Planted faults were not found: {', '.join(sorted(missed))}.")
            return 2
    say("All planted faults were found.")
    wanted = [word for word in asked.only.split(",") if word]
    client = Client()
    client.force_login(User.objects.get(username=access["username"]))
    found = pages(PAGES, client)
    runs = Run.objects.filter(source="campaign").order_by("-audience")
    found |= further(client, runs.values_list("reference", flat=True).first())
    chosen = {n: p for n, p in found.items() if not wanted or any(word in n for word in wanted)}
    looks: dict[str, list[Look]] = {}
    begun = time.monotonic()
    for language in asked.language or LANGUAGES:
        for theme in asked.theme or THEMES:
            folder = asked.out / f"{language}-{theme}"
            with signed_in(access, theme=theme, language=language) as window:
                seen = looks.setdefault(folder.name, [])
                for name, path in chosen.items():
                    one = look(
                        window,
                        name,
                        path,
                        language=language,
                        theme=theme,
                        narrow=name in NARROW,
                        folder=folder,
                    )
                    seen.append(one)
                    for fault in one.faults:
                        say(f"{folder.name} {path} {fault}")
                sheet_of(window.page, folder, seen)
            index_of(looks, asked.out)
    Campaign.objects.filter(name=DRAFT, state=Campaign.State.DRAFT).delete()
    bad = sum(bool(one.faults) for seen in looks.values() for one in seen)
    total = sum(map(len, looks.values()))
    say(
        f"{total} pictures of {len(chosen)} pages in {time.monotonic() - begun:.0f} s, {bad} with faults:"
        f" {asked.out / 'index.html'}"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
