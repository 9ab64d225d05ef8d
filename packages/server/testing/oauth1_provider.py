"""An OAuth 1.0a provider around oauthlib's own endpoints; only what it keeps in memory and the pages are of these tests."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from oauthlib.oauth1 import RequestValidator, WebApplicationServer

CLIENT = ("consumer-key-of-the-tests", "consumer-secret/+of the tests")
REFUSED = "refused-secret"


class Memory(RequestValidator):
    def __init__(self):
        super().__init__()
        self.seen = set()
        self.request_tokens = {}
        self.access_tokens = {}

    enforce_ssl = False
    realms = ["things"]
    allowed_signature_methods = ("HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT")
    safe_characters = RequestValidator.safe_characters.fget(None) | set("-_")
    dummy_client = "dummy"
    dummy_request_token = "dummy"
    dummy_access_token = "dummy"

    def check_access_token(self, token):
        return True

    def check_request_token(self, token):
        return True

    def check_verifier(self, verifier):
        return True

    def validate_client_key(self, client_key, request):
        return client_key == CLIENT[0]

    def get_client_secret(self, client_key, request):
        return CLIENT[1] if client_key == CLIENT[0] else REFUSED

    def validate_timestamp_and_nonce(self, client_key, timestamp, nonce, request, request_token=None, access_token=None):
        key = (client_key, timestamp, nonce, request_token or access_token)
        fresh = key not in self.seen
        self.seen.add(key)
        return fresh

    def validate_redirect_uri(self, client_key, redirect_uri, request):
        return True

    def get_default_realms(self, client_key, request):
        return ["things"]

    def validate_requested_realms(self, client_key, realms, request):
        return all(realm == "things" for realm in realms)

    def validate_realms(self, client_key, token, request, uri=None, realms=None):
        return True

    def get_realms(self, token, request):
        return ["things"]

    def verify_realms(self, token, realms, request):
        return True

    def save_request_token(self, token, request):
        self.request_tokens[token["oauth_token"]] = {
            "secret": token["oauth_token_secret"],
            "callback": request.redirect_uri,
            "verifier": None,
        }

    def verify_request_token(self, token, request):
        return token in self.request_tokens

    def validate_request_token(self, client_key, token, request):
        return token in self.request_tokens

    def get_request_token_secret(self, client_key, token, request):
        return self.request_tokens.get(token, {}).get("secret", REFUSED)

    def get_redirect_uri(self, token, request):
        return self.request_tokens[token]["callback"]

    def save_verifier(self, token, verifier, request):
        self.request_tokens[token]["verifier"] = verifier["oauth_verifier"]

    def validate_verifier(self, client_key, token, verifier, request):
        return self.request_tokens.get(token, {}).get("verifier") == verifier

    def invalidate_request_token(self, client_key, request_token, request):
        self.request_tokens.pop(request_token, None)

    def save_access_token(self, token, request):
        self.access_tokens[token["oauth_token"]] = token["oauth_token_secret"]

    def validate_access_token(self, client_key, token, request):
        return token in self.access_tokens

    def get_access_token_secret(self, client_key, token, request):
        return self.access_tokens.get(token, REFUSED)


memory = Memory()
provider = WebApplicationServer(memory)


class Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body):
        data = (body or "").encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_any(self):
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length).decode()
        uri = f"http://{self.headers['host']}{self.path}"
        is_form = (self.headers.get("content-type") or "").startswith("application/x-www-form-urlencoded")
        asked = (uri, self.command, raw if is_form else None, dict(self.headers.items()))
        path = urlsplit(self.path).path
        if path == "/initiate":
            headers, body, status = provider.create_request_token_response(*asked)
            return self.answer(status, headers, body)
        if path == "/authorize":
            query = parse_qs(urlsplit(self.path).query)
            token = query.get("oauth_token", [""])[0]
            if "deny" in query:
                found = memory.request_tokens[token]["callback"]
                return self.answer(302, {"location": f"{found}&{urlencode({'denied': token})}"}, "")
            headers, body, status = provider.create_authorization_response(uri, self.command, raw, {}, ["things"])
            return self.answer(status, headers, body)
        if path == "/token":
            headers, body, status = provider.create_access_token_response(*asked)
            return self.answer(status, headers, f"{body}&screen_name=ann" if status == 200 else body)
        valid, _ = provider.validate_protected_resource_request(*asked, realms=["things"])
        told = {"path": self.path, "method": self.command, "body": raw}
        return self.answer(200 if valid else 401, {"content-type": "application/json"}, json.dumps(told))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any


server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
print(server.server_address[1], flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    sys.exit(0)
