"""How a plan is made and shown: on stdout, for people or as one JSON document."""

from auditor.cli.next_step import Step, Words, next_step
from auditor.cli.terminal.output import Output
from auditor.cli.terminal.plan import plan_json, print_plan
from auditor.cli.terminal.streams import guarded_stdout
from auditor.config import AuditConfig
from auditor.model.plan import Plan
from auditor.model.progress import AuditWarning, ProgressEvent
from auditor.run.plan import plan_audit

_NOT_WRITTEN = 1


async def show_plan(  # noqa: PLR0913 - what is planned, and how it is shown
    config: AuditConfig, *, processes: int, sample: int, as_json: bool, words: Words, output: Output
) -> int:
    """Plan the audit, and print the plan and the step after it; returns the exit code.

    Raises:
        AuditError: It could not be planned.
    """
    with output.display() as display:

        def warn(event: ProgressEvent) -> None:
            if isinstance(event, AuditWarning):
                display(event)

        plan = await plan_audit(config, processes=processes, sample=sample, observe=warn)
    return _show(plan, as_json=as_json, words=words, output=output)


def _show(plan: Plan, *, as_json: bool, words: Words, output: Output) -> int:
    stdout = guarded_stdout()
    if as_json:
        stdout.write(f"{plan_json(plan)}\n")
    else:
        print_plan(stdout.console(), plan, next_step=next_step(Step.PLAN, words, pilot=plan.pilot))
    stdout.flush()
    if stdout.failure:
        output.say(f"Error: The plan could not be written: {stdout.failure}.")
        return _NOT_WRITTEN
    return 0
