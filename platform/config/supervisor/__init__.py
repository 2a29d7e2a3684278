"""Run all processes of an installation in one terminal (``manage.py up``)."""
