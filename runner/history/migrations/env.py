"""Runs migrations on the connection that `database.py` has opened."""

from alembic import context

from firstbell.runner.history.tables.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,  # The caller has the transaction, and the lock in it.
)
context.run_migrations()
