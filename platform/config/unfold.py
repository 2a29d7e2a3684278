"""Settings of the admin's shell (django-unfold): brand, colours. `navigation` has the sidebar."""

from django.templatetags.static import static

TEAL = {
    "50": "#f0fdfa",
    "100": "#ccfbf1",
    "200": "#99f6e4",
    "300": "#5eead4",
    "400": "#2dd4bf",
    "500": "#14b8a6",
    "600": "#0f766e",
    "700": "#115e59",
    "800": "#134e4a",
    "900": "#0f3f3c",
    "950": "#042f2e",
}

UNFOLD = {
    "SITE_TITLE": "Rapport",
    "SITE_HEADER": "Rapport",
    "SITE_SUBHEADER": "console.shell.shop_name",
    "SITE_SYMBOL": "handshake",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("studio-icon.svg")}
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {"primary": TEAL},
    "ENVIRONMENT": "console.shell.environment",
    "STYLES": [
        lambda request: static("studio.css"),
        lambda request: static("segments.css"),
        lambda request: static("people.css"),
        lambda request: static("offers.css"),
    ],
    "SCRIPTS": [lambda request: static("studio.js"), lambda request: static("palette.js")],
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": False,
        "navigation": "config.navigation.navigation",
    },
    "TABS": "config.navigation.tabs",
}
