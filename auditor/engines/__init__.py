"""Batches of accounts on any executor: processes of our own, a caller's pool, a Dask cluster."""

from auditor.engines.batch import RunPlan
from auditor.engines.batches import audit_in_batches
from auditor.engines.crew import Crew, check_crew, open_crew

__all__ = ["Crew", "RunPlan", "audit_in_batches", "check_crew", "open_crew"]
