"""Writes what a query returns to a Parquet file, in the way of one of the tools
that wasmsql is measured beside: peers.py TOOL QUERY FILE. The database's URI is
in WASMSQL_BENCH_URI, as the tool takes it; for ADBC's SQLite a path."""

import os
import sys


def connectorx(uri, query, file):
    import connectorx
    import pyarrow.parquet

    table = connectorx.read_sql(uri, query, return_type="arrow")
    pyarrow.parquet.write_table(table, file)


def adbc(uri, query, file):
    import pyarrow.parquet

    if uri.startswith("postgresql:"):
        from adbc_driver_postgresql import dbapi
    else:
        from adbc_driver_sqlite import dbapi
    with dbapi.connect(uri) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        batches = cursor.fetch_record_batch()
        with pyarrow.parquet.ParquetWriter(file, batches.schema) as writer:
            for batch in batches:
                writer.write_batch(batch)


def pandas(uri, query, file):
    import pandas
    import sqlalchemy

    with sqlalchemy.create_engine(uri).connect() as connection:
        pandas.read_sql_query(sqlalchemy.text(query), connection).to_parquet(file)


{"connectorx": connectorx, "adbc": adbc, "pandas": pandas}[sys.argv[1]](os.environ["WASMSQL_BENCH_URI"], *sys.argv[2:])
