import type { AuthScheme } from '../auth-schemes.ts'
import type { RevocationDefinition } from './revocation-definition.ts'
import type { AnswerDefinition, AssertionDefinition, ExchangeDefinition } from './token-definitions.ts'

/**
 * The declarative toolkit format, as it stands in `toolkits/<slug>/toolkit.yaml` and `tools/*.yaml` after parsing.
 *
 * A *template* is text with `{{ expression }}` holes. An expression is a variable, alternatives (`a || b`, the first one that
 * has a value, a quoted literal may stand last: `{{ region || 'us' }}`), and filters (`{{ token | base64 }}`, `| urlencode`,
 * `| host`, `| trim_slash`). Variables are the connection's fields, the credential's fields and, in a verification or a token
 * request, the auth config's. A template whose variables all lack a value yields nothing, and whatever carries it is left out.
 *
 * A toolkit file may say `extends: name`: what it leaves out then comes from `_bases/name.yaml` (`toolkit-bases.ts`).
 */
export type Template = string

export type JsonSchema = { readonly [key: string]: unknown }

/** One input a person or an app gives: shown by the API, drawn as a form, checked on import. */
export interface FieldDescriptor {
  readonly name: string
  readonly title?: string
  readonly description?: string
  readonly type?: 'string' | 'number' | 'boolean'
  readonly format?: 'hostname' | 'uri' | 'uuid' | 'email'
  /** A regular expression that the whole value must match. */
  readonly pattern?: string
  readonly enum?: readonly string[]
  readonly example?: string
  readonly default?: string
  readonly required?: boolean
  readonly secret?: boolean
  /** Text of several lines, such as a key file: people paste it, and its line breaks count. */
  readonly multiline?: boolean
  readonly hidden?: boolean
  /** Written around the value before it is used, when it is not there already. */
  readonly prefix?: string
  readonly suffix?: string
  /** Shown only while another field of the same group has one of these values. */
  readonly visible_when?: { readonly field: string; readonly in: readonly string[] }
  /** Other names under which an import may bring this field, such as `generic_api_key` for `api_key`. */
  readonly aliases?: readonly string[]
  /** Not required when one of these other fields has a value. */
  readonly required_unless?: readonly string[]
  /** The value is a JSON document, such as a key file: variable ← dotted path in it. Each must be there unless it ends in `?`. */
  readonly json?: Readonly<Record<string, string>>
}

/** Where a credential goes in a request. All placements of a scheme are applied, in order; one without a value is left out. */
export type Placement =
  | { readonly in: 'header' | 'query' | 'cookie' | 'body' | 'path'; readonly name: string; readonly template: Template }
  | { readonly in: 'basic'; readonly username: Template; readonly password: Template }

/** Authorization-code and client-credentials settings. Every quirk that providers are known for is an option here, never code. */
export interface OAuth2Definition {
  readonly authorization_url?: Template
  /** The provider's issuer identifier (RFC 8414), where its origin is not that of `authorization_url`: compared with `iss`. */
  readonly issuer?: Template
  readonly token_url: Template
  /** Hosts that `token_url` may lead to when a connection names it, besides the toolkit's own. */
  readonly token_hosts?: readonly string[]
  readonly refresh_url?: Template
  readonly revocation_url?: Template
  readonly revocation?: RevocationDefinition
  readonly userinfo_url?: Template
  /** `client_credentials`, `password` and `jwt_bearer` make a token whenever one is needed; nobody is asked for consent. */
  readonly grant?: 'authorization_code' | 'client_credentials' | 'password' | 'jwt_bearer'
  readonly scopes?: readonly string[]
  readonly default_scopes?: readonly string[]
  readonly scope_separator?: string
  readonly pkce?: boolean
  readonly authorization_params?: Readonly<Record<string, Template>>
  readonly token_params?: Readonly<Record<string, Template>>
  readonly refresh_params?: Readonly<Record<string, Template>>
  readonly token_headers?: Readonly<Record<string, Template>>
  /** Instead of `token_headers`, when a grant is refreshed. */
  readonly refresh_headers?: Readonly<Record<string, Template>>
  readonly token_method?: 'POST' | 'GET'
  /** Standard parameter name → the provider's name for it (`client_id: client_key`). */
  readonly rename?: Readonly<Record<string, string>>
  readonly client_auth?: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'
  /** Of the JWT with which a client signs (`private_key_jwt`). Left out: the URL that it is sent to. */
  readonly client_assertion_audience?: Template
  readonly body?: 'form' | 'json' | 'query'
  readonly response?: AnswerDefinition
  /** For providers whose answer to a refresh has another shape. Left out: `response`. */
  readonly response_on_refresh?: AnswerDefinition
  readonly after_authorization?: AfterAuthorization
  /** Connection field ← parameter of the callback (`realmId`). */
  readonly callback_capture?: Readonly<Record<string, string>>
  /** The provider signs the callback: this parameter is the HMAC-SHA256 of the others, in hex, made with the client secret (`hmac`). */
  readonly callback_hmac?: string
  readonly refresh_token_rotates?: boolean
}

