"""Gather translatable strings, those marked by `noop` as well."""

from django.core.management.commands import makemessages


class Command(makemessages.Command):
    """Django's command, which also knows `gettext_noop` by the short name it has in tables of texts."""

    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=noop"]
