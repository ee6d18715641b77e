"""The name of a node: one process at a time works under it."""

from contextlib import suppress
from typing import Final

import sqlalchemy as sa

from .errors import StoreError
from .unit import sentences

_KIND: Final = 0x6E6F6465  # of advisory locks: any number that nobody else uses: "node"


class NodeName:
    """A name on a server, for as long as a session lives that is kept for it. A file has one folder, and its lock.

    Two processes under one name would each take the other's attempts for its own of before a crash.
    """

    def __init__(self, engine: sa.Engine | None, name: str) -> None:
        self._engine, self._name = engine, name
        self._session: sa.Connection | None = None

    def keep(self) -> bool:
        """Take it, or see that it is ours still, and take it again after its session was lost. StoreDown.

        False: another process has it; or the server has not seen yet that our session is lost.
        """
        if self._engine is None or self._lives():
            return True
        with sentences():
            conn = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                whole = sa.func.current_schema() + sa.literal(f"/{self._name}")
                if held := bool(conn.scalar(sa.select(sa.func.pg_try_advisory_lock(_KIND, sa.func.hashtext(whole))))):
                    conn.detach()  # its session is the lock: it goes back to nobody
                    self._session = conn
                return held
            finally:
                if self._session is None:
                    conn.close()

    def _lives(self) -> bool:
        if self._session is None:
            return False
        try:
            with sentences():
                self._session.exec_driver_sql("SELECT 1")
        except StoreError:
            self.let_go()
            return False
        return True

    def let_go(self) -> None:
        """Another process may have it."""
        session, self._session = self._session, None
        if session is None:
            return
        with suppress(sa.exc.SQLAlchemyError):  # a session that was lost holds nothing
            if not session.invalidated:
                # By the end of the session alone it would be free a moment later.
                session.execute(sa.select(sa.func.pg_advisory_unlock_all()))
            session.close()