/** One call with the fresh token, for what neither the token answer nor the callback says (Jira's cloud id). */
export interface AfterAuthorization extends Pick<Verification, 'method' | 'path' | 'query' | 'headers' | 'body'> {
  /** The answer is a list: its item with this value at this path is meant, else the first one. */
  readonly choose?: { readonly path: string; readonly equals: Template }
  /** Connection field ← dotted path in the answer, or in the item that was chosen. */
  readonly capture: Readonly<Record<string, string>>
}

/** Three-legged OAuth 1.0a (RFC 5849). Every request of a call is signed; nothing of the credential itself is sent. */
export interface OAuth1Definition {
  readonly request_token_url: Template
  readonly authorization_url: Template
  readonly access_token_url: Template
  /** Default: HMAC-SHA1. */
  readonly signature_method?: 'HMAC-SHA1' | 'HMAC-SHA256' | 'PLAINTEXT'
  readonly realm?: Template
  /** Extra parameters of the page where users allow access (`name`, `scope`, `expiration`). */
  readonly authorization_params?: Readonly<Record<string, Template>>
  /** Connection field ← parameter of the answer that brings the token (`screen_name`). */
  readonly capture?: Readonly<Record<string, string>>
}

/** One scheme that a toolkit offers. */
export interface AuthDefinition {
  readonly scheme: AuthScheme
  readonly name?: string
  /** Asked once, when the auth config is made (client id and secret, scopes …). */
  readonly auth_config_fields?: readonly FieldDescriptor[]
  /** Belong to the connection, are not secret, feed URL templates (`subdomain`, `shop`, `region` …). */
  readonly connection_fields?: readonly FieldDescriptor[]
  /** The credential itself. Left out, the scheme's usual fields are meant. */
  readonly credential_fields?: readonly FieldDescriptor[]
  /** Left out, the scheme's usual placement is meant (bearer header, basic header). An API key has none: say it. */
  readonly placements?: readonly Placement[]
  readonly oauth2?: OAuth2Definition
  readonly oauth1?: OAuth1Definition
  readonly assertion?: AssertionDefinition
  /** The stored credential is not sent with calls: an access token is, which this makes of it. */
  readonly exchange?: ExchangeDefinition
  /** Overrides the toolkit's, for this scheme. */
  readonly verification?: Verification
}

/** What must hold in an answer: the value at a dotted path equals this one, or (by default) there is one, or there is none. */
export interface SuccessCondition {
  readonly path: string
  readonly equals?: unknown
  readonly exists?: boolean
}

/** One cheap call that fails when the credential is not good. */
export interface Verification {
  readonly method?: 'GET' | 'POST' | 'HEAD'
  /** Path under `base_url`, or an absolute URL on the toolkit's hosts. */
  readonly path: Template
  readonly query?: Readonly<Record<string, Template>>
  readonly headers?: Readonly<Record<string, Template>>
  readonly body?: unknown
  /** Statuses that mean "good". Default: 200–299. */
  readonly success_status?: readonly number[]
  /** Statuses that mean "bad credential". Default: 401 and 403. Any other status proves nothing. */
  readonly failure_status?: readonly number[]
  /** For providers that answer 200 to everything: this dotted path must equal this value (`{path: ok, equals: true}`). */
  readonly success_when?: SuccessCondition
  /** Upstream identity: name ← dotted path in the answer. */
  readonly identity?: { readonly id?: string; readonly email?: string; readonly name?: string; readonly scopes?: string }
  /** The header of the answer that lists what was granted (`x-oauth-scopes`). */
  readonly scopes_header?: string
}

export interface RetryRule {
  readonly statuses?: readonly number[]
  readonly after_header?: string
  readonly after_unit?: 'seconds' | 'milliseconds' | 'timestamp'
}

export interface ToolkitDefinition {
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly logo?: string
  readonly app_url?: string
  readonly auth_guide_url?: string
  readonly categories: readonly string[]
  /** `YYYYMMDD_NN`. */
  readonly version: string
  /** Pages of the provider's public documentation that this definition was written from. */
  readonly sources: readonly string[]
  readonly base_url: Template
  /**
   * Hosts that credentials may go to: exact (`api.github.com`), one wildcard label in front (`*.atlassian.net`), or a template
   * (`{{ base_url | host }}`) for toolkits whose users run the service themselves; a host that comes from such a template must
   * also be allowed by the operator (`HOLDFAST_ALLOW_HOSTS`) unless `self_hosted` is true and it is a public address.
   */
  readonly hosts: readonly Template[]
  /** Users run this service themselves, so `base_url` may be any public host. */
  readonly self_hosted?: boolean
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, Template>>
  readonly auth: readonly AuthDefinition[]
  /** Left out when the provider has no call that proves a credential; imports cannot be validated then, and say so. */
  readonly verification?: Verification
  readonly retry?: RetryRule
  readonly enabled?: boolean
}

