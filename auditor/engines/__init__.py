"""Batches of accounts on any executor: processes of our own, a caller's pool, a Dask cluster."""

from auditor.engines.batches import audit_in_batches
from auditor.engines.pool import Pool, check_pool, open_pool

__all__ = ["Pool", "audit_in_batches", "check_pool", "open_pool"]
