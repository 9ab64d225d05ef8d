import { type Grant, PKCE, testGrant } from './builtin-grants.testing.ts'

const MICROSOFT: Pick<Grant, 'answer' | 'stored' | 'base'> = {
  answer: {
    token_type: 'Bearer',
    scope: 'https://graph.microsoft.com/User.Read https://graph.microsoft.com/Files.ReadWrite.All',
    expires_in: 3736,
    ext_expires_in: 3736,
    access_token: 'a',
    refresh_token: 'r',
  },
  stored: {
    refresh_token: 'r',
    expires_in: 3736,
    scope: 'https://graph.microsoft.com/User.Read https://graph.microsoft.com/Files.ReadWrite.All',
  },
  base: 'https://graph.microsoft.com/v1.0',
}
const FILES = { ...PKCE, scope: 'offline_access User.Read Files.ReadWrite.All' }
const atTenant = (tenant: string): Pick<Grant, 'page' | 'exchange'> => ({
  page: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/authorize`,
  exchange: { url: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token` },
})

/** Providers where a tenant, a shop, an account or a region decides where a grant lives, and two that have one place for all. */
const GRANTS: Readonly<Record<string, Grant>> = {
  discord: {
    page: 'https://discord.com/oauth2/authorize',
    asks: { ...PKCE, scope: 'identify email connections guilds guilds.members.read' },
    exchange: { url: 'https://discord.com/api/oauth2/token', clientAuth: 'client_secret_basic' },
    answer: { access_token: 'a', token_type: 'Bearer', expires_in: 604800, refresh_token: 'r', scope: 'identify' },
    stored: { refresh_token: 'r', expires_in: 604800, scope: 'identify' },
    base: 'https://discord.com/api/v10',
  },
  spotify: {
    page: 'https://accounts.spotify.com/authorize',
    asks: {
      scope:
        'user-read-private user-read-email user-top-read user-read-recently-played user-read-playback-state user-modify-playback-state user-library-read user-library-modify playlist-read-private playlist-modify-private playlist-modify-public',
    },
    exchange: { url: 'https://accounts.spotify.com/api/token', clientAuth: 'client_secret_basic' },
    answer: { access_token: 'a', token_type: 'Bearer', scope: 'user-read-private', expires_in: 3600, refresh_token: 'r' },
    stored: { refresh_token: 'r', expires_in: 3600 },
    base: 'https://api.spotify.com/v1',
  },
  one_drive: { ...MICROSOFT, ...atTenant('common'), asks: FILES },
  "one_drive with the app's tenant": {
    ...MICROSOFT,
    ...atTenant('contoso.onmicrosoft.com'),
    settings: { tenant: 'contoso.onmicrosoft.com' },
    asks: FILES,
  },
  "one_drive with the user's tenant": {
    ...MICROSOFT,
    ...atTenant('8eaef023-2b34-4da1-9baa-8bc8c9d6a490'),
    settings: { tenant: 'organizations' },
    fields: { tenant: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490' },
    asks: FILES,
  },
  outlook: {
    ...MICROSOFT,
    ...atTenant('common'),
    asks: {
      ...PKCE,
      scope: 'offline_access User.Read Mail.ReadWrite Mail.Send Calendars.ReadWrite Contacts.ReadWrite MailboxSettings.Read',
    },
  },
  microsoft_teams: {
    ...MICROSOFT,
    ...atTenant('organizations'),
    settings: { tenant: 'organizations' },
    asks: {
      ...PKCE,
      scope:
        'offline_access User.Read User.ReadBasic.All People.Read Team.ReadBasic.All Channel.ReadBasic.All ChannelMessage.Send Chat.ReadWrite OnlineMeetings.ReadWrite',
    },
  },
  shopify: {
    fields: { shop: 'acme.myshopify.com' },
    page: 'https://acme.myshopify.com/admin/oauth/authorize',
    asks: { scope: 'read_products,write_products,read_orders,write_orders,read_customers,write_customers' },
    exchange: { url: 'https://acme.myshopify.com/admin/oauth/access_token' },
    params: { expiring: '1' },
    answer: {
      access_token: 'a',
      scope: 'write_products,write_orders',
      expires_in: 3600,
      refresh_token: 'r',
      refresh_token_expires_in: 7776000,
    },
    stored: { refresh_token: 'r', expires_in: 3600, scope: 'write_products,write_orders' },
    base: 'https://acme.myshopify.com/admin/api/2026-10',
  },
  'shopify without expiry': {
    fields: { shop: 'acme.myshopify.com' },
    page: 'https://acme.myshopify.com/admin/oauth/authorize',
    asks: { scope: 'read_products,write_products,read_orders,write_orders,read_customers,write_customers' },
    exchange: { url: 'https://acme.myshopify.com/admin/oauth/access_token' },
    params: { expiring: '1' },
    answer: { access_token: 'a', scope: 'write_products' },
    stored: { refresh_token: undefined, expires_in: undefined },
    refresh: null,
    base: 'https://acme.myshopify.com/admin/api/2026-10',
  },
  zendesk: {
    fields: { subdomain: 'acme.zendesk.com' },
    page: 'https://acme.zendesk.com/oauth/authorizations/new',
    asks: { ...PKCE, scope: 'read write' },
    exchange: { url: 'https://acme.zendesk.com/oauth/tokens', body: 'json' },
    params: { scope: 'read write' },
    answer: {
      access_token: 'a',
      refresh_token: 'r',
      token_type: 'bearer',
      scope: 'read write',
      expires_in: 172799,
      refresh_token_expires_in: 2592000,
    },
    stored: { refresh_token: 'r', expires_in: 172799 },
    base: 'https://acme.zendesk.com/api/v2',
  },
  intercom: {
    fields: { region: 'api.eu.intercom.io' },
    page: 'https://app.intercom.com/oauth',
    asks: {},
    exchange: { url: 'https://api.eu.intercom.io/auth/eagle/token' },
    answer: { token_type: 'Bearer', token: 'a', access_token: 'a' },
    stored: { refresh_token: undefined, expires_in: undefined },
    refresh: null,
    base: 'https://api.eu.intercom.io/',
  },
}

for (const [name, grant] of Object.entries(GRANTS)) testGrant(name, grant)