export type ToolTag =
  | 'readOnlyHint'
  | 'destructiveHint'
  | 'idempotentHint'
  | 'openWorldHint'
  | 'updateHint'
  | 'createHint'
  | 'important'

/** A tool's input: a JSON Schema object whose properties also say where they go in the request. */
export interface ToolInputProperty {
  readonly [keyword: string]: unknown
  /** Default: `path` when the path names it, else `query` for GET, HEAD and DELETE, else `body`. */
  readonly in?: 'path' | 'query' | 'header' | 'body' | 'none'
  /** The provider's name; in a body, dots nest (`message.subject`). Default: the property's own name. */
  readonly as?: string
  /** How an array goes into a query. Default: repeat. */
  readonly style?: 'repeat' | 'comma' | 'space' | 'brackets' | 'json'
  /** The members of this object stand in the body themselves, without the object around them; named arguments win over them. */
  readonly spread?: boolean
  /** Each item of this list goes at this dotted path of an object of its own: `emailAddress.address`. */
  readonly each?: string
  /** Written before the text, or before each text of the list, unless it stands there: `gid://shopify/Product/`. */
  readonly prefix?: string
  /** The text goes as a quoted one, with the quotes inside it doubled (`single`, as OData has it) or behind a backslash (`double`). */
  readonly quote?: 'single' | 'double'
}

/**
 * For lists that hold little more than ids: another tool of the toolkit is called for each item, and its answer takes the item's
 * place. An item that could not be had stays as it was listed, with the reason in `expand_error`.
 */
export interface ListExpansion {
  /** Dotted path of the list in the answer. */
  readonly items: string
  /** Slug of a tool of the same toolkit that only reads. */
  readonly tool: string
  /** Its arguments: name ← dotted path in the item. */
  readonly from_item: Readonly<Record<string, string>>
  /** Its arguments: name ← argument of this call. */
  readonly from_arguments?: Readonly<Record<string, string>>
  /** Its arguments that are always the same. */
  readonly arguments?: JsonSchema
  /** Items behind this many stay as they were listed. */
  readonly max: number
  /** Calls under way at once. Default: 4. */
  readonly concurrency?: number
  /** Left undone when this argument is true. */
  readonly unless?: string
}

export interface ToolDefinition {
  /** `UPPER(toolkit)_ACTION`, at most 65 characters. */
  readonly slug: string
  readonly aliases?: readonly string[]
  readonly name: string
  readonly description: string
  readonly tags?: readonly ToolTag[]
  readonly scopes?: readonly string[]
  readonly deprecated?: boolean
  readonly no_auth?: boolean
  readonly source?: string
  readonly request: {
    readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'
    /**
     * Under `base_url` (or absolute, on the toolkit's hosts); `{name}` is replaced by the percent-encoded input, `{+name}` by one
     * whose slashes stay. `{{ variable }}` holes here, in `query` and in `headers` take fields of the connection that are not secret.
     */
    readonly path: string
    readonly query?: Readonly<Record<string, string>>
    readonly headers?: Readonly<Record<string, string>>
    /** `raw`: what `body_from` names is sent as it is, of the content type in `headers`. */
    readonly body?: 'json' | 'form' | 'raw' | 'none'
    /** Fixed parts of the body, under the ones that come from the input. */
    readonly body_defaults?: JsonSchema
    /** This input property is the whole body; of several names, the first one given. With `contentEncoding: base64` it is decoded. */
    readonly body_from?: string | readonly string[]
    /** What would be the JSON body goes, in ASCII, into this header instead (`Dropbox-API-Arg`). */
    readonly body_header?: string
    /** One of the named hooks, for the few bodies that no mapping expresses (`gmail_message`). */
    readonly hook?: string
  }
  readonly input: {
    readonly type: 'object'
    readonly properties: Readonly<Record<string, ToolInputProperty>>
    readonly required?: readonly string[]
    readonly [keyword: string]: unknown
  }
  readonly output?: JsonSchema
  /**
   * Failure that hides behind a 200: `{path: ok, equals: true}` or `{path: errors, exists: false}` must hold, else the reason is
   * read from `error_path`; of several, the first one that holds text.
   */
  readonly success_when?: SuccessCondition & { readonly error_path?: string | readonly string[] }
  readonly expand?: ListExpansion
  readonly recommended_plan?: readonly string[]
  readonly known_pitfalls?: readonly string[]
}
