"""Where the broker and the databases of the tests are."""

import os

BROKER = "CONGRESS_TEST_RABBITMQ_URL"
MARIADB = "CONGRESS_TEST_MYSQL_URL"
POSTGRESQL = "CONGRESS_TEST_POSTGRESQL_URL"
#: The members that take writes.
GALERA = "CONGRESS_TEST_GALERA_URLS"


def address(variable: str) -> str:
    """The URL of a server; a failure if nobody told it."""
    url = os.environ.get(variable, "")
    if not url:
        raise AssertionError(
            f"{variable} is not set; start the servers with script/services, "
            'and then: eval "$(script/services env)"'
        )
    return url


def addresses(variable: str) -> list[str]:
    """The URLs of a server that is found at several places; a failure if nobody told them."""
    return address(variable).split()
