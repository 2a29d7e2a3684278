from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Integrations")

    def ready(self) -> None:
        """Offer imports and exports as jobs, and the lists that can be taken out."""
        from accounts.jobs import JobKind, kinds
        from core.exports import answers
        from integrations import people
        from integrations.exports.action import export
        from integrations.exports.lists import register

        register()
        answers.add("csv", export)

        kinds.add("import", JobKind(noop("Import a data set"), "ingest", "integrations.jobs.import_dataset"))
        kinds.add("import_check", JobKind(noop("Check a file"), "ingest", "integrations.jobs.check_file"))
        kinds.add("import_file", JobKind(noop("Import a file"), "ingest", "integrations.jobs.store_file"))
        kinds.add("import_undo", JobKind(noop("Undo an import"), "ingest", "integrations.jobs.undo_file"))
        kinds.add("export", JobKind(noop("Export a list"), "ingest", "integrations.jobs.write_export"))
        people.register()
