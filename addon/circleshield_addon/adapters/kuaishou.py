"""Kuaishou: the web's feeds, profiles and searches, and the app's feeds."""

import re

from circleshield_addon.adapter import Adapter, Endpoint, Fields

ADAPTER = Adapter(
    name="kuaishou",
    title="Kuaishou",
    hosts=(
        "www.kuaishou.com",
        "api.gifshow.com",
        "apissl.gifshow.com",
        "api3.gifshow.com",
        "m.gifshow.com",
        "api.ksapisrv.com",
        "apissl.ksapisrv.com",
        "apis2.ksapisrv.com",
        "az1-api.ksapisrv.com",
        "az2-api.ksapisrv.com",
        "az3-api.ksapisrv.com",
        "az4-api.ksapisrv.com",
    ),
    endpoints=(
        Endpoint(
            re.compile(r"/graphql"),
            items=tuple(
                f"data.{operation}.feeds"
                for operation in (
                    "visionNewRecoFeed",
                    "visionRecoFeed",
                    "brilliantTypeData",
                    "visionProfilePhotoList",
                    "visionProfileLikePhotoList",
                    "visionSearchPhoto",
                )
            ),
            method="POST",
        ),
        *(
            Endpoint(
                re.compile(
                    r"/rest/n/feed/\w+|/rest/v/(?:feed/(?:hot|liked|\w*[rR]eco\w*)|profile/(?:feed|private/list)"
                    r"|search/feed|collect/list)"
                ),
                items=("feeds",),
                method=method,
            )
            for method in ("GET", "POST")
        ),
    ),
    # A video with its caption rewritten would still play, so that nothing is folded here: it goes.
    fields=Fields(
        id=("photo.id", "photoId", "photo_id"),
        author_id=("author.id", "userId", "user_id"),
        author=("author.name", "userName", "user_name"),
        text=(("photo.caption", "photo.originCaption", "caption"),),
        ad={"ad": True},
    ),
    confidence="high",
    as_of="2026-11",
)
