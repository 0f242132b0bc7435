"""Runs migrations on the connection that history has opened; there is no other way to run them."""

from alembic import context

from firstbell.runner.history.tables.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,  # The transaction is the opener's, and so is the lock in it.
)
context.run_migrations()
