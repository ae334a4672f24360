"""Model: train it on the labels, read the gate's verdict, put it in use or leave it; the versions, and the way back."""

import json
import threading
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from circleshield.commands.model import described
from circleshield.review.guard import owner_only
from circleshield.review.notices import Notice, leave
from circleshield.review.queue import NEXT_TRAINING, new_labels
from circleshield.review.served import served
from circleshield_model import versions
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer

_SHOWN = 50  # posts of each kind whose verdict changes
_one_at_a_time = threading.Lock()

pages = Blueprint("retraining", __name__)


@pages.get("/model")
@owner_only
def model() -> str:
    """What is learnt, what the last training came to, and the versions, newest first.

    Of a training that an earlier run of the proxy saw, only what the version says of itself is known.
    """
    home, training = served().home, served().training
    result = training.result
    changes = result.found.get("changes", []) if result is not None and result.found is not None else []
    found = _versions()
    return render_template(
        "model.html",
        training=training,
        result=result,
        last=next((one for one in found if one["gate"] is not None), None),
        changes=[(kind, [one for one in changes if one["removed"] == kind]) for kind in (True, False)],
        most=_SHOWN,
        learnt=new_labels(),
        goal=NEXT_TRAINING,
        versions=found,
        can_go_back=bool(versions.promotions(home)),
        fixed=served().reloading.files.model,
    )


@pages.get("/model/progress")
@owner_only
def progress() -> Response:
    """The training's progress, to be put into the page; nothing and 204 when it has ended."""
    if not served().training.running:
        return Response(status=204)
    return Response(render_template("progress.html", training=served().training))


@pages.post("/model/train")
@owner_only
def train() -> Response:
    """Begins a training, unless there is one."""
    leave(Notice("training" if served().training.start() else "training_already"))
    return _back()


@pages.post("/model/stop")
@owner_only
def stop() -> Response:
    """Ends the training."""
    served().training.stop()
    leave(Notice("training_stopped"))
    return _back()


@pages.post("/model/leave")
@owner_only
def leave_it() -> Response:
    """Keeps the model in use; the new one stays among the versions."""
    served().training.leave()
    leave(Notice("left"))
    return _back()


@pages.post("/model/use")
@owner_only
def use() -> Response:
    """Puts a `version` in use; without one, the model before."""
    home, version = served().home, request.form.get("version")
    with _one_at_a_time:
        if version:
            Scorer.load(versions.folder_of(home, version))  # what cannot be loaded is not put in use
            versions.put_in_use(home, version)
        else:
            versions.take_back(home)
    served().training.leave()
    leave(Notice("in_use"))
    return _back()


def _versions() -> list[dict[str, Any]]:
    """Those that can be read, newest first, the packaged model last."""
    found = []
    for version in reversed((versions.NAME, *versions.versions(served().home))):
        try:
            found.append(described(served().home, version))
        except (InputError, OSError, json.JSONDecodeError):
            continue
    return found


def _back() -> Response:
    return redirect(url_for("retraining.model"), 303)
