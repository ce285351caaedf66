"""The storage backend ``sql``: SQLite, MariaDB, MySQL (Galera too), PostgreSQL.

May import SQLAlchemy, oslo.db, alembic, tenacity, ``congress.interfaces``,
``congress.model`` and the shared files of ``congress.plugins.storage``.
"""
