"""A database of one test on a server that several tests use."""

import uuid

import sqlalchemy as sa

from congress.plugins.storage.sql import migrate


class Database:
    """Made with the schema of this Congress, dropped at the end."""

    def __init__(self, server: str) -> None:
        # No connection is kept, because the server may be killed meanwhile.
        self._admin = sa.create_engine(
            server, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool
        )
        self._name = f"congress_{uuid.uuid4().hex}"
        self.url = self.at(server)

    def at(self, server: str) -> str:
        """Its URL at another member of the server's cluster, or on another way there."""
        url = sa.make_url(server).set(database=self._name)
        return url.render_as_string(hide_password=False)

    def __enter__(self) -> "Database":
        with self._admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {self._name}")
        engine = sa.create_engine(self.url)
        with engine.begin() as connection:
            migrate.upgrade(connection)
        engine.dispose()
        return self

    def __exit__(self, *exception: object) -> None:
        with self._admin.connect() as connection:
            force = " WITH (FORCE)" if connection.dialect.name == "postgresql" else ""
            connection.exec_driver_sql(f"DROP DATABASE {self._name}{force}")
        self._admin.dispose()
