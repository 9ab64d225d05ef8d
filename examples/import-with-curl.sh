#!/usr/bin/env bash
# Import a bearer token by plain HTTP, checked before it is stored, and use it at once.
# NPM_TOKEN=… bash examples/import-with-curl.sh   (HOLDFAST_BASE_URL, HOLDFAST_API_KEY; NPM_REGISTRY_URL for a registry of yours)
set -euo pipefail
: "${HOLDFAST_API_KEY:?set it to the key in the api-key file of the data directory}"
: "${NPM_TOKEN:?set it to an access token of the npm registry}"
base=${HOLDFAST_BASE_URL:-http://localhost:9900}/api/v3

# The body, and the API key as a header line, come in files: arguments are seen by every user of the machine.
post() {
  curl --silent --show-error --fail-with-body -X POST "$base$1" \
    -H 'content-type: application/json' -H @<(printf 'x-api-key: %s\n' "$HOLDFAST_API_KEY") --data @-
}
first_id() { grep -o "\"$1_[^\"]*\"" | head -n 1 | tr -d '"'; }

echo '1. An auth config: which toolkit, and how its users authenticate'
auth_config=$(post /auth_configs <<<'{"toolkit":{"slug":"npm_registry"},"auth_config":{"type":"use_custom_auth","authScheme":"BEARER_TOKEN"}}' | first_id ac)
echo "   $auth_config"

echo '2. The token, checked with the provider first; a refused one is a 400 and nothing is stored'
registry=${NPM_REGISTRY_URL:+,\"base_url\":\"$NPM_REGISTRY_URL\"}
connection=$(post /connected_accounts <<JSON | first_id ca
{"auth_config":{"id":"$auth_config"},"validate_credentials":true,
 "connection":{"user_id":"user_curl","state":{"authScheme":"BEARER_TOKEN","val":{"token":"$NPM_TOKEN"${registry:-}}}}}
JSON
)
echo "   $connection"

echo '3. A tool, with that connection'
post /tools/execute/NPM_REGISTRY_WHO_AM_I <<<"{\"connected_account_id\":\"$connection\",\"arguments\":{}}"
echo
