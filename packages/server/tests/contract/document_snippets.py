"""The Python of the import document, against the server of HOLDFAST_TEST_URL. Prints one JSON line."""

import json
import os

from composio import Composio
from composio.types import auth_scheme

composio = Composio(api_key=os.environ["HOLDFAST_TEST_KEY"], base_url=os.environ["HOLDFAST_TEST_URL"])


def auth_config(toolkit, scheme):
    options = {"type": "use_custom_auth", "auth_scheme": scheme, "credentials": {}}
    return composio.auth_configs.create(toolkit, options).id


def connect(toolkit, scheme, config):
    connection = composio.connected_accounts.initiate(
        user_id="user_123",
        auth_config_id=auth_config(toolkit, scheme),
        config=config,
    )
    assert connection.status == "ACTIVE", connection
    return connection.id


api_key = connect("tavily", "API_KEY", auth_scheme.api_key({"api_key": "tvly-existing-key-0001"}))
gmail = auth_config("gmail", "BEARER_TOKEN")
bearer = composio.connected_accounts.initiate(
    user_id="user_123",
    auth_config_id=gmail,
    config=auth_scheme.bearer_token({"token": "existing-bearer-token"}),
).id
basic = connect(
    "twilio",
    "BASIC",
    auth_scheme.basic({"username": "AC00000000000000000000000000000001", "password": "existing-password"}),
)

composio.connected_accounts.update(
    bearer,
    connection={"state": {"authScheme": "BEARER_TOKEN", "val": {"token": "new-access-token"}}},
)
composio.connected_accounts.update(
    api_key,
    connection={"state": {"authScheme": "API_KEY", "val": {"generic_api_key": "new-api-key"}}},
)
composio.connected_accounts.update(
    basic,
    connection={
        "state": {
            "authScheme": "BASIC",
            "val": {"username": "AC00000000000000000000000000000002", "password": "new-password"},
        },
    },
)

# The document passes the user first; every release of the package takes it by name only.
session = composio.create(user_id="user_123", auth_configs={"gmail": gmail}, toolkits=["gmail"])
tools = [tool["function"]["name"] for tool in session.tools()]

listed = composio.connected_accounts.list(user_ids=["user_123"])
print(json.dumps({"accounts": [api_key, bearer, basic], "listed": [item.id for item in listed.items], "tools": tools}))
