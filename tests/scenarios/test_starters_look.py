"""The starters as phones and computers show them: 375 and 640 px, light and dark, in both languages."""

import os
import shutil
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import translation
from playwright.sync_api import sync_playwright

from campaigns.content.rendering import render
from campaigns.content.starters import ensure_starter_templates
from campaigns.content.variables import SAMPLE
from tests.scenarios.browser import CHROMIUM, FLAGS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.django_db,
    pytest.mark.skipif(not shutil.which("chromium"), reason="NO CHROMIUM: THE BROWSER TESTS DID NOT RUN"),
]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHOTS = os.environ.get("RAPPORT_SHOTS")
_RULES = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "image-alt", "link-name", "html-has-lang"]}
}


def mails() -> dict[tuple[str, str], str]:
    """Render every starter for e-mail in both languages."""
    found = {}
    versions = ensure_starter_templates(NOW)
    for locale in ("en", "zh-hans"):
        with translation.override(locale):
            values = {**SAMPLE, "customer": {**SAMPLE["customer"], "locale": locale, "language": locale}}
            values["products"] = [{**SAMPLE["products"][0], "image_url": ""} for _ in range(6)]
            for key, version in versions.items():
                if version.template.channel == "email":
                    found[key, locale] = render(version, values).html
    return found


def test_every_starter_fits_and_can_be_read(db):
    faults = []
    made = mails()
    assert len(made) >= 14
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for scheme in ("light", "dark"):
            page = browser.new_context(color_scheme=scheme).new_page()
            page.route("http*://**", lambda route: route.abort())
            for (key, locale), html in made.items():
                page.set_content(html)
                for width in (375, 640):
                    name = f"{key}-{locale}-{scheme}-{width}"
                    page.set_viewport_size({"width": width, "height": 800})
                    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                        faults.append(f"{name}: wider than the window")
                    if SHOTS:
                        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
                found = Axe().run(page, options={**_RULES, "resultTypes": ["violations"]}).response
                faults += [
                    f"{key}-{locale}-{scheme} {v['id']}: {node['html'][:150]}"
                    for v in found["violations"]
                    for node in v["nodes"]
                ]
        browser.close()
    assert faults == []
