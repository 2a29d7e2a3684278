"""Files in calls of the REST interface: as a part of a form, or as the whole body."""

import hashlib
import tempfile
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

from core.parsers import TooLarge

_CHUNK = 1 << 20


class Upload(dict[str, Any]):
    """The text members of an upload with the file's fingerprint, by which a repeat is known; and the file."""

    file: IO[bytes] | UploadedFile | None = None


class FormUpload(BaseParser):
    """Read multipart/form-data with one file."""

    media_type = "multipart/form-data"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Upload:
        """Return the members; large files lie on disk already. Raises ParseError for none or several."""
        parsed = MultiPartParser().parse(stream, media_type, parser_context)
        files = [file for name in parsed.files for file in parsed.files.getlist(name)]
        if len(files) != 1:
            raise ParseError(_("Send exactly one file, as the part “file”."))
        upload = Upload({name: parsed.data.get(name) for name in parsed.data})
        digest = hashlib.sha256()
        for chunk in files[0].chunks():
            digest.update(chunk)
        files[0].seek(0)
        upload["sha256"] = digest.hexdigest()
        upload.setdefault("name", files[0].name)
        upload.file = files[0]
        return upload


class BodyUpload(BaseParser):
    """Take the whole body as the file, whatever its content type says."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Upload:
        """Return the file, spooled to disk beyond a megabyte. Raises TooLarge."""
        upload, digest, size = Upload(), hashlib.sha256(), 0
        file = tempfile.SpooledTemporaryFile(max_size=_CHUNK)  # noqa: SIM115 (closed with the request)
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > settings.IMPORT_MAX_BYTES:
                raise TooLarge(_("At most %(limit)d bytes.") % {"limit": settings.IMPORT_MAX_BYTES})
            digest.update(chunk)
            file.write(chunk)
        file.seek(0)
        upload["sha256"] = digest.hexdigest()
        upload.file = file
        return upload
