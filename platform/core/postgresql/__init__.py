"""Django's PostgreSQL backend, which looks at a connection before it asks the server whether it lives."""
