import type { AccountId, LinkId } from '../../ids.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import type { FieldDescriptor } from '../toolkits/definition.ts'

/** What the page of a link shows. Nothing in it is secret; `toolkit` and `fields` come from toolkit files, `projectName` from the app. */
export interface LinkView {
  readonly linkId: LinkId
  readonly toolkit: {
    readonly slug: string
    readonly name: string
    readonly description: string
    readonly logo?: string
    readonly appUrl?: string
  }
  readonly authGuideUrl?: string
  /** `continuesAtProvider` decides which button there is; the scheme is for the text. */
  readonly scheme: AuthScheme
  /** True: `startAuthorization` and on to the provider. False: the fields are the credential, for `submitCredential`. */
  readonly continuesAtProvider: boolean
  /** True: the account was connected before, and its user is to renew it. */
  readonly reconnects: boolean
  /** What will be asked for at the provider; empty where it has no scopes. */
  readonly scopes: readonly string[]
  /** What the person must give on the page, what the app or its auth config has set already left out. */
  readonly fields: readonly FieldDescriptor[]
  readonly projectName: string
  readonly projectLogoUrl?: string
  readonly state: LinkState
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** `used` for good and bad ends alike: whoever wants another try gets another link from the app. */
export type LinkState = 'open' | 'used' | 'expired'

/** How connecting ended. Every text in it is safe to show as text; none of it is the provider's own. */
export interface ConnectOutcome {
  readonly status: 'success' | 'failed'
  readonly accountId: AccountId
  readonly toolkitName: string
  /** One sentence for the person, when it failed. */
  readonly reason?: string
  /** The app's own address with `status` and `connected_account_id` added: send the browser there, when there is one. */
  readonly returnTo?: string
}

/** The parameters of a callback, as they came; a parameter that came twice is an array. */
export type CallbackParams = Readonly<Record<string, string | readonly string[] | undefined>>
