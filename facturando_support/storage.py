"""Static files with hashed names, the imports inside ES modules included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleAwareStorage(CompressedManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
    # Bootstrap's stylesheet names a source map, which is not shipped to browsers.
    manifest_strict = True
