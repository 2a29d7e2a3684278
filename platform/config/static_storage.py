"""Static files under names that change with their content."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

_IMPORTS = CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]
#: Where our own modules lie. Scripts of others hold imports of what they do not ship.
_MODULES = ("segment-builder/*.js", "content-editor/*.js", "offer-editor/*.js", "campaign-wizard/*.js")


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Name what a module of a script imports after its content too.

    Browsers keep static files for ever, so that an import by the plain name would mix the modules of two
    releases.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        *((folder, _IMPORTS) for folder in _MODULES),
    )
    #: Each pass renames one more storey of modules that import each other.
    max_post_process_passes = 12
