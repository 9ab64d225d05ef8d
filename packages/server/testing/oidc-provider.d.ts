/** The part of oidc-provider that the tests use; the package brings no types. */
declare module 'oidc-provider' {
  interface Stored {
    save(): Promise<string>
  }
  interface GrantModel extends Stored {
    addOIDCScope(scope: string): void
  }
  export default class Provider {
    constructor(issuer: string, configuration: object)
    callback(): (request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void
    on(event: string, listener: () => void): this
    Client: { find(id: string): Promise<object | undefined> }
    Grant: new (
      properties: object,
    ) => GrantModel
    RefreshToken: new (
      properties: object,
    ) => Stored
    AccessToken: new (
      properties: object,
    ) => Stored
  }
}
