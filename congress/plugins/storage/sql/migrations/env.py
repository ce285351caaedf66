"""Alembic's environment: runs migrations on the connection in the configuration.

Loaded by alembic only. Invariant: it neither connects nor commits; whoever made
the connection does.
"""

from alembic import context

from congress.plugins.storage.sql.models import VERSION_TABLE, Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
