"""Empty databases to try things in, on a server that one may make schemas on; gone afterwards."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from .database import server_url, shown
from .errors import OpenRefused


@contextmanager
def scratch(url: str) -> Iterator[Callable[[], str]]:
    """A function that gives, each time it is called, the URL of a new empty schema in this PostgreSQL database.

    OpenRefused if the server is not there or the account may not make schemas.
    """
    base = server_url(url)
    made: list[str] = []
    engine = sa.create_engine(base, isolation_level="AUTOCOMMIT", hide_parameters=True, poolclass=sa.pool.NullPool)

    def new() -> str:
        name = f"gateway_selftest_{secrets.token_hex(6)}"
        with engine.connect() as conn:
            conn.execute(sa.schema.CreateSchema(name))
        made.append(name)
        options = f"{base.query.get('options', '')} -csearch_path={name}".strip()
        here = base.set(drivername="postgresql").update_query_dict({"options": options})
        return here.render_as_string(hide_password=False)

    try:
        yield new
    except sa.exc.DBAPIError as error:
        raise OpenRefused(f"{shown(base)}: cannot be used ({str(error.orig).strip()})") from None
    finally:
        for name in made:
            with engine.connect() as conn:
                conn.execute(sa.schema.DropSchema(name, cascade=True, if_exists=True))
        engine.dispose()
