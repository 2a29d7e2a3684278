# One image for web, workers and beat; the command says which.
FROM python:3.11.13-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements.txt /tmp/requirements.txt
RUN /venv/bin/pip install --no-cache-dir --quiet --requirement /tmp/requirements.txt

FROM python:3.11.13-slim-bookworm
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app:/app/platform \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    RAPPORT_VAR=/data \
    RAPPORT_LOG=json
# implicit is linked against GNU's OpenMP, which its wheel does not carry.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1=12.* \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin rapport \
    && install -d -o rapport -g rapport /data
COPY --from=build /venv /venv
WORKDIR /app
COPY . /app
# The settings want their variables; none of these values is in the image's environment.
RUN DJANGO_SECRET_KEY=build RAPPORT_FIELD_KEYS=build:YnVpbGQ= RAPPORT_HASH_KEY=build ALLOWED_HOSTS=localhost \
    DATABASE_URL=postgres://nowhere/none REDIS_URL=redis://nowhere EMAIL_URL=smtp://nowhere \
    SHOP_FROM_EMAIL=build@example.invalid \
    python manage.py prepare --assets-only
USER rapport
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "-c", "python:config.web_server", "-b", "0.0.0.0:8000", "config.wsgi:application"]
