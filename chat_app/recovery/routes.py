import logging
from typing import Any

from flask import Response
from flask_openapi import Tag

from chat_app.auth.current import identity, public
from chat_app.auth.passwords import hash_password
from chat_app.db import transaction
from chat_app.documents.area import Area
from chat_app.errors import unavailable
from chat_app.jobs import enqueue
from chat_app.limits import auth_limited
from chat_app.recovery import service
from chat_app.recovery.schemas import Accepted, EmailVerification, ForgottenPassword, PasswordReset

log = logging.getLogger(__name__)

bp = Area("recovery", __name__, url_prefix="/auth", abp_tags=[Tag(name="auth")])


def _ask_for_mail(name: str, *args: str) -> tuple[dict[str, Any], int]:
    try:
        enqueue(name, *args)
    except Exception as error:
        log.warning("no mail can be asked for, the job queue does not answer: %s", error)
        raise unavailable("Mails cannot be sent at present. Please try again.") from None
    return {}, 202


@bp.post("/password/forgot", responses={202: Accepted})
@public
@auth_limited
def forgot_password(body: ForgottenPassword) -> tuple[dict[str, Any], int]:
    """Have a link to set a new password mailed. The answer is the same whether there is such an account or not."""
    return _ask_for_mail("mail.password_reset", body.email)


@bp.post("/password/reset", responses={204: None, 403: None})
@public
@auth_limited
def reset_password(body: PasswordReset) -> Response:
    """Set a new password with the token of a mailed link, which works once; all sessions end."""
    service.may_reset(body.token, body.new_password)
    new_hash = hash_password(body.new_password)
    with transaction():
        service.reset_password(body.token, new_hash)
    return Response(status=204)


@bp.post("/email/verification", responses={202: Accepted, 409: None})
def ask_for_verification() -> tuple[dict[str, Any], int]:
    """Have a link mailed to one's own address, to verify it."""
    caller = identity()
    service.may_ask_for_verification(caller.user_id)
    return _ask_for_mail("mail.verification", caller.user_id)


@bp.post("/email/verify", responses={204: None, 403: None})
@public
@auth_limited
def verify_email(body: EmailVerification) -> Response:
    """Verify an address with the token of a mailed link."""
    with transaction():
        service.verify_email(body.token)
    return Response(status=204)
