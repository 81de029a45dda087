import sqlalchemy as sa

from chat_app.audit.service import record
from chat_app.errors import not_found
from chat_app.extensions import db
from chat_app.plans.models import Plan
from chat_app.plans.schemas import PlanUpdate


def list_plans() -> list[Plan]:
    """All plans, the smallest first."""
    return list(db.session.scalars(sa.select(Plan).order_by(Plan.requests_per_minute, Plan.name)))


def get_plan(name: str) -> Plan:
    plan = db.session.get(Plan, name, populate_existing=True)
    if plan is None:
        raise not_found("plan")
    return plan


def update_plan(caller_id: str, name: str, data: PlanUpdate) -> Plan:
    """Change a plan's numbers, for all accounts that have it."""
    plan = get_plan(name)
    changes = data.model_dump(exclude_none=True)
    for field, value in changes.items():
        setattr(plan, field, value)
    record("plan.changed", actor_id=caller_id, plan=name, **changes)
    return plan
