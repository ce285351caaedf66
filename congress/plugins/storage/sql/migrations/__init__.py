"""Migrations of the schema, run by alembic on a connection it is given."""
