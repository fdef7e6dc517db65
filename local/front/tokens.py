"""Tokens of Cognito user pools: signature, issuer, use, client and expiry.

AWS: "Verifying JSON web tokens" (Amazon Cognito); "Control access to REST APIs using Amazon Cognito user
pools as an authorizer".
"""

import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from local.provider.emulation import ACCOUNT

_POOL = re.compile(r"arn:aws[\w-]*:cognito-idp:(?P<region>[a-z0-9-]+):\d{12}:userpool/(?P<id>[\w-]+)")
_SECONDS = 10


class TokenError(Exception):
    """A token is not accepted."""


class ExpiredError(TokenError):
    """A token was good once."""


class PoolError(Exception):
    """The user pool of an authorizer cannot be asked."""


class Pools:
    """User pools in the emulated cloud at *endpoint*; *client* makes a Cognito client of a region."""

    def __init__(
        self, endpoint: str, client: Callable[[str], Any], clock: Callable[[], float] = time.time
    ) -> None:
        self._endpoint, self._client, self._clock = endpoint, client, clock
        self._lock = threading.Lock()
        self._keys: dict[str, KeySet] = {}
        self._clients: set[tuple[str, str]] = set()

    def claims(self, token: str, pool_arn: str, use: str, audience: str = "") -> Mapping[str, Any]:
        """Return the claims of a token of a pool that was issued for *use*, `id` or `access`.

        *audience* is a regular expression for the client of an id token.

        Raises
        ------
        TokenError, ExpiredError
            The token is not accepted.
        PoolError
            There is no such pool.
        """
        found = _POOL.fullmatch(pool_arn)
        if not found:
            raise PoolError(f"{pool_arn} names no user pool")
        region, pool = found["region"], found["id"]
        try:
            claims = jwt.decode(token, self._keys_of(region, pool), algorithms=["RS256"]).claims
        except (JoseError, ValueError) as error:
            raise TokenError(f"the token cannot be verified: {error}") from error
        self._check(claims, region, pool, use, audience)
        return claims

    def _check(self, claims: Mapping[str, Any], region: str, pool: str, use: str, audience: str) -> None:
        issuer = f"https://cognito-idp.{region}.amazonaws.com/{pool}"
        if claims.get("iss") != issuer:
            raise TokenError(f"the token is of {claims.get('iss')}, not of {issuer}")
        if claims.get("token_use") != use:
            raise TokenError(f"this is no {use} token")
        client = claims.get("aud" if use == "id" else "client_id")
        if not isinstance(client, str) or not self._knows(region, pool, client):
            raise TokenError("the token was issued for no client of the pool")
        if use == "id" and audience and not re.fullmatch(audience, client):
            raise TokenError("the token was issued for another audience")
        expiry = claims.get("exp")
        if not isinstance(expiry, int | float) or expiry <= self._clock():
            raise ExpiredError("the token has expired")

    def _keys_of(self, region: str, pool: str) -> KeySet:
        with self._lock:
            if pool in self._keys:
                return self._keys[pool]
        try:
            self._client(region).describe_user_pool(UserPoolId=pool)
        except ClientError as error:
            raise PoolError(f"user pool {pool}: {error}") from error
        scope = f"{ACCOUNT}/20260101/{region}/cognito-idp/aws4_request"
        request = urllib.request.Request(  # noqa: S310 - the emulated cloud on loopback
            f"{self._endpoint}/{pool}/.well-known/jwks.json",
            headers={
                "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                keys = KeySet.import_key_set(json.load(answer))
        except (OSError, ValueError) as error:
            raise PoolError(f"the keys of user pool {pool} cannot be read: {error}") from error
        with self._lock:
            return self._keys.setdefault(pool, keys)

    def _knows(self, region: str, pool: str, client: str) -> bool:
        with self._lock:
            if (pool, client) in self._clients:
                return True
        try:
            self._client(region).describe_user_pool_client(UserPoolId=pool, ClientId=client)
        except ClientError:
            return False
        with self._lock:
            self._clients.add((pool, client))
        return True
