/** The part of oidc-provider that the tests use; the package brings no types. */
declare module 'oidc-provider' {
  interface Stored {
    save(): Promise<string>
  }
  interface GrantModel extends Stored {
    addOIDCScope(scope: string): void
  }
  type Incoming = import('node:http').IncomingMessage
  type Outgoing = import('node:http').ServerResponse
  interface Interaction {
    prompt: { name: string; details: Record<string, unknown> }
    params: { client_id: string; scope: string; redirect_uri: string }
    session?: { accountId: string }
  }
  export interface GrantContext {
    oidc: { params?: { grant_type?: string }; entities: { RefreshToken?: { accountId: string } } }
  }
  export default class Provider {
    constructor(issuer: string, configuration: object)
    callback(): (request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void
    ClientCredentials: { find(token: string): Promise<{ clientId: string; scope?: string } | undefined> }
    Client: { find(id: string): Promise<object | undefined>; prototype: { redirectUriAllowed(uri: string): boolean } }
    interactionDetails(request: Incoming, response: Outgoing): Promise<Interaction>
    interactionFinished(request: Incoming, response: Outgoing, result: object): Promise<void>
    on(event: 'grant.success' | 'grant.error', listener: (context: GrantContext) => void): this
    Grant: new (
      properties: object,
    ) => GrantModel
    RefreshToken: {
      new (properties: object): Stored
      find(value: string): Promise<{ accountId: string } | undefined>
    }
    AccessToken: new (
      properties: object,
    ) => Stored
  }
}
