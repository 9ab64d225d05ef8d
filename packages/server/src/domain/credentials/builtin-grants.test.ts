import { type Grant, PKCE, testGrant } from './builtin-grants.testing.ts'

/** Read against the documentation that each toolkit names under `sources`. */
const GRANTS: Readonly<Record<string, Grant>> = {
  asana: {
    page: 'https://app.asana.com/-/oauth_authorize',
    asks: {
      ...PKCE,
      scope:
        'projects:read projects:write stories:read stories:write tasks:delete tasks:read tasks:write teams:read users:read workspace.typeahead:read workspaces:read',
    },
    exchange: { url: 'https://app.asana.com/-/oauth_token' },
    answer: {
      access_token: 'a',
      expires_in: 3600,
      token_type: 'bearer',
      data: { id: 4673218951, gid: '4673218951', name: 'Ann', email: 'ann@example.com' },
      refresh_token: 'r',
    },
    stored: { refresh_token: 'r', asana_user_id: '4673218951', expires_in: 3600 },
    base: 'https://app.asana.com/api/1.0',
  },
  dropbox: {
    page: 'https://www.dropbox.com/oauth2/authorize',
    asks: {
      ...PKCE,
      token_access_type: 'offline',
      scope:
        'account_info.read files.metadata.read files.metadata.write files.content.read files.content.write sharing.read sharing.write file_requests.read file_requests.write',
    },
    exchange: { url: 'https://api.dropboxapi.com/oauth2/token' },
    answer: {
      access_token: 'a',
      expires_in: 14400,
      token_type: 'bearer',
      scope: 'account_info.read',
      refresh_token: 'r',
      account_id: 'dbid:AAH4f99T0taONIb',
      uid: '12345',
    },
    stored: { refresh_token: 'r', account_id: 'dbid:AAH4f99T0taONIb', expires_in: 14400 },
    base: 'https://api.dropboxapi.com/',
  },
  hubspot: {
    page: 'https://app.hubspot.com/oauth/authorize',
    asks: {
      ...PKCE,
      scope:
        'oauth crm.objects.companies.read crm.objects.companies.write crm.objects.contacts.read crm.objects.contacts.write crm.objects.deals.read crm.objects.deals.write crm.objects.owners.read crm.schemas.companies.read crm.schemas.contacts.read crm.schemas.deals.read tickets',
    },
    exchange: { url: 'https://api.hubapi.com/oauth/2026-03/token' },
    answer: {
      access_token: 'a',
      refresh_token: 'r',
      expires_in: 1800,
      token_type: 'bearer',
      hub_id: 62515,
      user_id: 123456,
      scopes: ['oauth', 'tickets'],
    },
    stored: { refresh_token: 'r', hub_id: 62515, scope: 'oauth tickets', expires_in: 1800 },
    base: 'https://api.hubapi.com/',
  },
  linear: {
    page: 'https://linear.app/oauth/authorize',
    asks: { ...PKCE, scope: 'read,write' },
    exchange: { url: 'https://api.linear.app/oauth/token' },
    answer: { access_token: 'a', token_type: 'Bearer', expires_in: 86399, refresh_token: 'r', scope: 'read write' },
    stored: { refresh_token: 'r', scope: 'read write', expires_in: 86399 },
    base: 'https://api.linear.app/',
  },
  notion: {
    page: 'https://api.notion.com/v1/oauth/authorize',
    asks: { owner: 'user' },
    exchange: {
      url: 'https://api.notion.com/v1/oauth/token',
      clientAuth: 'client_secret_basic',
      body: 'json',
      headers: { 'Notion-Version': '2022-06-28' },
    },
    answer: {
      access_token: 'a',
      token_type: 'bearer',
      refresh_token: 'r',
      bot_id: '3c90c3cc-0d44-4b50-8888-8dd25736052a',
      workspace_icon: null,
      workspace_name: 'Doors',
      workspace_id: 'w',
      owner: { type: 'workspace' },
      duplicated_template_id: null,
      request_id: 'q',
    },
    stored: { refresh_token: 'r', workspace_id: 'w', workspace_name: 'Doors', bot_id: '3c90c3cc-0d44-4b50-8888-8dd25736052a' },
    base: 'https://api.notion.com/',
  },
  salesforce: {
    fields: { subdomain: 'test' },
    page: 'https://test.salesforce.com/services/oauth2/authorize',
    asks: { ...PKCE, scope: 'api refresh_token' },
    exchange: { url: 'https://test.salesforce.com/services/oauth2/token' },
    refresh: { url: 'https://acme--dev.sandbox.my.salesforce.com/services/oauth2/token' },
    answer: {
      access_token: 'a',
      refresh_token: 'r',
      signature: 's',
      scope: 'refresh_token api',
      instance_url: 'https://acme--dev.sandbox.my.salesforce.com',
      id: 'https://test.salesforce.com/id/00D/005',
      token_type: 'Bearer',
      issued_at: '1708058728442',
    },
    stored: {
      refresh_token: 'r',
      instance_url: 'https://acme--dev.sandbox.my.salesforce.com',
      identity_url: 'https://test.salesforce.com/id/00D/005',
      expires_in: undefined,
    },
    base: 'https://acme--dev.sandbox.my.salesforce.com/services/data/v62.0',
  },
  zoom: {
    page: 'https://zoom.us/oauth/authorize',
    asks: PKCE,
    exchange: { url: 'https://zoom.us/oauth/token', clientAuth: 'client_secret_basic' },
    answer: {
      access_token: 'a',
      token_type: 'bearer',
      refresh_token: 'r',
      expires_in: 3599,
      scope: 'meeting:read:meeting',
      api_url: 'https://api-eu.zoom.us',
    },
    stored: { refresh_token: 'r', api_url: 'https://api-eu.zoom.us', expires_in: 3599 },
    base: 'https://api-eu.zoom.us/v2',
  },
}

for (const [slug, grant] of Object.entries(GRANTS)) testGrant(slug, grant)
