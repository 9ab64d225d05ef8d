export type { AuthConfigs } from './auth-configs.resource.ts'
export * from './auth-configs.types.ts'
export * from './auth-scheme.ts'
export type { FetchLike, HoldfastOptions, RequestOptions } from './config.ts'
export type { ConnectedAccounts } from './connected-accounts.resource.ts'
export * from './connected-accounts.types.ts'
export type { ConnectionRequest, WaitOptions } from './connection-request.ts'
export {
  type ApiErrorDetail,
  type ApiErrorFields,
  HoldfastAbortError,
  HoldfastApiError,
  HoldfastAuthenticationError,
  HoldfastBadRequestError,
  HoldfastConflictError,
  HoldfastConnectionError,
  HoldfastConnectionFailedError,
  HoldfastConnectionPendingError,
  HoldfastError,
  HoldfastMultipleConnectionsError,
  HoldfastNotFoundError,
  HoldfastPayloadTooLargeError,
  HoldfastPermissionError,
  HoldfastRateLimitError,
  HoldfastServerError,
  HoldfastTimeoutError,
  HoldfastUnprocessableError,
  HoldfastValidationError,
} from './errors.ts'
export type { ChatCompletionLike, FunctionToolCall, FunctionToolProvider, ToolMessage } from './function-tools.ts'
export { Holdfast, Holdfast as Composio } from './holdfast.ts'
export type { Imports } from './imports.resource.ts'
export * from './imports.types.ts'
export type { Session } from './session.ts'
export * from './session.types.ts'
export type { EnableOrDisable, SessionConfig, TagFilter, ToolTag } from './session-config.ts'
export type { Sessions } from './sessions.resource.ts'
export type { Toolkits } from './toolkits.resource.ts'
export * from './toolkits.types.ts'
export type { Tools } from './tools.resource.ts'
export * from './tools.types.ts'
